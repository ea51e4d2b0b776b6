using CardShop.Local.Processes;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Backlog;

/// <summary>
/// The most resident memory of process trees while it watches, looked at four times a second. PostgreSQL's processes share
/// theirs: each counts for what it alone has.
/// </summary>
internal sealed class PeakMemory : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private readonly IReadOnlyList<(string Name, int Pid)> _roots;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, double> _most = [];
    private readonly Task _work;

    private PeakMemory(IReadOnlyList<(string Name, int Pid)> roots)
    {
        _roots = roots;
        _work = LookAsync();
    }

    public static PeakMemory Start(IReadOnlyList<(string Name, int Pid)> roots) => new(roots);

    /// <summary>Ends it. MiB, by name.</summary>
    public async Task<IReadOnlyDictionary<string, double>> StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
        return _most;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                foreach (var (name, pid) in _roots)
                {
                    var now = ProcessTable.Descendants(pid).Select(d => d.Pid).Prepend(pid).Sum(ResidentMemory.OwnOf) / 1048576.0;
                    _most[name] = Math.Max(now, _most.GetValueOrDefault(name));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
