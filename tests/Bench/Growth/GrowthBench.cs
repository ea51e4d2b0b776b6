using System.Globalization;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Growth;

/// <summary>
/// What an order costs beside ever more stored orders and keys: the same queue is emptied by the same warm fleets at each
/// size, the median of some rounds. The limit of each figure is the same at the smallest size. Before each round the bare job
/// runs in a database of its own that does not grow: where that becomes dearer, it is the machine. Then how long the
/// processes take to start with nothing behind them and with all of it.
/// </summary>
internal static class GrowthBench
{
    private const int Products = 200;
    private const int WarmOrders = 12_000;
    private const int Orders = 10_000;
    private const int RawOrders = 10_000;
    private const int Rounds = 3;
    private const int UsualRows = 1_000_000;

    /// <summary>Four records of about a kilobyte each per order: more than this is no longer a bench of minutes.</summary>
    private const int MostInLog = 300_000;
    private const long SpareBytes = 12L << 30;

    private static readonly int[] Steps = [1_000, 100_000, 1_000_000, 10_000_000];

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        var most = run.Rows ?? UsualRows;
        await using var servers = await ShopServers.StartAsync(run, cancellation);
        var statements = await StatementTimes.BeginAsync(run, servers, cancellation);
        await using var rawDatabase = await servers.NewDatabaseAsync("raw", cancellation);
        var raw = new RawPostgres(servers, rawDatabase);
        await raw.RunAsync(new(servers, "RAWWARM", Products), RawOrders, cancellation);

        var feed = new OrderFeed(servers, "GROWTH", Products);
        await OnSale.OfferAsync(servers, feed, cancellation);
        await feed.StockAsync(servers.Database, WarmOrders, cancellation);
        using var fleet = await FleetClient.StartAsync(run, servers, new Dictionary<string, string>(), cancellation);
        var drain = new Drain(run, servers, fleet);
        run.Say($"{WarmOrders:N0} orders to warm up");
        await drain.RunAsync(feed, WarmOrders, cancellation);
        await using var history = new StoredHistory(run, servers, feed);
        await history.BeginAsync(cancellation);

        var sizes = new List<Size>();
        StartTimes? first = null;
        foreach (var rows in Steps.Where(s => s < most).Append(most))
        {
            if (await HasRoomAsync(run, history, rows, cancellation))
            {
                // The orders of this size's rounds find their keys, too.
                await history.GrowAsync(rows, rows + (Rounds * Orders) + StartTimes.Orders, cancellation);
                run.Say(await history.SizesAsync(cancellation));
                sizes.Add(await MeasureAsync(run, servers, history, feed, drain, raw, statements, rows, cancellation));
                first ??= await StartsAsync(run, servers, history, feed, cancellation);
            }
        }

