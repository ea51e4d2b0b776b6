using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_an_order_is_not_paid(TestServers servers)
{
    [Fact]
    public async Task It_expires_is_closed_at_the_provider_and_gives_its_stock_back()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("BRIEF", keys: 5, holdSeconds: 2);
        var order = await shop.PlaceAsync("BRIEF", quantity: 5);

        await shop.UntilAsync(order, "expired");

        Assert.Equal(1, await shop.CountAsync(
            "SELECT count(*) FROM shop.stock WHERE available = 5 AND reserved = 0 AND held = 0"));
        await Eventually.TrueAsync(
            async () => (await shop.RecordsAsync(Topics.Deliveries)).Count(
                e => e.Key == order.Id && e.Type == MessageTypes.OrderExpired) == 1,
            "partners learn of it");
    }

    [Fact]
    public async Task A_cancelled_one_gives_its_stock_back_at_once_and_cancelling_twice_changes_nothing()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("MIND", keys: 5);
        var order = await shop.PlaceAsync("MIND", quantity: 2);
        await shop.UntilAsync(order, "awaiting-payment");

        await CancelAsync(shop, order);
        await CancelAsync(shop, order);

        await shop.UntilAsync(order, "cancelled");
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                "SELECT count(*) FROM shop.stock WHERE available = 5 AND reserved = 0 AND held = 0") == 1,
            "the stock is back");
    }

    [Fact]
    public async Task Money_that_comes_late_is_delivered_while_there_is_stock_and_else_given_back()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("LATE", keys: 2);
        var first = await shop.PlaceAsync("LATE", quantity: 2);
        var second = await AwaitingAsync(shop, first);
        await CancelBeforeScanAsync(shop, first);

        await shop.PayNumberAsync(second);
        await shop.UntilAsync(first, "delivered");

        Assert.Equal(2, await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE status = 'sold'"));
        await shop.ImportAsync("LATE", ["one-more"]);
        await Eventually.TrueAsync(
            async () => (await shop.ProductsAsync())["LATE"] == 1, "one more is in stock");
        var third = await shop.PlaceAsync("LATE");
        var number = await AwaitingAsync(shop, third);
        await CancelBeforeScanAsync(shop, third);
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync())["LATE"] == 1, "the API sells it again");
        var fourth = await shop.PlaceAsync("LATE");
        await shop.PayAsync(fourth);
        await shop.UntilAsync(fourth, "delivered");

        await shop.PayNumberAsync(number);
        await shop.UntilAsync(third, "refunded");

        Assert.Equal(1, await shop.CountAsync(
            $"SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE id = '{third.Id}' AND data ->> 'status' = 'withdrawn'"));
        await Eventually.TrueAsync(
            async () => (await shop.RecordsAsync(Topics.Deliveries)).Count(
                e => e.Key == third.Id && e.Type == MessageTypes.OrderRefunded) == 1,
            "partners learn of the refund");
    }

    private static async Task<string> AwaitingAsync(RunningShop shop, PlacedOrder order)
    {
        var link = (await shop.UntilAsync(order, "awaiting-payment")).GetProperty("payment").GetProperty("link").GetString()!;
        return link[(link.LastIndexOf('/') + 1)..];
    }

    /// <summary>Ends the order while its code was not scanned yet: there is no trade to close, and the code can still be paid.</summary>
    private static async Task CancelBeforeScanAsync(RunningShop shop, PlacedOrder order)
    {
        await CancelAsync(shop, order);
        await shop.UntilAsync(order, "cancelled");
    }

    private static async Task CancelAsync(RunningShop shop, PlacedOrder order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(shop.Api, $"/v1/orders/{order.Id}/cancel"));
        request.Headers.Authorization = new("Bearer", order.Token);
        using var answer = await shop.Http.SendAsync(request);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.StatusCode);
    }
}
