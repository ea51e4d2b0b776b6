using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text;
using CardShop.Tests.Simulation.Mutants;
using CardShop.Tests.Simulation.World;

namespace CardShop.Tests.Simulation;

/// <summary>Many seeds, each on a thread of its own with nothing shared.</summary>
internal sealed class SeedRun
{
    private const int ShownFailures = 20;

    /// <summary>The code that was run: the commit that it was built at.</summary>
    public static string Commit { get; } = "commit " + (typeof(SeedRun).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[^1] ?? "unknown");

    private readonly ConcurrentBag<SeedResult> _failures = [];
    private readonly ConcurrentDictionary<string, int> _marks = new();
    private int _seeds;
    private long _steps;
    private long _ticks;

    public int Seeds => _seeds;

    public long Steps => _steps;

    public TimeSpan Virtual => TimeSpan.FromTicks(_ticks);

    /// <summary>What happened how often.</summary>
    public IReadOnlyDictionary<string, int> Marks => _marks;

    public IReadOnlyList<SeedResult> Failures => [.. _failures.OrderBy(f => f.Seed)];

    /// <summary>A seed that no run has had: from the clock.</summary>
    public static int FreshSeed() => (int)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() % 1_000_000) * 2_000;

    /// <param name="told">Told now and then how many are done.</param>
    /// <param name="stopsAtFirst">No more seeds are begun when one has failed.</param>
    public static SeedRun Of(int from, int count, Mutant mutant, Action<int>? told = null, bool stopsAtFirst = false)
    {
        var run = new SeedRun();
        Parallel.For(
            0, count, new() { MaxDegreeOfParallelism = Environment.ProcessorCount }, (i, loop) =>
            {
                run.Add(ShopWorld.Run(from + i, mutant));
                if (stopsAtFirst && !run._failures.IsEmpty)
                {
                    loop.Stop();
                }

                var done = Volatile.Read(ref run._seeds);
                if (done % 500 == 0)
                {
                    told?.Invoke(done);
                }
            });
        return run;
    }

    /// <summary>What failed, each with the command that shows it again.</summary>
    public string Text(Mutant mutant)
    {
        var text = new StringBuilder();
        if (Failures.Count > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{Failures.Count} of {Seeds} seeds failed at {Commit}");
        }

        foreach (var failure in Failures.Take(ShownFailures))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"seed {failure.Seed}: {failure.Violation?.Split('\n')[0]}");
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"    tests/simulate --seed {failure.Seed}{(mutant == Mutant.None ? "" : " --mutant " + mutant.Name)}");
        }

        return text.ToString();
    }

    private void Add(SeedResult result)
    {
        Interlocked.Increment(ref _seeds);
        Interlocked.Add(ref _steps, result.Steps);
        Interlocked.Add(ref _ticks, result.Virtual.Ticks);
        foreach (var (what, count) in result.Marks)
        {
            _marks.AddOrUpdate(what, count, (_, before) => before + count);
        }

        if (result.Violation is not null)
        {
            _failures.Add(result);
        }
    }
}