        await fleet.EndAsync();
        await LogHistory.FillAsync(run, servers, Math.Min(history.Stored, MostInLog), cancellation);
        var last = await StartsAsync(run, servers, history, feed, cancellation);
        return [.. sizes.SelectMany(s => s.Beside(sizes[0])), .. Starts(first!, last)];
    }

    private static async Task<bool> HasRoomAsync(
        BenchRun run, StoredHistory history, int rows, CancellationToken cancellation)
    {
        // Small sizes say nothing about bytes per order: each table begins with some pages, and measured orders bring theirs.
        const int Telling = 50_000;
        if (history.Stored < Telling)
        {
            return true;
        }

        var perOrder = await history.BytesAsync(cancellation) / history.Stored;
        var free = new DriveInfo(Path.GetDirectoryName(run.NewFolder("room"))!).AvailableFreeSpace;
        var needed = perOrder * (rows - history.Stored);
        run.Say(Text($"{perOrder:N0} bytes per stored order with its share of keys: {rows:N0} orders take {needed >> 30} GiB more, {free >> 30} are free"));
        if (free - needed > SpareBytes)
        {
            return true;
        }

        run.Say(Text($"{rows:N0} stored orders are left out: the disk is too small"));
        return false;
    }

    private static async Task<Size> MeasureAsync(
        BenchRun run, ShopServers servers, StoredHistory history, OrderFeed feed, Drain drain, RawPostgres raw,
        StatementTimes statements, int rows, CancellationToken cancellation)
    {
        var rounds = new List<Drained>();
        var bare = new List<Drained>();
        var work = new List<DatabaseWork>();
        for (var round = 0; round < Rounds; round++)
        {
            bare.Add(await raw.RunAsync(new(servers, $"RAW{rows}R{round}", Products), RawOrders, cancellation));
            await statements.ResetAsync(cancellation);
            var before = await DatabaseWork.ReadAsync(servers, cancellation);
            rounds.Add(await drain.RunAsync(feed, Orders, cancellation));
            work.Add((await DatabaseWork.ReadAsync(servers, cancellation)).Since(before, Orders));
            history.Stored += Orders;
            history.Available -= Orders;
            run.Say(Text($"{rows:N0} stored: {rounds[^1].PerSecond:N0} orders/s, CPU {rounds[^1].CpuMsPerOrder:0.000} ms/order: {rounds[^1].CpuText}; ")
                + Text($"first batch after {rounds[^1].Start.TotalSeconds:0.00} s; others kept {rounds[^1].Others:0.0} processors busy; "));
            run.Say(Text($"{rows:N0} stored: {work[^1]}; the bare job {bare[^1].PerSecond:N0} orders/s, {bare[^1].CpuMsPerOrder:0.000} ms"));
            await statements.SayAsync(Orders, cancellation);
        }

        return new(
            rows, Median(rounds, r => r.PerSecond), Median(rounds, r => r.CpuMsPerOrder), Median(bare, r => r.CpuMsPerOrder),
            Median(work, w => w.Pages), Median(work, w => w.WalBytes));
    }

    private static async Task<StartTimes> StartsAsync(
        BenchRun run, ShopServers servers, StoredHistory history, OrderFeed feed, CancellationToken cancellation)
    {
        var times = await StartTimes.MeasureAsync(run, servers, feed, cancellation);
        history.Stored += StartTimes.Orders;
        history.Available -= StartTimes.Orders;
        return times;
    }

    private static IEnumerable<BenchResult> Starts(StartTimes first, StartTimes last) =>
    [
        BenchResult.Of("growth.start.broker", last.Broker.TotalSeconds, "s", first.Broker.TotalSeconds),
        BenchResult.Of("growth.start.api", last.Api.TotalSeconds, "s", first.Api.TotalSeconds),
        BenchResult.Of("growth.start.fleet", last.Fleet.TotalSeconds, "s", first.Fleet.TotalSeconds),
    ];

    private static double Median<T>(List<T> rounds, Func<T, double> figure) => rounds.Select(figure).Order().ElementAt(rounds.Count / 2);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <param name="BareMs">CPU of the bare job beside it.</param>
    /// <param name="Pages">Looked at in PostgreSQL, per order.</param>
    private sealed record Size(int Rows, double PerSecond, double CpuMs, double BareMs, double Pages, double WalBytes)
    {
        public IEnumerable<BenchResult> Beside(Size smallest)
        {
            var name = Text($"growth.{Rows}");
            yield return BenchResult.Of(name, PerSecond, "orders/s", smallest.PerSecond);
            yield return BenchResult.Of(name + ".cpu", CpuMs, "CPU ms/order", smallest.CpuMs);
            yield return BenchResult.Of(name + ".bare.cpu", BareMs, "CPU ms/order", smallest.BareMs);
            yield return BenchResult.Of(name + ".pages", Pages, "pages/order", smallest.Pages);
            yield return BenchResult.Of(name + ".wal", WalBytes, "bytes/order", smallest.WalBytes);
        }
    }
}
