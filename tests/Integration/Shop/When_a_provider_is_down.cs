using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Faults;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_a_provider_is_down(TestServers servers)
{
    private const string Order = """{"sku":"DOWN","quantity":1,"contact":"buyer@example.org","channel":"alipay"}""";

    [Theory]
    [InlineData("status")]
    [InlineData("drop-before")]
    [InlineData("timeout-before")]
    public async Task It_is_noticed_within_five_seconds_orders_are_kept_and_it_recovers_within_ten(string fault)
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("DOWN", keys: 1_000, maxQuantity: 1);
        await Eventually.TrueAsync(async () => (await StatesAsync(shop)).Count > 0, "a fleet says that the channel is up");
        Assert.All(await StatesAsync(shop), s => Assert.True(s.Up));
        Assert.Equal([("alipay", true), ("wechat", true), ("unionpay", true)], await ChannelsAsync(shop));
        var before = await shop.PlaceAsync("DOWN");
        await shop.UntilAsync(before, "awaiting-payment");

        await FaultAsync(shop, fault);
        var clock = Stopwatch.StartNew();
        var kept = new List<PlacedOrder>();
        string? refusal = null;
        while (refusal is null && clock.Elapsed < TimeSpan.FromSeconds(30))
        {
            using var answer = await shop.PostOrderAsync(Order);
            var text = await answer.Content.ReadAsStringAsync();
            using var json = JsonDocument.Parse(text);
            if (answer.StatusCode == HttpStatusCode.Accepted)
            {
                kept.Add(new(
                    json.RootElement.GetProperty("orderId").GetString()!, json.RootElement.GetProperty("token").GetString()!));
            }
            else
            {
                Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
                refusal = json.RootElement.GetProperty("errors").GetProperty("channel")[0].GetString();
            }

            // A buyer every 50 ms.
            await Task.Delay(50);
        }

        clock.Stop();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"refused after {clock.Elapsed}, {kept.Count} orders");
        Assert.Contains("alipay is down", refusal, StringComparison.Ordinal);
        Assert.EndsWith("Choose one of: wechat, unionpay.", refusal, StringComparison.Ordinal);
        Assert.Equal([("alipay", false), ("wechat", true), ("unionpay", true)], await ChannelsAsync(shop));
        var state = (await StatesAsync(shop)).Last(s => s.Channel == "alipay");
        Assert.Equal(("alipay", false), (state.Channel, state.Up));
        Assert.Equal(["default"], state.Down);
        Assert.Equal(HttpStatusCode.BadRequest, await SwitchAsync(shop, before, """{"channel":"alipay"}"""));

        // The other provider is not held up.
        var other = await shop.PlaceAsync("DOWN", channel: "unionpay");
        await shop.PayAsync(other);
        await shop.UntilAsync(other, "delivered");

        using var healed = await shop.Http.DeleteAsync(new Uri(shop.Sandbox, "/control/faults"));
        clock.Restart();
        await Eventually.TrueAsync(
            async () => (await ChannelsAsync(shop)).SequenceEqual([("alipay", true), ("wechat", true), ("unionpay", true)]), "the channel is offered again");
        clock.Stop();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"offered again after {clock.Elapsed}");

        kept.Add(await shop.PlaceAsync("DOWN"));
        kept.Add(before);
        foreach (var order in kept)
        {
            await shop.UntilAsync(order, "awaiting-payment");
        }

        await shop.PayAsync(kept[0]);
        await shop.UntilAsync(kept[0], "delivered");
    }

    [Fact]
    public async Task A_switch_is_written_for_the_order_and_what_cannot_be_chosen_is_refused()
    {
        await using var shop = await RunningShop.StartAsync(servers, fleets: false);
        shop.StartFleets();
        await shop.AddProductAsync("DOWN", keys: 5);
        var order = await shop.PlaceAsync("DOWN");
        var view = await shop.UntilAsync(order, "awaiting-payment");
        Assert.Equal("alipay", view.GetProperty("payment").GetProperty("channel").GetString());
        Assert.Equal(
            view.GetProperty("payment").GetProperty("link").GetString(), view.GetProperty("payment").GetProperty("qr").GetString());
        await shop.StopFleetsAsync();

        Assert.Equal(HttpStatusCode.BadRequest, await SwitchAsync(shop, order, """{"channel":"cash"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await SwitchAsync(shop, order, """{"channel":null}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await SwitchAsync(shop, order, """{}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await SwitchAsync(shop, order, """{"channel":"alipay","sku":"DOWN"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await SwitchAsync(shop, order, "{"));
        Assert.Equal(HttpStatusCode.BadRequest, await SwitchAsync(shop, order, "null"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, await SwitchAsync(shop, order, "channel=alipay", "text/plain"));
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge, await SwitchAsync(shop, order, "{\"channel\":\"" + new string('x', 17_000) + "\"}"));
        Assert.Equal(
            HttpStatusCode.NotFound, await SwitchAsync(shop, order with { Token = "AAAA" }, """{"channel":"alipay"}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, await SwitchAsync(shop, order with { Token = "" }, """{"channel":"alipay"}"""));
        Assert.DoesNotContain(
            await shop.RecordsAsync(Topics.Orders), r => r.Type == MessageTypes.ChannelSwitchRequested);

        Assert.Equal(HttpStatusCode.Accepted, await SwitchAsync(shop, order, """{"channel":"alipay"}"""));
        var record = Assert.Single(
            await shop.RecordsAsync(Topics.Orders), r => r.Type == MessageTypes.ChannelSwitchRequested);
        Assert.Equal(("DOWN", Topics.Orders.PartitionOf("DOWN")), (record.Key, record.Partition.Partition));
        var request = JsonSerializer.Deserialize(record.Value, ContractsJson.Default.ChannelSwitchRequested)!;
        Assert.Equal((order.Id, "DOWN", "alipay"), (request.OrderId, request.Sku, request.Channel));

        await shop.Broker.StopAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await SwitchAsync(shop, order, """{"channel":"alipay"}"""));
    }

    [Fact]
    public async Task A_buyer_who_switches_pays_by_the_other_channel_and_the_audit_is_clean()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("DOWN", keys: 5);
        var order = await shop.PlaceAsync("DOWN");
        await shop.UntilAsync(order, "awaiting-payment");

        Assert.Equal(HttpStatusCode.Accepted, await SwitchAsync(shop, order, """{"channel":"wechat"}"""));
        await Eventually.TrueAsync(
            async () => (await shop.ShowAsync(order)).Body.TryGetProperty("payment", out var payment)
                && payment.GetProperty("channel").GetString() == "wechat" && payment.TryGetProperty("link", out _),
            "the order is to be paid by the other channel");
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");

        var (code, audit) = await ShopAudit.RunAsync(shop, graceSeconds: 120);
        Assert.True(code == 0, string.Join('\n', audit));
        Assert.Contains(
            await shop.RecordsAsync(Topics.Orders), r => r.Type == MessageTypes.ChannelSwitchRequested);
    }

    private static async Task FaultAsync(RunningShop shop, string kind)
    {
        using var fault = new StringContent(
            $$"""{"kind":"{{kind}}","channel":"alipay","times":1000000,"milliseconds":20000}""", Encoding.UTF8, "application/json");
        using var answer = await shop.Http.PostAsync(new Uri(shop.Sandbox, "/control/faults"), fault);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<List<(string Name, bool Up)>> ChannelsAsync(RunningShop shop)
    {
        using var answer = await shop.Http.GetAsync(new Uri(shop.Api, "/v1/products"));
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return
        [
            .. json.RootElement.GetProperty("channels").EnumerateArray()
                .Select(c => (c.GetProperty("name").GetString()!, c.GetProperty("up").GetBoolean())),
        ];
    }

    /// <summary>What the fleet has said of the channel so far.</summary>
    private static async Task<List<ChannelState>> StatesAsync(RunningShop shop) =>
    [
        .. (await shop.RecordsAsync(Topics.Channels))
            .Select(r => JsonSerializer.Deserialize(r.Value, ContractsJson.Default.ChannelState)!),
    ];

    private static async Task<HttpStatusCode> SwitchAsync(
        RunningShop shop, PlacedOrder order, string body, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(shop.Api, $"/v1/orders/{order.Id}/channel"));
        if (order.Token.Length > 0)
        {
            request.Headers.Authorization = new("Bearer", order.Token);
        }

        request.Content = new StringContent(body, Encoding.UTF8);
        request.Content.Headers.ContentType = new(contentType);
        using var answer = await shop.Http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }

        return answer.StatusCode;
    }
}
