using System.Net;
using CardShop.Tests.Integration.Keys;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_a_key_is_reusable(TestServers servers)
{
    [Fact]
    public async Task It_is_sold_up_to_its_quota_and_every_buyer_gets_the_same_text()
    {
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string> { ["Sandbox:AutoPay"] = "true" });
        await Shopctl.AddProductAsync(shop, "SHARED", "reusable");
        var file = Path.Combine(Directory.CreateDirectory(servers.NewFolder("keys")).FullName, "keys");
        Assert.Equal(2, await Shopctl.ImportAsync(shop, "SHARED", file, ["LINK-1"]));
        Assert.Equal(0, await Shopctl.ImportAsync(shop, "SHARED", file, ["LINK-1"], "--quota", "5"));
        Assert.Equal("5 5 0 0 0", await KeyShop.StockAsync(shop, "SHARED"));
        // The same key with a higher quota has the difference more.
        Assert.Equal(0, await Shopctl.ImportAsync(shop, "SHARED", file, ["LINK-1"], "--quota", "8"));
        Assert.Equal("8 8 0 0 0", await KeyShop.StockAsync(shop, "SHARED"));
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync())["SHARED"] == 8, "the API sells what is left of the quota");

        var orders = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PlaceAsync(shop, i)));
        var accepted = orders.OfType<PlacedOrder>().ToList();
        var texts = new List<string>();
        foreach (var order in accepted)
        {
            var status = string.Empty;
            await Eventually.TrueAsync(
                async () => (status = (await shop.ShowAsync(order)).Body.GetProperty("status").GetString()!) is "delivered" or "sold-out",
                "it is delivered or sold out");
            texts.AddRange(status == "delivered" ? When_goods_are_manual.Secrets((await shop.ShowAsync(order)).Body) : []);
        }

        Assert.Equal(Enumerable.Repeat("LINK-1", 8), texts);
        Assert.Equal("8 0 0 8 0", await KeyShop.StockAsync(shop, "SHARED"));
        Assert.Equal(8, await shop.CountAsync("SELECT count(DISTINCT order_id) FROM shop.card_keys WHERE status = 'sold'"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));
    }

    private static async Task<PlacedOrder?> PlaceAsync(RunningShop shop, int buyer)
    {
        using var answer = await shop.PostOrderAsync(
            $$"""{"sku":"SHARED","quantity":1,"contact":"buyer{{buyer}}@example.org","channel":"alipay"}""");
        if (answer.StatusCode == HttpStatusCode.Conflict)
        {
            return null;
        }

        using var json = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return new(json.RootElement.GetProperty("orderId").GetString()!, json.RootElement.GetProperty("token").GetString()!);
    }
}
