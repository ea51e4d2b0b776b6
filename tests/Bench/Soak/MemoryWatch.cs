using System.Diagnostics;
using System.Globalization;

namespace CardShop.Tests.Bench.Soak;

/// <summary>Looks at the memory of some processes every five seconds, and at once when it begins and ends.</summary>
internal sealed class MemoryWatch : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<(string Name, int Pid)> _processes;
    private readonly Dictionary<string, List<MemorySample>> _samples;
    private readonly CancellationTokenSource _stop = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Task _run;

    public MemoryWatch(IReadOnlyList<(string Name, int Pid)> processes)
    {
        _processes = processes;
        _samples = processes.ToDictionary(p => p.Name, _ => new List<MemorySample>());
        _run = RunAsync();
    }

    /// <summary>By process, once it has been stopped.</summary>
    public IReadOnlyList<MemorySample> Of(string process) => _samples[process];

    /// <summary>The memory of each process now, in one line.</summary>
    public string Now() => string.Join(", ", _processes.Select(p =>
        string.Create(CultureInfo.InvariantCulture, $"{p.Name} {Read(p.Pid)?.Resident ?? 0:0}"))) + " MB";

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            foreach (var (name, pid) in _processes)
            {
                if (Read(pid) is { } sample)
                {
                    _samples[name].Add(sample);
                }
            }

            if (_stop.IsCancellationRequested)
            {
                return;
            }

            await Task.WhenAny(Task.Delay(Every, _stop.Token));
        }
    }

    private MemorySample? Read(int pid)
    {
        try
        {
            return MemorySample.Parse(
                Stopwatch.GetElapsedTime(_started), File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended; whoever needs it says so.
            return null;
        }
    }
}
