using System.Text;
using CardShop.Contracts;
using CardShop.Tests.Integration.Keys;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_goods_are_manual(TestServers servers)
{
    private const string Secret = "账号 hero / 密码 7Q-fortytwo";

    [Fact]
    public async Task An_operator_hands_them_over_and_nothing_but_the_buyers_page_shows_the_text()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await Shopctl.AddProductAsync(shop, "HERO", "manual", "--max-quantity", "5");
        var order = await shop.PlaceAsync("HERO", quantity: 2);
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "paid");
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                "SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'manual'") == 1,
            "it waits for an operator");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "order", "manual"));
        Assert.Equal(1, await Shopctl.RunAsync(shop, "review", "deliver", order.Id, "--why", "tries"));

        var file = Path.Combine(Directory.CreateDirectory(servers.NewFolder("text")).FullName, "text");
        await File.WriteAllTextAsync(file, Secret, TestContext.Current.CancellationToken);
        string[] deliver = ["order", "deliver", order.Id, "--file", file, "--why", "it is made"];
        Assert.Equal(0, await Shopctl.RunAsync(shop, deliver));
        var again = await Shopctl.LastApprovalAsync(shop);
        Assert.Equal(0, await Shopctl.RunAsync(shop, [.. deliver, "--approval", again]));
        Assert.Equal(1, await Shopctl.RunAsync(shop, "order", "deliver", order.Id, "--text", "another", "--why", "a mistake"));

        Assert.Equal([Secret], Secrets(await shop.UntilAsync(order, "delivered")));
        Assert.Equal("1 0 0 1 0", await KeyShop.StockAsync(shop, "HERO"));
        Assert.Single(await shop.RecordsAsync(Topics.Deliveries), r => r.Type == MessageTypes.OrderDelivered);
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.progress WHERE grp = 'delivery' AND next_offset = 1") == 1,
            "the fleet has read the text's record, and found it done");

        var key = await KeyIdAsync(shop);
        Assert.Equal(0, await Shopctl.RunAsync(
            shop, "order", "replace", order.Id, key, "--reason", "wrong password", "--text", "hero / 8R"));
        Assert.Equal(["hero / 8R"], Secrets(await shop.UntilAsync(order, "delivered")));
        Assert.Equal("2 0 0 1 1", await KeyShop.StockAsync(shop, "HERO"));
        await AssertSecretAsync(shop, Secret, "hero / 8R");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));
    }

    [Fact]
    public async Task What_nobody_hands_over_in_time_goes_to_review_and_can_still_be_delivered_or_refunded()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await Shopctl.AddProductAsync(shop, "SLOW", "manual", "--wait-seconds", "1");
        PlacedOrder[] orders = [await shop.PlaceAsync("SLOW"), await shop.PlaceAsync("SLOW")];
        foreach (var order in orders)
        {
            await shop.PayAsync(order);
            await shop.UntilAsync(order, "review");
        }

        Assert.Equal(0, await Shopctl.RunAsync(shop, "order", "deliver", orders[0].Id, "--text", "at last", "--why", "late"));
        Assert.Equal(["at last"], Secrets(await shop.UntilAsync(orders[0], "delivered")));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "review", "refund", orders[1].Id, "--reason", "never made"));
        await shop.UntilAsync(orders[1], "refunded");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));
    }

    internal static string[] Secrets(System.Text.Json.JsonElement order) =>
        [.. order.GetProperty("delivery").GetProperty("keys").EnumerateArray().Select(k => k.GetProperty("secret").GetString()!)];

    private static async Task<string> KeyIdAsync(RunningShop shop)
    {
        await using var command = shop.Database.CreateCommand("SELECT id::text FROM shop.card_keys WHERE status = 'sold'");
        return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    /// <summary>Neither in any record nor in any table.</summary>
    private static async Task AssertSecretAsync(RunningShop shop, params string[] texts)
    {
        foreach (var topic in Topics.All)
        {
            foreach (var record in await shop.RecordsAsync(topic))
            {
                var value = Encoding.UTF8.GetString(record.Value ?? []);
                Assert.DoesNotContain(texts, t => value.Contains(t, StringComparison.Ordinal));
            }
        }

        foreach (var table in new[] { "mt_doc_paymentsaga", "mt_doc_deliverysaga", "card_keys", "outbox", "parked" })
        {
            foreach (var text in texts)
            {
                Assert.Equal(0, await shop.CountAsync(
                    $"SELECT count(*) FROM shop.{table} t WHERE t::text LIKE '%{text}%' OR t::text LIKE '%{Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text))}%'"));
            }
        }
    }
}
