using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Faults;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>
/// Buyers come at a steady rate over three channels, and one provider stops answering. CARDSHOP_OUTAGE_SECONDS makes it
/// longer than in a usual run, CARDSHOP_OUTAGE_RATE the orders per second more.
/// </summary>
public sealed class When_a_provider_is_away_under_load(TestServers servers)
{
    private static readonly string[] Channels = ["alipay", "wechat", "unionpay"];
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(Setting("CARDSHOP_OUTAGE_SECONDS", 8));
    private static readonly int Rate = Setting("CARDSHOP_OUTAGE_RATE", 50);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Others_do_not_feel_it_no_order_is_lost_and_it_is_refused_within_five_seconds_and_offered_within_ten()
    {
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string> { ["Sandbox:AutoPay"] = "true" });
        var keys = (int)((Before + Outage + After + TimeSpan.FromSeconds(15)).TotalSeconds * Rate) + 1_000;
        await shop.AddProductAsync("AWAY", keys, FaultRun.Price);
        await using var load = new Load(shop);
        // The first orders find everything cold.
        await Eventually.TrueAsync(
            async () => await DeliveredAsync(shop) > 0 && load.Accepted.Count >= Rate * 2, "the shop is warm");
        var sandbox = new SandboxControl(shop);

        var began = DateTimeOffset.UtcNow;
        await PassAsync(Before);
        var fell = DateTimeOffset.UtcNow;
        await FallAsync(shop);
        var clock = Stopwatch.StartNew();
        await Eventually.TrueAsync(() => load.Refusals.Any(r => r.At > fell), "the channel is refused");
        var refusedAfter = load.Refusals.Min(r => r.At) - fell;
        await PassAsync(Outage - clock.Elapsed);
        var healed = DateTimeOffset.UtcNow;
        using (await shop.Http.DeleteAsync(new Uri(shop.Sandbox, "/control/faults")))
        {
            clock.Restart();
        }

        await Eventually.TrueAsync(async () => await IsOfferedAsync(shop), "the channel is offered again");
        var offeredAfter = clock.Elapsed;
        await PassAsync(After);
        await load.StopAsync();
        await Eventually.TrueAsync(
            async () => await DeliveredAsync(shop) == load.Accepted.Count,
            () => $"all {load.Accepted.Count} orders are delivered", TimeSpan.FromMinutes(2));

