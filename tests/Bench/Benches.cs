using CardShop.Tests.Bench.Backlog;
using CardShop.Tests.Bench.Broker;
using CardShop.Tests.Bench.Growth;
using CardShop.Tests.Bench.Intake;
using CardShop.Tests.Bench.Keys;
using CardShop.Tests.Bench.Latency;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;
using CardShop.Tests.Bench.Streams;

namespace CardShop.Tests.Bench;

/// <summary>The benches by name, each on servers of its own.</summary>
internal static class Benches
{
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
    ];

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(
        string wanted, TimeSpan duration, int? rows, CancellationToken cancellation)
    {
        var results = new List<BenchResult>();
        foreach (var (name, bench) in All.Where(b => wanted == "all" || b.Name == wanted))
        {
            await using var run = new BenchRun(duration) { Rows = rows };
            run.Say(name);
            results.AddRange(await bench(run, cancellation));
            run.Say($"{name}: stopping its servers");
        }

        return results;
    }
}
