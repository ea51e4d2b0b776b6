using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace CardShop.Tests.Bench.Broker;

/// <summary>A broker process for a bench, on a free port.</summary>
[SuppressMessage("Usage", "CA2213", Justification = "the process is killed, then disposed, when the bench is over")]
internal sealed class BenchBroker : IAsyncDisposable
{
    private const string ReadyPrefix = "logbroker ready on ";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string _data;

    private BenchBroker(Process process, string data, string servers)
    {
        _process = process;
        _data = data;
        BootstrapServers = servers;
    }

    public string BootstrapServers { get; }

    public static async Task<BenchBroker> StartAsync(string data, CancellationToken ct)
    {
        var dll = typeof(global::CardShop.LogBroker.Broker).Assembly.Location;
        var process = Process.Start(
            new ProcessStartInfo("dotnet", [dll, "--port", "0", "--data", data]) { RedirectStandardOutput = true })!;
        var line = await process.StandardOutput.ReadLineAsync(ct).AsTask().WaitAsync(StartTimeout, ct);
        return line?.StartsWith(ReadyPrefix, StringComparison.Ordinal) == true
            ? new BenchBroker(process, data, line[ReadyPrefix.Length..])
            : throw new InvalidOperationException("the broker did not start");
    }

    public long StoredBytes() => Segments().Sum(file => file.Length);

    public string LargestSegment() => Segments().MaxBy(file => file.Length)!.FullName;

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private IEnumerable<FileInfo> Segments() =>
        new DirectoryInfo(_data).EnumerateDirectories("bench-*").SelectMany(d => d.EnumerateFiles("*.log"));
}
