using System.Net;
using System.Text.Json;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>Bad input gets a clear error, never a 500, and nothing is written.</summary>
public sealed class When_a_request_is_wrong(TestServers servers)
{
    private const string Good = """{"sku":"FINE","quantity":1,"contact":"buyer@example.org","channel":"alipay"}""";

    [Fact]
    public async Task Every_endpoint_says_what_is_wrong_and_writes_nothing()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("FINE", keys: 5, maxQuantity: 3);
        (string Body, int Status, string? Field)[] cases =
        [
            ("", 400, null),
            ("null", 400, null),
            ("[]", 400, null),
            ("{", 400, null),
            (Good + "x", 400, null),
            (Good.Replace(":1,", ":0,", StringComparison.Ordinal), 400, "quantity"),
            (Good.Replace(":1,", ":-3,", StringComparison.Ordinal), 400, "quantity"),
            (Good.Replace(":1,", ":1.5,", StringComparison.Ordinal), 400, "quantity"),
            (Good.Replace(":1,", ":\"1\",", StringComparison.Ordinal), 400, "quantity"),
            (Good.Replace(":1,", ":99999999999999999999,", StringComparison.Ordinal), 400, "quantity"),
            (Good.Replace(":1,", ":4,", StringComparison.Ordinal), 400, "quantity"),
            (Good.Replace("\"alipay\"", "\"cash\"", StringComparison.Ordinal), 400, "channel"),
            (Good.Replace("\"alipay\"", "null", StringComparison.Ordinal), 400, "channel"),
            (Good.Replace("buyer@example.org", " ", StringComparison.Ordinal), 400, "contact"),
            (Good.Replace("buyer@example.org", "a\\u0000bc", StringComparison.Ordinal), 400, "contact"),
            (Good.Replace("FINE", "../../etc", StringComparison.Ordinal), 400, "sku"),
            (Good.Replace("FINE", "NONE", StringComparison.Ordinal), 404, null),
            (Good.Replace("{", "{\"price\":1,", StringComparison.Ordinal), 400, "price"),
            (Good.Replace("{", "{\"sku\":\"FINE\",", StringComparison.Ordinal), 400, "sku"),
            (Good.Replace("FINE", new string('x', 17_000), StringComparison.Ordinal), 413, null),
            (new string('[', 10_000), 400, null),
        ];

        foreach (var (body, status, field) in cases)
        {
            using var answer = await shop.PostOrderAsync(body);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(status == (int)answer.StatusCode, $"{body[..Math.Min(80, body.Length)]}: {answer.StatusCode} {text}");
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            using var json = JsonDocument.Parse(text);
            Assert.Equal(status, json.RootElement.GetProperty("status").GetInt32());
            if (field is not null)
            {
                Assert.True(json.RootElement.GetProperty("errors").TryGetProperty(field, out _), $"{body}: {text}");
            }
        }

        Assert.Empty(await shop.RecordsAsync(CardShop.Contracts.Topics.Orders));
    }

    [Fact]
    public async Task Odd_bytes_headers_methods_and_orders_are_refused()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("FINE", keys: 5);
        using var badUtf8 = new ByteArrayContent([.. "{\"sku\":\"FI"u8, 0xff, 0xfe, .. "NE\"}"u8]);
        badUtf8.Headers.ContentType = new("application/json");
        using var bytes = await shop.Http.PostAsync(new Uri(shop.Api, "/v1/orders"), badUtf8);
        using var text = await shop.PostOrderAsync(Good, contentType: "text/plain");
        using var shortKey = await shop.PostOrderAsync(Good, key: "short");
        using var method = await shop.Http.GetAsync(new Uri(shop.Api, "/v1/orders"));
        using var nowhere = await shop.Http.GetAsync(new Uri(shop.Api, "/v1/nothing"));
        using var noToken = await shop.Http.GetAsync(new Uri(shop.Api, "/v1/orders/aaaaaaaaaaaaaaaaaaaaaaaaaa"));
        using var noChannel = await shop.Http.PostAsync(new Uri(shop.Api, "/v1/payments/cash/notify"), new StringContent("x"));
        using var huge = await shop.Http.PostAsync(
            new Uri(shop.Api, "/v1/payments/alipay/notify"), new StringContent(new string('a', 100_000)));

        Assert.Equal(HttpStatusCode.BadRequest, bytes.StatusCode);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, text.StatusCode);
        Assert.Contains("Send Content-Type: application/json.", await text.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, shortKey.StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, method.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, noToken.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, noChannel.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
        foreach (var token in new[] { "x", "AAAA", new string('A', 5_000), "%00", "é" })
        {
            Assert.Equal(
                HttpStatusCode.NotFound, (await shop.ShowAsync(new("aaaaaaaaaaaaaaaaaaaaaaaaaa", Encode(token)))).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await shop.ShowAsync(new("not-an-id", Encode(token)))).Status);
        }
    }

    /// <summary>What an HTTP header can carry.</summary>
    private static string Encode(string token) =>
        string.Concat(token.Select(c => c < 128 ? c.ToString() : Uri.EscapeDataString(c.ToString())));
}
