using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Servers;
using CardShop.Tests.Bench.Report;

namespace CardShop.Tests.Bench.Machine;

/// <summary>
/// One run: its folder (removed at the end; <c>CARDSHOP_BENCH_DATA</c> names another place than <c>.local/bench</c>),
/// its servers (gone at the end), the length of timed measurements, and its progress lines.
/// </summary>
public sealed class BenchRun : IAsyncDisposable
{
    private readonly ConcurrentStack<LocalServer> _servers = new();
    private readonly List<string> _notes = [];
    private readonly List<BenchPicture> _pictures = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly string _folder;
    private int _names;

    public BenchRun(TimeSpan duration)
    {
        Duration = duration;
        var all = Environment.GetEnvironmentVariable("CARDSHOP_BENCH_DATA") is { Length: > 0 } named
            ? named
            : Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Folder, "bench");
        RemoveOldRuns(all);
        var own = ProcessTable.Find(Environment.ProcessId)!.Value;
        _folder = Path.Combine(all, string.Create(CultureInfo.InvariantCulture, $"{own.Pid}-{own.StartTicks}"));
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Of each timed measurement.</summary>
    public TimeSpan Duration { get; }

    /// <summary>Orders per second, for benches that take them at a steady rate.</summary>
    public int Rate { get; init; }

    /// <summary>How much is stored or queued at the most, for benches that grow; null = what each takes by itself.</summary>
    public int? Rows { get; init; }

    /// <summary>What belongs to the figures and stands in the report with them.</summary>
    public IReadOnlyList<string> Notes => _notes;

    public IReadOnlyList<BenchPicture> Pictures => _pictures;

    /// <summary>A line of progress that the report shows, too.</summary>
    public void Note(string text)
    {
        _notes.Add(text);
        Say(text);
    }

    /// <summary>A picture for the report.</summary>
    public void Show(BenchPicture picture) => _pictures.Add(picture);

    /// <summary>One line of progress.</summary>
    public void Say(string text) => Console.Error.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_started).TotalSeconds,6:0.0}s  {text}"));

    /// <summary>A new place for data of this name, not yet there.</summary>
    public string NewFolder(string name)
    {
        var folder = Path.Combine(_folder, name + Interlocked.Increment(ref _names).ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name);
    }

    /// <summary>Starts a server; a port that was free can be taken before the server binds it, so it is tried again.</summary>
    public async Task<T> StartAsync<T>(Func<T> create, CancellationToken cancellation)
        where T : LocalServer
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = create();
            _servers.Push(server);
            try
            {
                await server.StartAsync(cancellation);
                return server;
            }
            catch (PartFailedException) when (attempt < 3)
            {
                // Another port, then.
            }
        }
    }

    /// <summary>Ends every server, the last one first. Nobody will read their data again, so they are killed.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_servers.TryPop(out var server))
        {
            await server.KillAsync();
            await server.DisposeAsync();
        }

        if (Environment.GetEnvironmentVariable("CARDSHOP_BENCH_KEEP") is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static void RemoveOldRuns(string all)
    {
        foreach (var run in Directory.Exists(all) ? Directory.GetDirectories(all) : [])
        {
            var words = Path.GetFileName(run).Split('-');
            if (words.Length == 2 && int.TryParse(words[0], out var pid) && long.TryParse(words[1], out var ticks)
                && !ProcessTable.IsAlive(new ProcessIdentity(pid, ticks)))
            {
                Directory.Delete(run, recursive: true);
            }
        }
    }
}
