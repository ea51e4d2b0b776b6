using CardShop.Local.Servers;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Broker;

/// <summary>The broker under measurement, and what it has on disk.</summary>
internal sealed class BenchBroker(LogBrokerServer server)
{
    public string BootstrapServers => server.BootstrapServers;

    /// <summary>On the disk that is measured, beside the broker's data.</summary>
    public string Folder => Path.GetDirectoryName(server.DataDirectory)!;

    /// <summary>A broker process on a free port; the run ends it.</summary>
    public static async Task<BenchBroker> StartAsync(BenchRun run, CancellationToken ct) =>
        new(await run.StartAsync(() => LogBrokerServer.Create(run.NewFolder("logbroker")), ct));

    public long StoredBytes() => Segments().Sum(file => file.Length);

    public string LargestSegment() => Segments().MaxBy(file => file.Length)!.FullName;

    private IEnumerable<FileInfo> Segments() =>
        new DirectoryInfo(server.DataDirectory).EnumerateDirectories("bench-*")
            .SelectMany(d => d.EnumerateFiles("*.log"));
}
