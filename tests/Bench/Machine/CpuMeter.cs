using System.Globalization;
using CardShop.Local.Processes;

namespace CardShop.Tests.Bench.Machine;

/// <summary>
/// CPU time of process trees, from /proc: user and system time of every living process below a root, and of all that have
/// ended and were waited for (the kernel adds a child's times to its parent's). Of this process, whose children are the
/// servers, its own alone. Resolution: the kernel's tick, 10 ms.
/// </summary>
public sealed class CpuMeter(IReadOnlyList<(string Name, int Pid)> roots)
{
    /// <summary>The kernel's USER_HZ; 100 on every Linux that .NET runs on.</summary>
    private const double MillisecondsPerTick = 10;

    /// <summary>Milliseconds since the start of each tree, by name.</summary>
    public IReadOnlyDictionary<string, double> Read() => roots.ToDictionary(r => r.Name, r => OfTree(r.Pid));

    /// <summary>What was used between two readings.</summary>
    public static IReadOnlyDictionary<string, double> Between(
        IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after) =>
        after.ToDictionary(a => a.Key, a => a.Value - before[a.Key]);

    /// <summary>
    /// Waits until a process does next to nothing: its compiler, which works on in the background for seconds after a
    /// warm-up, is done. Gives up waiting after <paramref name="limit"/>, since an idle loop may well cost more.
    /// </summary>
    public static async Task WaitForIdleAsync(int pid, TimeSpan limit, CancellationToken cancellation)
    {
        const double IdleShare = 0.03;
        var slice = TimeSpan.FromMilliseconds(500);
        for (var waited = TimeSpan.Zero; waited < limit; waited += slice)
        {
            var before = OfTree(pid);
            await Task.Delay(slice, cancellation);
            if (OfTree(pid) - before < slice.TotalMilliseconds * IdleShare)
            {
                return;
            }
        }
    }

    /// <summary>Milliseconds of this process and all that it has started, ended or not.</summary>
    public static double OfAll() => MillisecondsPerTick * ProcessTable.Descendants(Environment.ProcessId)
        .Select(d => d.Pid).Prepend(Environment.ProcessId).Sum(p => Ticks(p, withEnded: true));

    private static double OfTree(int pid) => MillisecondsPerTick * (pid == Environment.ProcessId
        ? Ticks(pid, withEnded: false)
        : ProcessTable.Descendants(pid).Select(d => d.Pid).Prepend(pid).Sum(p => Ticks(p, withEnded: true)));

    private static long Ticks(int pid, bool withEnded)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');

            // Fields 14 to 17 of proc(5): utime, stime, cutime, cstime.
            return fields[11..(withEnded ? 15 : 13)].Sum(f => long.Parse(f, CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended; its parent has its time.
            return 0;
        }
    }
}
