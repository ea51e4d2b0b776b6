using System.Diagnostics;
using System.Globalization;
using CardShop.Api.Orders;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Streams;

/// <summary>
/// Order pages that are open at once while the whole processing tier is away, and then comes back: what an open page costs
/// the API in memory, and the database in transactions. Memory is the slope between a few pages and many, so that what a
/// process takes anyway is left out; its limit is an event stream of a bare endpoint. Transactions are those of the shop's
/// database in a second, less those with no page open; their limit is one every
/// <see cref="OrderWatch.Shortest"/>.
/// </summary>
internal static class StreamsBench
{
    private const int Products = 20;
    private const int Few = 500;
    private const int Many = 2_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        await using var servers = await ShopServers.StartAsync(run, cancellation);

        // A small nursery: garbage that has not been collected yet would pass for the memory of pages.
        servers.Settings["DOTNET_GCgen0size"] = "400000";
        var feed = new OrderFeed(servers, "STREAMS", Products);
        await OnSale.OfferAsync(servers, feed, cancellation);
        await feed.StockAsync(servers.Database, Many, cancellation);

        // Fleets make the tables' first rows and send what the catalog says; then they are away.
        using var fleet = await FleetClient.StartAsync(run, servers, new Dictionary<string, string>(), cancellation);
        await fleet.StartAsync(cancellation);
        var api = await run.StartAsync(
            () => WebServer.Create("CardShop.Api", [], servers.Settings, run.NewFolder("api")), cancellation);
        var empty = await run.StartAsync(
            () => WebServer.Create("CardShop.Tests.Bench", ["empty"], servers.Settings, run.NewFolder("empty")), cancellation);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = api.Url, Timeout = Limit };
        await OnSale.UntilAsync(http, Products, cancellation);
        await fleet.StopAsync(cancellation);

        run.Say($"{Many} orders, nobody processes them");
        var orders = new List<(string Path, string? Token)>(Many);
        for (var i = 0; i < Many; i++)
        {
            var (url, token) = await OnSale.BuyAsync(http, feed.Sku(i), i, cancellation);
            orders.Add((url + "/events", token));
        }

        await CpuMeter.WaitForIdleAsync(api.ProcessId, TimeSpan.FromSeconds(15), cancellation);
        var idle = await TransactionsAsync(run, servers, cancellation);
        await using var pages = new OpenPages(api.Url);
        var few = await OpenAsync(run, pages, api, orders[..Few], cancellation);
        var queriesOfFew = await TransactionsAsync(run, servers, cancellation) - idle;
        var many = await OpenAsync(run, pages, api, orders[Few..], cancellation);
        var queriesOfMany = await TransactionsAsync(run, servers, cancellation) - idle;
        var cpu = new CpuMeter([("api", api.ProcessId), ("postgres", servers.Postgres.ProcessId)]);
        var before = cpu.Read();
        await Task.Delay(run.Duration, cancellation);
        var used = CpuMeter.Between(before, cpu.Read());
        pages.Check();
        run.Note(Text($"transactions/s: {idle:0.0} with no page open, {queriesOfFew:0.0} more with {Few}, {queriesOfMany:0.0} more with {Many}"));
        run.Note(Text($"{Many} open pages take {Share("api"):P1} of a core in the API, {Share("postgres"):P1} in PostgreSQL"));

        await using var held = new OpenPages(empty.Url);
        var bareFew = await OpenAsync(run, held, empty, Bare(Few), cancellation);
        var bareMany = await OpenAsync(run, held, empty, Bare(Many - Few), cancellation);

        run.Say("the fleets come back");
        var from = Stopwatch.GetTimestamp();
        await fleet.StartAsync(cancellation);
        await UntilAsync(() => pages.Delivered == Many, pages, cancellation);
        run.Note(Text($"all {Many} open pages show their keys {Stopwatch.GetElapsedTime(from).TotalSeconds:0.0} s after the fleets' start"));
        await fleet.CheckAsync(cancellation);
        return
        [
            BenchResult.Of(
                "streams.memory", Slope(few, many), "KiB/page", Slope(bareFew, bareMany)),
            BenchResult.Of("streams.queries", queriesOfMany, "1/s", TimeSpan.FromSeconds(1) / OrderWatch.Shortest),
        ];

        double Share(string process) => used[process] / run.Duration.TotalMilliseconds;
    }

    private static (string Path, string? Token)[] Bare(int count) =>
        [.. Enumerable.Repeat<(string, string?)>(("/v1/orders/1/events", null), count)];

    private static double Slope(long few, long many) => (many - few) / 1024.0 / (Many - Few);

    /// <returns>The process's memory in bytes once all pages show something and it has come to rest.</returns>
    private static async Task<long> OpenAsync(
        BenchRun run, OpenPages pages, WebServer server, IReadOnlyList<(string Path, string? Token)> orders,
        CancellationToken cancellation)
    {
        foreach (var (path, token) in orders)
        {
            pages.Open(path, token);
            if (pages.Count % 100 == 0)
            {
                await UntilAsync(() => pages.Shown == pages.Count, pages, cancellation);
            }
        }

        await UntilAsync(() => pages.Shown == pages.Count, pages, cancellation);
        await Task.Delay(run.Duration / 2, cancellation);
        var memory = Resident(server.ProcessId);
        run.Say(Text($"{pages.Count} pages open: {memory / 1048576.0:0.0} MiB"));
        return memory;
    }

    /// <summary>Committed transactions of the shop's database in a second, less the two readings.</summary>
    private static async Task<double> TransactionsAsync(BenchRun run, ShopServers servers, CancellationToken cancellation)
    {
        var before = await CommittedAsync(servers, cancellation);
        var from = Stopwatch.GetTimestamp();
        await Task.Delay(run.Duration, cancellation);
        var committed = await CommittedAsync(servers, cancellation) - before - 1;
        return committed / Stopwatch.GetElapsedTime(from).TotalSeconds;
    }

    private static async Task<long> CommittedAsync(ShopServers servers, CancellationToken cancellation)
    {
        await using var read = servers.Database.CreateCommand(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()");
        return (long)(await read.ExecuteScalarAsync(cancellation))!;
    }

    private static long Resident(int pid)
    {
        // Field 2 of proc(5)'s statm: resident pages of 4 KiB.
        var statm = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/statm"));
        return long.Parse(statm.Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }

    private static async Task UntilAsync(Func<bool> done, OpenPages pages, CancellationToken cancellation)
    {
        var from = Stopwatch.GetTimestamp();
        while (!done())
        {
            pages.Check();
            if (Stopwatch.GetElapsedTime(from) > Limit)
            {
                throw new BenchFailedException(
                    $"After {Limit.TotalSeconds} s {pages.Shown} of {pages.Count} pages show something, {pages.Delivered} their keys.");
            }

            await Task.Delay(20, cancellation);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
