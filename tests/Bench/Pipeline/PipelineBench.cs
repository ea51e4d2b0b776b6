using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>
/// How fast queued orders become delivered keys, spread over 200 products and all on one; the same with a batch of one
/// message; beside the raw limit of PostgreSQL in the same run.
/// </summary>
internal static class PipelineBench
{
    private const int Products = 200;
    private const int Orders = 20_000;
    private const int SingleOrders = 2_000;
    private const int RawWarmOrders = 4_000;

    // The runtime compiles a method a second time, with what it has learnt, only after some thousand orders.
    private const int WarmOrders = 12_000;
    private const int SingleWarmOrders = 1_000;
    private const int Rounds = 3;

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        await using var servers = await ShopServers.StartAsync(run, cancellation);
        var (rawSpread, rawFlash) = await RawAsync(run, servers, cancellation);

        using var fleet = await FleetClient.StartAsync(run, servers, new Dictionary<string, string>(), cancellation);
        var drain = new Drain(run, servers, fleet);
        await MeasureAsync(run, servers, drain, new(servers, "WARM", Products), WarmOrders, cancellation);
        var spread = await MeasureAsync(run, servers, drain, new(servers, "SPREAD", Products), Orders, cancellation);
        var flash = await MeasureAsync(run, servers, drain, new(servers, "FLASH", 1), Orders, cancellation);
        await fleet.EndAsync();

        using var one = await FleetClient.StartAsync(
            run, servers, new Dictionary<string, string> { ["Batch__MaxMessages"] = "1" }, cancellation);
        var drainOne = new Drain(run, servers, one);
        await MeasureAsync(run, servers, drainOne, new(servers, "WARMONE", Products), SingleWarmOrders, cancellation);
        var single = await MeasureAsync(run, servers, drainOne, new(servers, "SINGLE", Products), SingleOrders, cancellation);
        await one.EndAsync();
        return
        [
            BenchResult.Of("pipeline.spread", spread.PerSecond, "orders/s", rawSpread.PerSecond),
            BenchResult.Of("pipeline.flash", flash.PerSecond, "orders/s", rawFlash.PerSecond),
            BenchResult.Of("pipeline.single", single.PerSecond, "orders/s", rawSpread.PerSecond),
            BenchResult.Of("pipeline.spread.cpu", spread.CpuMsPerOrder, "CPU ms/order", rawSpread.CpuMsPerOrder),
            BenchResult.Of("pipeline.flash.cpu", flash.CpuMsPerOrder, "CPU ms/order", rawFlash.CpuMsPerOrder),
        ];
    }

    private static async Task<Drained> MeasureAsync(
        BenchRun run, ShopServers servers, Drain drain, OrderFeed feed, int orders, CancellationToken cancellation)
    {
        run.Say($"{feed.Prefix}: {orders} orders of {feed.Products} products: importing keys, queueing");
        await feed.StockAsync(servers.Database, orders, cancellation);
        var drained = await drain.RunAsync(feed, orders, cancellation);
        Say(run, feed.Prefix, drained);
        return drained;
    }

    /// <summary>The median of some rounds, after a warm-up.</summary>
    private static async Task<(Drained Spread, Drained Flash)> RawAsync(
        BenchRun run, ShopServers servers, CancellationToken cancellation)
    {
        run.Say("raw PostgreSQL limit: the same rows in batches of 500, one connection, no queue, no logic");
        await using var database = await servers.NewDatabaseAsync("raw", cancellation);
        var raw = new RawPostgres(servers, database);
        await raw.RunAsync(new(servers, "RAWWARM", Products), RawWarmOrders, cancellation);
        await raw.RunAsync(new(servers, "RAWWARMFLASH", 1), RawWarmOrders, cancellation);
        var spread = new List<Drained>();
        var flash = new List<Drained>();
        for (var round = 0; round < Rounds; round++)
        {
            spread.Add(await raw.RunAsync(new(servers, $"RAWS{round}", Products), Orders, cancellation));
            Say(run, "raw spread", spread[^1]);
            flash.Add(await raw.RunAsync(new(servers, $"RAWF{round}", 1), Orders, cancellation));
            Say(run, "raw flash", flash[^1]);
        }

        return (Median(spread), Median(flash));
    }

    private static Drained Median(List<Drained> rounds) => rounds.OrderBy(r => r.PerSecond).ElementAt(rounds.Count / 2);

    private static void Say(BenchRun run, string what, Drained drained) => run.Note(
        $"{what}: {drained.PerSecond:N0} orders/s ({drained.Orders} in {drained.Time.TotalSeconds:0.00} s, {drained.Commits} commits" +
        (drained.LongestPause > TimeSpan.Zero ? $", longest pause {drained.LongestPause.TotalMilliseconds:0} ms" : string.Empty) + "), " +
        $"CPU {drained.CpuMsPerOrder:0.000} ms/order: {drained.CpuText}; " +
        $"others kept {drained.Others:0.0} processors busy");
}
