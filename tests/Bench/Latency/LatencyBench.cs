using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;
using CardShop.Tests.Bench.Streams;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Tests.Bench.Latency;

/// <summary>
/// From sending an order to seeing its key, over HTTP, at a steady 100 orders per second, each paid at once: every other buyer
/// has the order's page open, and sees it there; the others ask every <see cref="Poll"/>.
/// The limit is the sum of the durable round trips that an order cannot do without, one after the other, measured one at
/// a time on the idle servers of the same run: four acknowledged records (order, saga fact, notification, delivery),
/// three commits (orders, payments, delivery), two confirmed commands (RequestPayment, DeliverOrder).
/// </summary>
internal static class LatencyBench
{
    private const int PerSecond = 100;
    private const int Products = 20;
    private const int Records = 4;
    private const int Commits = 3;
    private const int Commands = 2;
    private const int Probes = 300;
    private const int Parts = 5;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        await using var servers = await ShopServers.StartAsync(run, cancellation);
        run.Say("round trips one at a time, on idle servers");
        var (limit50, limit99) = await RoundTripsAsync(run, servers, cancellation);

        var orders = (int)((run.Duration + WarmUp).TotalSeconds * PerSecond);
        var feed = new OrderFeed(servers, "LATENCY", Products);
        await OnSale.OfferAsync(servers, feed, cancellation);
        await feed.StockAsync(servers.Database, orders, cancellation);
        using var fleet = await FleetClient.StartAsync(run, servers, new Dictionary<string, string>(), cancellation);
        await fleet.StartAsync(cancellation);
        var api = await run.StartAsync(
            () => WebServer.Create("CardShop.Api", [], servers.Settings, run.NewFolder("api")), cancellation);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 256 })
        {
            BaseAddress = api.Url,
            Timeout = TimeSpan.FromSeconds(10),
        };
        await OnSale.UntilAsync(http, Products, cancellation);
        run.Say($"{PerSecond} orders/s, {WarmUp.TotalSeconds:0} s to warm up, then {run.Duration.TotalSeconds:0} s");
        await PlaceAllAsync(http, feed, WarmUp, cancellation);
        var placed = await PlaceAllAsync(http, feed, run.Duration, cancellation);
        await fleet.CheckAsync(cancellation);
        List<double> measured = [.. placed.Where((_, i) => !HasPage(i)).Order()];
        List<double> pages = [.. placed.Where((_, i) => HasPage(i)).Order()];
        run.Note($"{placed.Length} orders delivered, slowest {placed.Max():0} ms");
        run.Note("p99 of each fifth of the run: " + string.Join(", ", placed
            .Chunk((placed.Length + Parts - 1) / Parts).Select(p => $"{Percentile([.. p.Order()], 0.99):0} ms")));
        return
        [
            BenchResult.Of("latency.p50", Percentile(measured, 0.5), "ms", limit50),
            BenchResult.Of("latency.p99", Percentile(measured, 0.99), "ms", limit99),
            BenchResult.Of("latency.page.p50", Percentile(pages, 0.5), "ms", limit50),
            BenchResult.Of("latency.page.p99", Percentile(pages, 0.99), "ms", limit99),
        ];
    }

    private static async Task<(double P50, double P99)> RoundTripsAsync(
        BenchRun run, ShopServers servers, CancellationToken cancellation)
    {
        await using var log = new KafkaLog(
            new(servers.Broker.BootstrapServers, "probe", TimeSpan.FromSeconds(10), TimeSpan.Zero), TimeProvider.System,
            NullLogger<KafkaLog>.Instance);
        await using var bus = new RabbitBus(
            new(new(servers.Rabbit.Uri), "probe", 100, TimeSpan.FromSeconds(10)), TimeProvider.System, new Random(),
            NullLogger<RabbitBus>.Instance);
        await bus.DeclareAsync(["cardshop.probe"], Queues.Error, cancellation);
        await servers.ExecuteAsync("CREATE TABLE probe (n integer)", cancellation);
        var body = new byte[700];
        var record = await TimesAsync(() => log.ProduceAsync(
            new(Topics.Audit.Name, 0, "probe"u8.ToArray(), body, []), CancellationToken.None));
        var commit = await TimesAsync(() => servers.ExecuteAsync("INSERT INTO probe VALUES (1)", cancellation));
        var command = await TimesAsync(() => bus.SendAllAsync(
            [new OutCommand("cardshop.probe", "Probe", "probe", "probe", body[..100], DateTimeOffset.UtcNow)], 0, cancellation));
        run.Note(
            $"acknowledged record p50 {Percentile(record, 0.5):0.00} p99 {Percentile(record, 0.99):0.00} ms, " +
            $"commit {Percentile(commit, 0.5):0.00} {Percentile(commit, 0.99):0.00} ms, " +
            $"confirmed command {Percentile(command, 0.5):0.00} {Percentile(command, 0.99):0.00} ms");
        return (Sum(0.5), Sum(0.99));

        double Sum(double share) =>
            (Records * Percentile(record, share)) + (Commits * Percentile(commit, share)) + (Commands * Percentile(command, share));
    }

    private static async Task<List<double>> TimesAsync(Func<Task> act)
    {
        var times = new List<double>(Probes);
        for (var i = 0; i < Probes * 4 / 3; i++)
        {
            var from = Stopwatch.GetTimestamp();
            await act();
            times.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }

        // The first quarter compiles code and opens connections.
        return [.. times.TakeLast(Probes).Order()];
    }

    /// <summary>Orders at even distances, each followed to its key; their times.</summary>
    private static async Task<double[]> PlaceAllAsync(
        HttpClient http, OrderFeed feed, TimeSpan duration, CancellationToken cancellation)
    {
        var count = (int)(duration.TotalSeconds * PerSecond);
        var orders = new List<Task<double>>(count);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / PerSecond));
        for (var i = 0; i < count; i++)
        {
            await timer.WaitForNextTickAsync(cancellation);
            orders.Add(PlaceAsync(http, feed.Sku(i), i, cancellation));
        }

        return await Task.WhenAll(orders);
    }

    private static bool HasPage(int number) => number % 2 == 0;

    /// <returns>Milliseconds from sending the order to reading its key.</returns>
    private static async Task<double> PlaceAsync(HttpClient http, string sku, int number, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Limit);
        try
        {
            var from = Stopwatch.GetTimestamp();
            var (url, token) = await OnSale.BuyAsync(http, sku, number, patience.Token);
            await (HasPage(number)
                ? OpenPages.UntilKeysAsync(http, url + "/events", token, static () => { }, patience.Token)
                : AskAsync(http, url, token, patience.Token));
            return Stopwatch.GetElapsedTime(from).TotalMilliseconds;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new BenchFailedException($"Order {number} is not delivered after {Limit.TotalSeconds} s.");
        }
    }

    private static async Task AskAsync(HttpClient http, string url, string token, CancellationToken cancellation)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, UriKind.Relative));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var shown = await http.SendAsync(request, cancellation);
            var view = await shown.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            if (view.TryGetProperty("delivery", out var delivery) && delivery.GetProperty("keys").GetArrayLength() == 1)
            {
                return;
            }

            await Task.Delay(Poll, cancellation);
        }
    }

    private static double Percentile(List<double> sorted, double share) =>
        sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
}
