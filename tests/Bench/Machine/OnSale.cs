using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Machine;

/// <summary>Products that are offered, and buyers who order one of them over HTTP.</summary>
internal static class OnSale
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Puts the feed's products into the catalog, at 10 yuan each.</summary>
    public static async Task OfferAsync(ShopServers servers, OrderFeed feed, CancellationToken cancellation)
    {
        for (var i = 0; i < feed.Products; i++)
        {
            await CatalogStore.PutAsync(
                servers.Database,
                new(feed.Sku(i), "Game card " + feed.Sku(i), 1_000, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0), "a",
                cancellation);
        }
    }

    /// <returns>Where the accepted order is shown, and its token.</returns>
    public static async Task<(string Url, string Token)> BuyAsync(
        HttpClient http, string sku, int number, CancellationToken cancellation, string channel = "alipay")
    {
        using var content = new StringContent(
            $$"""{"sku":"{{sku}}","quantity":1,"contact":"buyer{{number}}@example.org","channel":"{{channel}}"}""", Encoding.UTF8,
            "application/json");
        using var answer = await http.PostAsync(new Uri("/v1/orders", UriKind.Relative), content, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            throw new BenchFailedException($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellation)}");
        }

        var accepted = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        return (accepted.GetProperty("statusUrl").GetString()!, accepted.GetProperty("token").GetString()!);
    }

    /// <summary>An API that has just started knows its products when it has read them from Kafka: waits until it sells so many products with stock.</summary>
    public static async Task UntilAsync(HttpClient http, int products, CancellationToken cancellation)
    {
        var from = Stopwatch.GetTimestamp();
        while (true)
        {
            using var answer = await http.GetAsync(new Uri("/v1/products", UriKind.Relative), cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            if (answer.IsSuccessStatusCode && text.Split("\"stock\":").Length > products)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(from) > Limit)
            {
                throw new BenchFailedException($"The API does not sell the products within {Limit.TotalSeconds} s: {text}");
            }

            await Task.Delay(100, cancellation);
        }
    }
}