        await using var board = new OrderBoard(shop);
        await board.UntilAsync(load.Accepted.First(), o => o.Delivery is not null, "is read", TimeSpan.FromSeconds(30));
        var opened = await sandbox.OpenedAsync();
        var figures = Figures(load, board, opened, began, fell, healed);
        var books = await sandbox.BooksAsync();
        var money = load.Accepted.Aggregate(
            default(MoneyAccount), (sum, id) => sum + MoneyAccount.Of(board.Find(id), books.GetValueOrDefault(id)));
        var (code, audit) = await ShopAudit.RunAsync(shop);
        var refusals = load.Refusals.Select(r => r.Text).Distinct().ToList();
        TestReport.Save("provider-away.txt", string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {Rate} orders/s over three channels, alipay away for {Outage.TotalSeconds:F0} s: {load.Accepted.Count} accepted, all
            delivered; {load.Refusals.Count} refused; {load.Failures.Count} failed
            refused after {refusedAfter.TotalSeconds:F1} s, offered again after {offeredAfter.TotalSeconds:F1} s
            {string.Join('\n', figures.Select(f => f.Text))}
            received {money.Received} fen, delivered {money.Delivered}, refunded {money.Refunded}, in review {money.InReview}
            {string.Join('\n', audit)}
            """));

        Assert.Empty(load.Failures);
        Assert.True(refusedAfter < TimeSpan.FromSeconds(5), $"refused after {refusedAfter}");
        Assert.True(offeredAfter < TimeSpan.FromSeconds(10), $"offered after {offeredAfter}");
        Assert.All(refusals, r => Assert.Equal(
            "alipay is down at this moment. Choose one of: wechat, unionpay.", r));
        Assert.Null(money.Fault(0));
        Assert.Equal(load.Accepted.Count * FaultRun.Price, money.Delivered);
        Assert.True(code == 0, string.Join('\n', audit));
        // Wide enough for a machine that does other things too; a provider that held others up would show as seconds.
        Assert.All(figures.Where(f => f.Channel != "alipay"), f => Assert.True(
            f.During < (f.Calm * 3) + 250, $"{f.Channel}: {f.What} takes {f.During:F0} ms instead of {f.Calm:F0} ms"));
    }

    /// <summary>Medians in milliseconds, in calm and during the outage.</summary>
    private static List<Figure> Figures(
        Load load, OrderBoard board, Dictionary<string, DateTimeOffset> opened, DateTimeOffset began, DateTimeOffset fell,
        DateTimeOffset healed)
    {
        var orders = load.Accepted.Select(id => (Id: id, State: board.Find(id)!))
            .Where(o => o.State.Payment.Order!.AcceptedAt >= began)
            .ToLookup(o => (o.State.Payment.Order!.Channel,
                o.State.Payment.Order!.AcceptedAt >= fell && o.State.Payment.Order!.AcceptedAt < healed));
        var figures = new List<Figure>();
        foreach (var channel in Channels)
        {
            Add(channel, "order to link", o => opened[o.Id] - o.State.Payment.Order!.AcceptedAt);
            Add(channel, "order to delivered", o => o.State.Delivery!.DeliveredAt!.Value - o.State.Payment.Order!.AcceptedAt);
        }

        return figures;

        void Add(string channel, string what, Func<(string Id, OrderState State), TimeSpan> time)
        {
            var calm = Median(orders[(channel, false)].Select(time));
            var during = Median(orders[(channel, true)].Select(time));
            figures.Add(new(channel, what, calm, during));
        }
    }

    private static double Median(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Select(t => t.TotalMilliseconds).Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[sorted.Count / 2];
    }

    private static async Task PassAsync(TimeSpan time)
    {
        // The outage lasts; nothing is waited for.
        if (time > TimeSpan.Zero)
        {
            await Task.Delay(time);
        }
    }

    private static async Task FallAsync(RunningShop shop)
    {
        using var fault = new StringContent(
            """{"kind":"timeout-before","channel":"alipay","times":1000000,"milliseconds":20000}""", Encoding.UTF8,
            "application/json");
        using var answer = await shop.Http.PostAsync(new Uri(shop.Sandbox, "/control/faults"), fault);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<bool> IsOfferedAsync(RunningShop shop)
    {
        using var answer = await shop.Http.GetAsync(new Uri(shop.Api, "/v1/products"));
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("channels").EnumerateArray().All(c => c.GetProperty("up").GetBoolean());
    }

    private static Task<long> DeliveredAsync(RunningShop shop) =>
        shop.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'");

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;

    private sealed record Figure(string Channel, string What, double Calm, double During)
    {
        public string Text => string.Create(
            CultureInfo.InvariantCulture,
            $"{Channel}, {What}: median {Calm:F0} ms in calm, {During:F0} ms during the outage, ratio {During / Calm:F2}");
    }

    private sealed record Refusal(DateTimeOffset At, string Text);

    /// <summary>Buyers who come at a steady rate, whether the shop keeps up or not; the channels take turns.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly RunningShop _shop;
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentBag<Task> _calls = [];
        private readonly Task _run;

        public Load(RunningShop shop)
        {
            _shop = shop;
            _run = RunAsync();
        }

        public ConcurrentBag<string> Accepted { get; } = [];

        public ConcurrentBag<Refusal> Refusals { get; } = [];

        public ConcurrentBag<string> Failures { get; } = [];

        /// <summary>No buyer comes any more, and all have their answer.</summary>
        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _run;
            await Task.WhenAll(_calls);
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task RunAsync()
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            var started = Stopwatch.GetTimestamp();
            var count = 0;
            try
            {
                while (await timer.WaitForNextTickAsync(_stop.Token))
                {
                    for (var due = Stopwatch.GetElapsedTime(started).TotalSeconds * Rate; count < due; count++)
                    {
                        _calls.Add(BuyAsync(Channels[count % Channels.Length]));
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The end.
            }
        }

        private async Task BuyAsync(string channel)
        {
            try
            {
                using var answer = await _shop.PostOrderAsync(
                    $$"""{"sku":"AWAY","quantity":1,"contact":"buyer@example.org","channel":"{{channel}}"}""");
                using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    Accepted.Add(json.RootElement.GetProperty("orderId").GetString()!);
                }
                else if (answer.StatusCode == HttpStatusCode.BadRequest
                    && json.RootElement.GetProperty("errors").TryGetProperty("channel", out var errors))
                {
                    Refusals.Add(new(DateTimeOffset.UtcNow, errors[0].GetString()!));
                }
                else
                {
                    Failures.Add($"{(int)answer.StatusCode} {json.RootElement}");
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException or KeyNotFoundException)
            {
                Failures.Add(e.Message);
            }
        }
    }
}
