using System.Globalization;
using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Partners;

/// <summary>
/// Partners that know nothing but contracts/README.md, through a restart of the log. CARDSHOP_TEST_PARTNER_ORDERS says for
/// how many orders.
/// </summary>
public sealed class When_partners_follow_the_events(TestServers servers, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    private static int Orders => int.Parse(
        Environment.GetEnvironmentVariable("CARDSHOP_TEST_PARTNER_ORDERS") ?? "400", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Each_event_comes_once_by_id_through_a_restart_of_the_log()
    {
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string> { ["Sandbox:AutoPay"] = "true" });
        await shop.AddProductAsync("GIFT", keys: Orders);
        var partner = await Partnership.MakeAsync(shop, "acme");
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

        await PlaceAsync(shop, 0, Orders / 2);
        await Eventually.TrueAsync(
            () => kafka.Count > 0 && http.Count > 0, $"both see first events; {kafka.Errors} {http.Errors}", Patience);
        await shop.Broker.KillAsync();
        await shop.Broker.StartAsync(TestContext.Current.CancellationToken);
        await PlaceAsync(shop, Orders / 2, Orders - (Orders / 2));

        await Eventually.TrueAsync(
            () => Task.FromResult(kafka.Count >= Orders && http.Count >= Orders),
            () => $"both have {Orders} events: {kafka.Count} by Kafka, {http.Count} by HTTP; {kafka.Errors} {http.Errors}", Patience);
        output.WriteLine($"{Orders} orders after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");
        var published = (await shop.RecordsAsync(Topics.Deliveries)).Select(r => r.CloudEvent!.Id).Distinct().Order().ToList();
        Assert.Equal(Orders, published.Count);
        Assert.Equal(published, kafka.Events.Select(e => e[0]).Order());
        Assert.Equal(published, http.Events.Select(e => e[0]).Order());
        Assert.All(http.Events, e => Assert.Equal(MessageTypes.OrderDelivered, e[1]));
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
