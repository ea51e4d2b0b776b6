using System.Net;
using System.Text.Json;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_a_request_is_repeated(TestServers servers)
{
    private const string Key = "a-key-that-nobody-guesses";
    private const string Body = """{"sku":"SAME","quantity":1,"contact":"Buyer@Example.org ","channel":"alipay"}""";

    [Fact]
    public async Task The_same_key_is_the_same_order_and_another_body_is_refused()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("SAME", keys: 10);

        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => IdOfAsync(shop, Body)));
        var normalised = await IdOfAsync(shop, Body.Replace("Buyer@Example.org ", "buyer@example.org", StringComparison.Ordinal));
        using var other = await shop.PostOrderAsync(Body.Replace(":1,", ":2,", StringComparison.Ordinal), Key);

        Assert.Single(ids.Append(normalised).Distinct());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT reserved FROM shop.stock") == 1, "the order is processed");
        Assert.Equal(1, await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga"));
    }

    [Fact]
    public async Task A_sold_out_answer_leaves_the_earlier_order_reachable()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("LAST", keys: 1);
        var first = await shop.PlaceAsync("LAST", key: Key);
        await Eventually.TrueAsync(
            async () => (await shop.ProductsAsync())["LAST"] == 0, "the API knows that it is sold out");

        using var fresh = await shop.PostOrderAsync(
            """{"sku":"LAST","quantity":1,"contact":"someone.else@example.org","channel":"alipay"}""", Key);

        Assert.Equal(HttpStatusCode.Conflict, fresh.StatusCode);
        using var json = JsonDocument.Parse(await fresh.Content.ReadAsStringAsync());
        var other = new PlacedOrder(
            json.RootElement.GetProperty("orderId").GetString()!, json.RootElement.GetProperty("token").GetString()!);
        Assert.NotEqual(first.Id, other.Id);
        Assert.Equal(HttpStatusCode.NotFound, (await shop.ShowAsync(other)).Status);
        Assert.Equal(HttpStatusCode.OK, (await shop.ShowAsync(first)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await shop.ShowAsync(first with { Token = other.Token })).Status);
    }

    private static async Task<string> IdOfAsync(RunningShop shop, string body)
    {
        using var answer = await shop.PostOrderAsync(body, Key);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("orderId").GetString()!;
    }
}
