using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_an_order_is_looked_up(TestServers servers)
{
    [Fact]
    public async Task Contact_and_password_find_the_tokens_of_the_newest_orders_and_whoever_lacks_one_learns_nothing()
    {
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string> { ["RateLimits:LookupsPerContact"] = "6" });
        await shop.AddProductAsync("CARD", keys: 50);
        var orders = new List<string>();
        for (var i = 0; i < 22; i++)
        {
            using var placed = await shop.PostOrderAsync(
                """{"sku":"CARD","quantity":1,"contact":"Ann@Example.org","channel":"alipay","password":"open sesame"}""");
            using var json = JsonDocument.Parse(await placed.Content.ReadAsStringAsync());
            orders.Add(json.RootElement.GetProperty("orderId").GetString()!);
        }

        await shop.PlaceAsync("CARD", contact: "ann@example.org");
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga") == 23, "all are processed");

        var (status, body) = await LookUpAsync(shop, " ann@example.ORG ", "open sesame");
        Assert.Equal(HttpStatusCode.OK, status);
        using var found = JsonDocument.Parse(body);
        var list = found.RootElement.GetProperty("orders").EnumerateArray().ToList();
        Assert.Equal(orders.AsEnumerable().Reverse().Take(20), list.Select(o => o.GetProperty("orderId").GetString()!));
        var newest = new PlacedOrder(list[0].GetProperty("orderId").GetString()!, list[0].GetProperty("token").GetString()!);
        await shop.PayAsync(newest);
        await shop.UntilAsync(newest, "delivered");

        var wrong = await LookUpAsync(shop, "ann@example.org", "open barley");
        Assert.Equal(HttpStatusCode.NotFound, wrong.Status);
        Assert.Equal(wrong, await LookUpAsync(shop, "bob@example.org", "open sesame"));

        // Six tries of a contact within ten minutes, right or wrong; others are not held up.
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(HttpStatusCode.NotFound, (await LookUpAsync(shop, "ann@example.org", "open barley")).Status);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await LookUpAsync(shop, "ann@example.org", "open sesame")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await LookUpAsync(shop, "eve@example.org", "open sesame")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await LookUpAsync(shop, "eve@example.org", "short")).Status);
    }

    private static async Task<(HttpStatusCode Status, string Body)> LookUpAsync(RunningShop shop, string contact, string password)
    {
        using var content = new StringContent(
            $$"""{"contact":"{{contact}}","password":"{{password}}"}""", Encoding.UTF8, "application/json");
        using var answer = await shop.Http.PostAsync(new Uri(shop.Api, "/v1/lookup"), content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
