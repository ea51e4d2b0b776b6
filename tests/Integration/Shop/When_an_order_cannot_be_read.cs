using System.Net.Http.Headers;
using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>A newer version wrote an order's saga, and was rolled back: that order waits for it, and no other.</summary>
public sealed class When_an_order_cannot_be_read(TestServers servers)
{
    [Fact]
    public async Task No_other_order_waits_for_it_and_it_goes_on_when_it_can()
    {
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>());
        await shop.AddProductAsync("LATER", keys: 20);
        var strange = await shop.PlaceAsync("LATER");
        var view = await shop.UntilAsync(strange, "awaiting-payment");
        var link = view.GetProperty("payment").GetProperty("link").GetString()!;
        await SetStatusAsync(shop, strange, "\"of-a-later-version\"");

        // Its notification and what else is due of it come among those of others.
        await shop.PayNumberAsync(link[(link.LastIndexOf('/') + 1)..]);
        await Eventually.TrueAsync(
            async () => (await shop.RecordsAsync(Topics.DeadLetters)).Count > 0, "what the fleet cannot do is a dead letter");
        foreach (var channel in new[] { "alipay", "wechat" })
        {
            var other = await shop.PlaceAsync("LATER", channel: channel);
            await shop.PayAsync(other);
            await shop.UntilAsync(other, "delivered");
        }

        // Its page says that nothing is known now; an open page of another order is told everything.
        await Eventually.TrueAsync(
            async () => (await shop.ShowAsync(strange)).Body.TryGetProperty("degraded", out var d) && d.GetBoolean(), "its page is degraded");
        var watched = await shop.PlaceAsync("LATER");
        using var open = await OpenAsync(shop, strange);
        using var page = await OpenAsync(shop, watched);
        await shop.PayAsync(watched);
        await ShowsAsync(page, "\"keys\":[{");

        await SetStatusAsync(shop, strange, "\"awaiting-payment\"");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "dead-letters", "retry", "--all-matching", "--order", strange.Id, "--why", "the version is back"));
        await shop.UntilAsync(strange, "delivered");
    }

    private static async Task SetStatusAsync(RunningShop shop, PlacedOrder order, string status)
    {
        await using var command = shop.Database.CreateCommand(
            "UPDATE shop.mt_doc_paymentsaga SET data = jsonb_set(data, '{status}', $1::jsonb) WHERE id = $2");
        command.Parameters.Add(new() { Value = status });
        command.Parameters.Add(new() { Value = order.Id });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private static async Task<HttpResponseMessage> OpenAsync(RunningShop shop, PlacedOrder order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(shop.Api, $"/v1/orders/{order.Id}/events"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", order.Token);
        return await shop.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task ShowsAsync(HttpResponseMessage page, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var reader = new StreamReader(await page.Content.ReadAsStreamAsync(limit.Token));
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail("the stream ended");
    }
}
