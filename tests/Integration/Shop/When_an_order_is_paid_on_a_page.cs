using System.Net;
using System.Text.RegularExpressions;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>Channels whose product is a page: the buyer's browser is taken there by the order's link.</summary>
public sealed partial class When_an_order_is_paid_on_a_page(TestServers servers)
{
    [Fact]
    public async Task UnionPays_takes_a_form_that_the_shop_serves_to_who_knows_the_number()
    {
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Channels:unionpay:Profiles:0:Product"] = "page",
            ["Channels:unionpay:Profiles:0:FrontUrl"] = "http://127.0.0.1:1/back",
        });
        await shop.AddProductAsync("PAGE", keys: 2);
        var order = await shop.PlaceAsync("PAGE", channel: "unionpay");
        var payment = (await shop.UntilAsync(order, "awaiting-payment")).GetProperty("payment");
        var link = payment.GetProperty("link").GetString()!;
        Assert.Equal($"/v1/payments/form/{order.Id}01", link);
        Assert.False(payment.TryGetProperty("qr", out _));

        using var answer = await shop.Http.GetAsync(new Uri(shop.Api, link));
        var html = await answer.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.OK, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        var nonce = NonceOf().Match(html).Groups[1].Value;
        Assert.Contains($"default-src 'none'; script-src 'nonce-{nonce}'; form-action ", policy, StringComparison.Ordinal);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        using var again = await shop.Http.GetAsync(new Uri(shop.Api, link));
        Assert.DoesNotContain(nonce, await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        foreach (var other in new[] { order.Id + "02", "a" + new string('b', 25) + "01", "x", order.Id })
        {
            using var missing = await shop.Http.GetAsync(new Uri(shop.Api, "/v1/payments/form/" + other));
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }

        // What the browser does with it.
        var action = WebUtility.HtmlDecode(ActionOf().Match(html).Groups[1].Value);
        using var form = new FormUrlEncodedContent(FieldOf().Matches(html).Select(
            m => KeyValuePair.Create(WebUtility.HtmlDecode(m.Groups[1].Value), WebUtility.HtmlDecode(m.Groups[2].Value))));
        using var page = await shop.Http.PostAsync(new Uri(action), form);
        Assert.Equal((HttpStatusCode.OK, $"/pay/{order.Id}01"), (page.StatusCode, page.RequestMessage!.RequestUri!.AbsolutePath));

        await shop.PayNumberAsync(order.Id + "01");
        await shop.UntilAsync(order, "delivered");
        using var over = await shop.Http.GetAsync(new Uri(shop.Api, link));
        Assert.Equal(HttpStatusCode.NotFound, over.StatusCode);
    }

    [Fact]
    public async Task Alipays_is_a_signed_address()
    {
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string> { ["Channels:alipay:Profiles:0:Product"] = "page" });
        await shop.AddProductAsync("PAGE", keys: 2);
        var order = await shop.PlaceAsync("PAGE");
        var payment = (await shop.UntilAsync(order, "awaiting-payment")).GetProperty("payment");
        Assert.False(payment.TryGetProperty("qr", out _));

        using var page = await shop.Http.GetAsync(new Uri(payment.GetProperty("link").GetString()!));
        Assert.Equal((HttpStatusCode.OK, $"/pay/{order.Id}01"), (page.StatusCode, page.RequestMessage!.RequestUri!.AbsolutePath));

        await shop.PayNumberAsync(order.Id + "01");
        await shop.UntilAsync(order, "delivered");
    }

    [GeneratedRegex("<script nonce=\"([^\"]+)\">")]
    private static partial Regex NonceOf();

    [GeneratedRegex("<form [^>]*action=\"([^\"]+)\"")]
    private static partial Regex ActionOf();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"")]
    private static partial Regex FieldOf();
}
