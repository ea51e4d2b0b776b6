using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Partners;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Partners;

/// <summary>
/// Partners that know nothing but contracts/README.md, each of the three ways, through a restart of the log.
/// CARDSHOP_TEST_PARTNER_ORDERS says for how many orders.
/// </summary>
public sealed class When_partners_follow_the_events(TestServers servers, ITestOutputHelper output)
{
    private const int Refunds = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["Sandbox:AutoPay"] = "true",
        // Half of the calls fail, so some events fail ten times: gaps must not grow to hours here.
        ["Webhooks:FirstRetry"] = "00:00:00.200",
        ["Webhooks:LongestGap"] = "00:00:02",
    };

    private static int Orders => int.Parse(
        Environment.GetEnvironmentVariable("CARDSHOP_TEST_PARTNER_ORDERS") ?? "4000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Each_event_is_handled_once_by_Kafka_by_HTTP_and_by_an_endpoint_that_fails_half_of_its_calls()
    {
        await using var shop = await RunningShop.StartAsync(servers, Settings);
        await shop.AddProductAsync("GIFT", keys: Orders);
        var partner = await Partnership.MakeAsync(shop, "acme");
        await using var endpoint = await WebhookEndpoint.StartAsync();
        // Every second call fails, one of two without an answer.
        endpoint.Answer = n => n % 4 == 0 ? -1 : n % 2 == 0 ? 500 : 200;
        var (_, secret) = await partner.AddWebhookAsync(endpoint.Url);
        await using var kafka = PartnerScript.Start("consume_kafka.py", servers.NewFolder("kafka-partner"), new Dictionary<string, string>
        {
            ["CARDSHOP_KAFKA"] = shop.Broker.BootstrapServers,
            ["EVENTS_GROUP"] = "acme",
        });
        await using var http = PartnerScript.Start("consume_http.py", servers.NewFolder("http-partner"), new Dictionary<string, string>
        {
            ["CARDSHOP_API"] = shop.Api.AbsoluteUri,
            ["CARDSHOP_PARTNER_KEY"] = partner.Key,
        });
        var started = TimeProvider.System.GetTimestamp();
        string Seen() => string.Create(
            CultureInfo.InvariantCulture,
            $"{kafka.Count} by Kafka, {http.Count} by HTTP, {endpoint.HandledCount} by webhook after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");

        await PlaceAsync(shop, 0, Orders / 2);
        await Eventually.TrueAsync(
            () => Task.FromResult(kafka.Count >= Refunds && http.Count > 0 && endpoint.HandledCount > 0),
            () => $"all see first events: {Seen()}; {kafka.Errors} {http.Errors}", Patience);
        output.WriteLine($"{Orders / 2} orders placed, the log killed: {Seen()}");
        await shop.Broker.KillAsync();
        await shop.Broker.StartAsync(TestContext.Current.CancellationToken);
        await PlaceAsync(shop, Orders / 2, Orders - (Orders / 2));
        output.WriteLine($"{Orders} orders placed: {Seen()}");
        await RefundAsync(shop, [.. kafka.Events.Take(Refunds).Select(e => e[2])]);
        await Eventually.TrueAsync(
            () => Task.FromResult(new[] { kafka.Count, http.Count, endpoint.HandledCount }.Min() >= Orders + Refunds),
            () => $"all have {Orders + Refunds} events: {Seen()}; {kafka.Errors} {http.Errors}", Patience);
        output.WriteLine($"all events: {Seen()}, {endpoint.Calls.Count} calls");

        var published = (await shop.RecordsAsync(Topics.Deliveries)).Select(r => r.CloudEvent!.Id).Distinct().Order().ToList();
        Assert.Equal(Orders + Refunds, published.Count);
        Assert.Equal(published, kafka.Events.Select(e => e[0]).Order());
        Assert.Equal(published, http.Events.Select(e => e[0]).Order());
        Assert.Equal(published, endpoint.Handled.Order());
        Assert.All(new[] { kafka, http }, s => RequireOrder([.. s.Events.Select(e => (e[2], e[3]))]));
        RequireOrder([.. endpoint.Taken.DistinctBy(c => c.Id).Select(c => (c.Order, c.Sequence))]);
        Assert.True(endpoint.Calls.Count(c => c.Answer != 200) >= endpoint.Calls.Count / 2);
        var some = endpoint.Taken.Take(500).ToList();
        Assert.Equal(
            (some.Count, 0),
            await PartnerScript.VerifyAsync(
                servers.NewFolder("webhook-partner"), WebhookSignature.Text(secret), some, TestContext.Current.CancellationToken));
    }

    /// <summary>The refunded orders have two events: the delivery comes first, and their sequence rises.</summary>
    private static void RequireOrder(IReadOnlyList<(string Order, string Sequence)> events)
    {
        var twice = events.GroupBy(e => e.Order).Select(g => g.Select(e => e.Sequence).ToList()).Where(s => s.Count > 1).ToList();
        Assert.Equal(Refunds, twice.Count);
        Assert.All(twice, s => Assert.True(string.CompareOrdinal(s[0], s[1]) < 0));
    }

    private static async Task RefundAsync(RunningShop shop, IReadOnlyList<string> orders)
    {
        foreach (var order in orders)
        {
            var refund = new PaymentMessage.OperatorRefund(
                order, new("refund-" + order, "ann", DateTimeOffset.UnixEpoch), null, null, "goodwill");
            await Eventually.TrueAsync(
                async () => (await shop.DecideAsync(refund)).Result is OperatorResult.Done or OperatorResult.Repeated,
                $"order {order} is refunded");
        }
    }

    private static async Task PlaceAsync(RunningShop shop, int first, int count) => await Parallel.ForEachAsync(
        Enumerable.Range(first, count), new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (n, stop) =>
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"partner-order-{n:D8}");
            // The log may just be coming back: 503 says to send the same again.
            await Eventually.TrueAsync(
                async () =>
                {
                    using var answer = await shop.PostOrderAsync(
                        $$"""{"sku":"GIFT","quantity":1,"contact":"buyer{{n}}@example.org","channel":"alipay"}""", key);
                    return answer.IsSuccessStatusCode;
                },
                $"order {n} is accepted");
        });
}
