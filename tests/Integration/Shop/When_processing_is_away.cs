using System.Diagnostics;
using System.Net;
using CardShop.Contracts;
using CardShop.Local.Servers;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_processing_is_away(TestServers servers)
{
    [Fact]
    public async Task Orders_are_accepted_without_database_queues_and_fleets_and_processed_once_afterwards()
    {
        const int Orders = 2_000;
        await using var postgres = PostgresServer.Create(servers.NewFolder("own-postgres"));
        await using var rabbit = RabbitMqServer.Create(servers.NewFolder("own-rabbit"));
        await Task.WhenAll(postgres.StartAsync(), rabbit.StartAsync());
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Postgres:ConnectionString"] = postgres.ConnectionString,
            ["RabbitMq:Uri"] = rabbit.Uri,
            ["Sandbox:AutoPay"] = "true",
        });
        await shop.AddProductAsync("AWAY", Orders);
        await shop.StopFleetsAsync();
        await Task.WhenAll(postgres.StopAsync(), rabbit.StopAsync());

        var placed = new List<PlacedOrder>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Orders), new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (i, _) =>
            {
                var order = await shop.PlaceAsync("AWAY", contact: $"buyer{i}@example.org");
                lock (placed)
                {
                    placed.Add(order);
                }
            });
        var (status, view) = await shop.ShowAsync(placed[0]);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(view.GetProperty("degraded").GetBoolean());
        Assert.Equal("queued", view.GetProperty("status").GetString());

        await Task.WhenAll(postgres.RestartAsync(), rabbit.RestartAsync());
        shop.StartFleets();

        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                "SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'") == Orders,
            () => "everything is delivered", TimeSpan.FromSeconds(120));
        Assert.Equal(Orders, placed.Select(o => o.Id).Distinct().Count());
        Assert.Equal(Orders, await shop.CountAsync(
            "SELECT count(DISTINCT order_id) FROM shop.card_keys WHERE status = 'sold'"));
        await Eventually.TrueAsync(
            async () => (await shop.RecordsAsync(Topics.Deliveries)).Count(
                e => e.Type == MessageTypes.OrderDelivered) == Orders,
            "every delivery is on the topic once");
    }

    [Fact]
    public async Task Without_the_log_nothing_is_acknowledged_and_the_buyer_hears_it_within_five_seconds()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("LOGLESS", keys: 10);
        await shop.Broker.StopAsync();

        var clock = Stopwatch.StartNew();
        using var answer = await shop.PostOrderAsync(
            """{"sku":"LOGLESS","quantity":1,"contact":"buyer@example.org","channel":"alipay"}""",
            key: "the-same-key-both-times");
        clock.Stop();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"answered after {clock.Elapsed}");
        await shop.Broker.RestartAsync();
        PlacedOrder? order = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    order = await shop.PlaceAsync("LOGLESS", key: "the-same-key-both-times");
                    return true;
                }
                catch (InvalidOperationException)
                {
                    return false;
                }
            },
            "orders are taken again");
        await shop.PayAsync(order!);
        await shop.UntilAsync(order!, "delivered");
        Assert.Equal(1, await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga"));
    }
}
