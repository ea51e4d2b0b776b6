using System.Text.Json;
using CardShop.Contracts;
using CardShop.Tests.Integration.Keys;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_a_key_is_faulty(TestServers servers)
{
    [Fact]
    public async Task Another_takes_its_place_once_and_partners_and_the_audit_learn_of_it()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("CARD", keys: 3);
        var order = await shop.PlaceAsync("CARD", quantity: 2);
        await shop.PayAsync(order);
        var before = When_goods_are_manual.Secrets(await shop.UntilAsync(order, "delivered"));
        var ids = JsonSerializer.Deserialize(
            (await shop.RecordsAsync(Topics.Deliveries)).Single(r => r.Type == MessageTypes.OrderDelivered).Value,
            ContractsJson.Default.OrderDelivered)!.KeyIds;
        string[] replace = ["order", "replace", order.Id, ids[0].ToString(), "--reason", "does not redeem"];

        Assert.Equal(0, await Shopctl.RunAsync(shop, replace));
        var approval = await Shopctl.LastApprovalAsync(shop);
        Assert.Equal(0, await Shopctl.RunAsync(shop, [.. replace, "--approval", approval]));
        Assert.Equal(1, await Shopctl.RunAsync(shop, replace));

        var after = When_goods_are_manual.Secrets(await shop.UntilAsync(order, "delivered"));
        Assert.Equal(before[1], after[1]);
        Assert.DoesNotContain(after[0], before);
        Assert.Equal("3 0 0 2 1", await KeyShop.StockAsync(shop, "CARD"));
        Assert.Equal(1, await shop.CountAsync(
            $"SELECT count(*) FROM shop.card_keys WHERE id = '{ids[0]}' AND status = 'void' AND order_id = '{order.Id}'"));
        var sent = JsonSerializer.Deserialize(
            Assert.Single(await shop.RecordsAsync(Topics.Deliveries), r => r.Type == MessageTypes.KeyReplaced).Value,
            ContractsJson.Default.KeyReplaced)!;
        Assert.Equal((order.Id, ids[0]), (sent.OrderId, sent.ReplacedKeyId));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));

        // Nothing is left: it is said, nothing changes; with a new key it works.
        string[] again = ["order", "replace", order.Id, ids[1].ToString(), "--reason", "neither does this"];
        Assert.Equal(1, await Shopctl.RunAsync(shop, again));
        Assert.Equal("3 0 0 2 1", await KeyShop.StockAsync(shop, "CARD"));
        await shop.ImportAsync("CARD", ["NEW-KEY"]);
        await Eventually.TrueAsync(async () => await KeyShop.StockAsync(shop, "CARD") == "4 1 0 2 1", "the new key is in stock");
        Assert.Equal(0, await Shopctl.RunAsync(shop, again));
        Assert.Equal([after[0], "NEW-KEY"], When_goods_are_manual.Secrets(await shop.UntilAsync(order, "delivered")));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));
        var audit = (await Shopctl.AuditAsync(shop)).Where(e => e.Action == "order.replace").ToList();
        Assert.Equal(5, audit.Count(e => e.Outcome == AuditOutcome.Started));
        Assert.Equal(3, audit.Count(e => e.Outcome == AuditOutcome.Done));
        Assert.Equal(2, audit.Count(e => e.Outcome == AuditOutcome.Failed));
    }
}
