using System.Globalization;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Backlog;

/// <summary>
/// Many orders that waited while nobody processed: how fast they drain beside shorter queues of the same run, whether the
/// oldest come first, whether buyers are told their true place, and what memory it takes. Some of the orders are placed
/// over HTTP, evenly among the others, and their pages are asked for during the drain.
/// </summary>
internal static class BacklogBench
{
    private const int Products = 200;
    private const int WarmOrders = 12_000;
    private const int SteadyOrders = 10_000;
    private const int Rounds = 3;
    private const int UsualOrders = 200_000;

    /// <summary>Among so many orders one is placed over HTTP.</summary>
    private const int PerPage = 1_000;

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        var count = run.Rows ?? UsualOrders;
        await using var servers = await ShopServers.StartAsync(run, cancellation);
        var feed = new OrderFeed(servers, "BACKLOG", Products);
        await OnSale.OfferAsync(servers, feed, cancellation);
        var all = WarmOrders + (Rounds * SteadyOrders) + count;
        run.Say(Text($"sealing and storing {all * 11 / 10:N0} keys"));
        await feed.StockAsync(servers.Database, all + (all / PerPage) + Products, cancellation);

        using var fleet = await FleetClient.StartAsync(run, servers, new Dictionary<string, string>(), cancellation);
        var api = await run.StartAsync(
            () => WebServer.Create("CardShop.Api", [], servers.Settings, run.NewFolder("api")), cancellation);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = api.Url,
            Timeout = TimeSpan.FromSeconds(10),
        };
        await fleet.StartAsync(cancellation);
        await OnSale.UntilAsync(http, Products, cancellation);
        await fleet.StopAsync(cancellation);

        IReadOnlyList<(string Name, int Pid)> processes = [("fleet", fleet.ProcessId), ("api", api.ProcessId), .. servers.Processes];
        var queue = new OrderQueue(servers, feed, http);
        var drain = new Drain(run, servers, fleet);
        await MeasureAsync(run, servers, queue, drain, processes, WarmOrders, cancellation);
        var steady = new List<Waited>();
        for (var round = 0; round < Rounds; round++)
        {
            steady.Add(await MeasureAsync(run, servers, queue, drain, processes, SteadyOrders, cancellation));
        }

        var backlog = await MeasureAsync(run, servers, queue, drain, processes, count, cancellation);
        var (usual, cpu) = (Median(steady, s => s.Drained.PerSecond), Median(steady, s => s.Drained.CpuMsPerOrder));
        var drained = backlog.Drained;
        var later = drained.Orders - (drained.Orders / 2);
        return
        [
            BenchResult.Of("backlog.drain", drained.PerSecond, "orders/s", usual),
            BenchResult.Of("backlog.drain.second-half", later / (drained.Time - drained.Half).TotalSeconds, "orders/s", usual),
            BenchResult.Of("backlog.drain.cpu", drained.CpuMsPerOrder, "CPU ms/order", cpu),
            BenchResult.Of("backlog.place.age.p99", backlog.Places.P99.TotalSeconds, "s", 0),
            BenchResult.Of("backlog.place.age.max", backlog.Places.Most.TotalSeconds, "s", 2),
            BenchResult.Of("backlog.standstill", backlog.Places.Standstill.TotalSeconds, "s", 0),
            BenchResult.Of("backlog.overtaken.p99", backlog.Order.OvertakenP99, "orders of a product", 0),
            BenchResult.Of("backlog.overtaken.max", backlog.Order.OvertakenMost, "orders of a product", 0),
            BenchResult.Of("backlog.link.p99", backlog.Order.LinkP99.TotalSeconds, "s", 0),
            .. backlog.Memory.Select(m => BenchResult.Of("backlog.memory." + m.Key, m.Value, "MiB", 0)),
        ];
    }

    private static async Task<Waited> MeasureAsync(
        BenchRun run, ShopServers servers, OrderQueue queue, Drain drain, IReadOnlyList<(string Name, int Pid)> processes,
        int count, CancellationToken cancellation)
    {
        run.Say(Text($"queueing {count:N0} orders"));
        await servers.ExecuteAsync("CHECKPOINT", cancellation);
        var orders = await queue.FillAsync(count, PerPage, cancellation);
        run.Say("draining");
        await using var places = PlaceWatch.Start(servers, queue.Http, orders.Pages);
        await using var memory = PeakMemory.Start(processes);
        var drained = await drain.EmptyAsync(queue.Feed, orders.Ids, cancellation);
        var most = await memory.StopAsync();
        var shown = await places.StopAsync();
        var order = await ServedOrder.ReadAsync(servers, orders, cancellation);
        run.Say(Text(
            $"{count:N0}: {drained.PerSecond:N0} orders/s ({drained.Time.TotalSeconds:0.0} s, half after {drained.Half.TotalSeconds:0.0}, {drained.Commits} commits, longest pause {drained.LongestPause.TotalMilliseconds:0} ms), ")
            + Text($"CPU {drained.CpuMsPerOrder:0.000} ms/order: {drained.CpuText}; others kept {drained.Others:0.0} processors busy"));
        run.Say(Text(
            $"{count:N0}: {shown.Answers} places shown, {shown.Behind} of them behind by up to {shown.Most.TotalSeconds:0.00} s (p99 {shown.P99.TotalSeconds:0.00}), no partition unserved for more than {shown.Standstill.TotalSeconds:0.00} s; {order}"));
        run.Say("most memory: " + string.Join(", ", most.Select(m => Text($"{m.Key} {m.Value:0} MiB"))));
        if (shown.Latest.Length > 0)
        {
            run.Say("more than two seconds behind: " + shown.Latest);
        }

        if (shown.TooGood > 0)
        {
            throw new BenchFailedException(Text($"{shown.TooGood} places were shown that are better than the true ones."));
        }

        return new(drained, shown, order, most);
    }

    private static double Median(List<Waited> rounds, Func<Waited, double> figure) => rounds.Select(figure).Order().ElementAt(rounds.Count / 2);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Waited(Drained Drained, ShownPlaces Places, ServedOrder Order, IReadOnlyDictionary<string, double> Memory);
}

/// <summary>Orders in the order of their acceptance.</summary>
/// <param name="Skus">Of each its product.</param>
/// <param name="Pages">Those that were placed over HTTP.</param>
internal sealed record QueuedOrders(IReadOnlyList<string> Ids, IReadOnlyList<string> Skus, IReadOnlyList<OrderPage> Pages);

/// <summary>An order's page: its address, the buyer's token, and where the order stands in the log.</summary>
internal sealed record OrderPage(string Url, string Token, int Partition, long Offset);
