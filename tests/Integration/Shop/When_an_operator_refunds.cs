using CardShop.Contracts;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>An operator's decision runs the normal saga: committed under the fence, sent, answered by the provider.</summary>
public sealed class When_an_operator_refunds(TestServers servers)
{
    [Fact]
    public async Task A_delivered_order_in_parts_it_stays_delivered_until_all_is_given_back()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("GIFT", keys: 10);
        var order = await shop.PlaceAsync("GIFT", quantity: 3);
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");

        var part = Refund(order.Id, "c1", 1_200);
        Assert.Equal(OperatorResult.Done, (await shop.DecideAsync(part)).Result);
        await RefundedAsync(shop, order.Id, 1_200);
        await shop.UntilAsync(order, "delivered");

        Assert.Equal(OperatorResult.Repeated, (await shop.DecideAsync(part)).Result);
        var tooMuch = await shop.DecideAsync(Refund(order.Id, "c2", 1_801));
        Assert.Equal((OperatorResult.Refused, true), (tooMuch.Result, tooMuch.Reason!.Contains("1800 fen", StringComparison.Ordinal)));

        Assert.Equal(OperatorResult.Done, (await shop.DecideAsync(Refund(order.Id, "c3", null))).Result);
        var refunded = await shop.UntilAsync(order, "refunded");
        Assert.Equal(3, refunded.GetProperty("delivery").GetProperty("keys").GetArrayLength());
        await RefundedAsync(shop, order.Id, 3_000);
        await Eventually.TrueAsync(
            async () => (await shop.RecordsAsync(Topics.Deliveries)).Count(r => r.Type == MessageTypes.OrderRefunded) == 1,
            "partners learn of it once");
        Assert.Equal(3, await shop.CountAsync("SELECT sold FROM shop.stock WHERE sku = 'GIFT'"));
    }

    private static PaymentMessage Refund(string orderId, string commandId, long? amount) =>
        new PaymentMessage.OperatorRefund(orderId, new(commandId, "ann", DateTimeOffset.UnixEpoch), null, amount, "goodwill");

    private static Task RefundedAsync(RunningShop shop, string orderId, long amount) => Eventually.TrueAsync(
        async () => (await ReviewQueries.FindAsync(shop.Database, orderId, default))!.Payments[0].Refunds!
            .Where(r => r.State == RefundState.Done).Sum(r => r.Amount) == amount,
        $"{amount} fen are given back");
}
