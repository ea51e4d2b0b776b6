using System.Diagnostics;
using CardShop.Local.Parts;
using CardShop.Tests.Bench.Backlog;
using CardShop.Tests.Bench.Broker;
using CardShop.Tests.Bench.Growth;
using CardShop.Tests.Bench.Intake;
using CardShop.Tests.Bench.Keys;
using CardShop.Tests.Bench.Latency;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;
using CardShop.Tests.Bench.Report;
using CardShop.Tests.Bench.Soak;
using CardShop.Tests.Bench.Streams;

namespace CardShop.Tests.Bench;

/// <summary>The benches by name, each on servers of its own.</summary>
internal static class Benches
{
    private const int UsualSeconds = 10;
    private const int SoakSeconds = 120;

    private static readonly IReadOnlyList<(string Name, Func<BenchRun, CancellationToken, Task<IReadOnlyList<BenchResult>>> Run)> All =
    [
        ("broker", BrokerBench.RunAsync),
        ("intake", IntakeBench.RunAsync),
        ("pipeline", PipelineBench.RunAsync),
        ("latency", LatencyBench.RunAsync),
        ("keys", KeysBench.RunAsync),
        ("streams", StreamsBench.RunAsync),
        ("growth", GrowthBench.RunAsync),
        ("backlog", BacklogBench.RunAsync),
        ("soak", SoakBench.RunAsync),
    ];

    /// <summary>The names of what a run consists of, in its order.</summary>
    /// <param name="wanted">One bench, or all.</param>
    public static IReadOnlyList<string> Of(string wanted) => [.. All.Select(b => b.Name).Where(n => wanted == "all" || n == wanted)];

    /// <param name="ended">Told after each bench of all that have ended. One that fails does not keep the others from running.</param>
    public static async Task<IReadOnlyList<BenchSection>> RunAsync(
        BenchOptions options, Func<IReadOnlyList<BenchSection>, Task> ended, CancellationToken cancellation)
    {
        var sections = new List<BenchSection>();
        foreach (var (name, bench) in All.Where(b => options.What == "all" || b.Name == options.What))
        {
            var length = name != "soak" ? options.Seconds ?? UsualSeconds : options.What == "all" ? SoakSeconds : options.Seconds ?? SoakSeconds;
            sections.Add(await RunAsync(name, bench, TimeSpan.FromSeconds(length), options, cancellation));
            await ended(sections);
        }

        return sections;
    }

    private static async Task<BenchSection> RunAsync(
        string name, Func<BenchRun, CancellationToken, Task<IReadOnlyList<BenchResult>>> bench, TimeSpan duration,
        BenchOptions options, CancellationToken cancellation)
    {
        var (from, busy, own) = (Stopwatch.GetTimestamp(), OtherLoad.BusyMs(), CpuMeter.OfAll());
        var others = 0.0;
        IReadOnlyList<BenchResult> results = [];
        string? failure = null;
        var run = new BenchRun(duration) { Rate = options.Rate, Rows = options.Rows };
        try
        {
            await using var servers = run;
            run.Say(name);
            results = await bench(run, cancellation);
            others = OtherLoad.Processors(OtherLoad.BusyMs() - busy, CpuMeter.OfAll() - own, Stopwatch.GetElapsedTime(from));
            run.Say($"{name}: stopping its servers");
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // Whatever it was, a server that did not start or an answer that did not come: the others are still worth measuring.
            failure = e is BenchFailedException or PartFailedException ? e.Message : e.ToString();
            run.Say($"{name} failed: {failure}");
        }

        return new(name, results, failure, duration, Stopwatch.GetElapsedTime(from), others, run.Notes, run.Pictures);
    }
}
