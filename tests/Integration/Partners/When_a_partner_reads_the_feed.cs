using System.Net;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Partners;

public sealed class When_a_partner_reads_the_feed(TestServers servers)
{
    /// <summary>A window of few events: what is older comes from the log.</summary>
    private static readonly Dictionary<string, string> SmallWindow = new() { ["Partners:WindowPerPartition"] = "4" };

    [Fact]
    public async Task Pages_go_from_the_log_into_the_window_without_a_gap_or_a_repeat_and_in_each_orders_order()
    {
        await using var shop = await RunningShop.StartAsync(servers, SmallWindow);
        var partner = await Partnership.MakeAsync(shop, "acme");
        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 150);

        var (events, cursor) = await ReadAsync(partner, string.Empty, 300, limit: 37);
        await PublishedEvents.AppendAsync(shop, "GIFT", 150, 20);
        var (later, _) = await ReadAsync(partner, cursor, 40, limit: 37);

        events.AddRange(later);
        Assert.Equal(340, events.Select(e => e.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(340, events.Count);
        Assert.All(
            events.GroupBy(e => e.GetProperty("subject").GetString()),
            order => Assert.Equal(
                ["0000000007", "0000000009"], order.Select(e => e.GetProperty("sequence").GetString())));
        Assert.Equal(7, events[0].GetProperty("data").GetProperty("sequence").GetInt32());
    }

    [Fact]
    public async Task A_partner_sees_the_events_of_its_products_only()
    {
        await using var shop = await RunningShop.StartAsync(servers, SmallWindow);
        var partner = await Partnership.MakeAsync(shop, "acme", skus: ["OURS"]);
        await PublishedEvents.AppendAsync(shop, "THEIRS", 0, 100);
        await PublishedEvents.AppendAsync(shop, "OURS", 100, 3);
        await PublishedEvents.AppendAsync(shop, "THEIRS", 200, 100);

        var (events, cursor) = await ReadAsync(partner, string.Empty, 6, limit: 100);
        var rest = await partner.GetAsync($"/v1/events?after={cursor}&limit=1000");

        Assert.All(events, e => Assert.Equal("OURS", e.GetProperty("data").GetProperty("sku").GetString()));
        Assert.Empty(rest.Body.GetProperty("events").EnumerateArray());
    }

    [Fact]
    public async Task Who_waits_is_answered_when_something_comes_and_without_the_database()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        var partner = await Partnership.MakeAsync(shop, "acme");
        var (_, start) = await partner.GetAsync("/v1/events?after=latest");
        await shop.StopFleetsAsync();
        var waiting = partner.GetAsync($"/v1/events?after={start.GetProperty("next").GetString()}&wait=14");

        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 1);
        var (status, page) = await waiting;

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotEmpty(page.GetProperty("events").EnumerateArray());
    }

    [Fact]
    public async Task Wrong_requests_are_told_what_is_wrong()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        var partner = await Partnership.MakeAsync(shop, "acme");
        var writer = await Partnership.MakeAsync(shop, "writer", scopes: [PartnerScopes.OrdersWrite]);

        foreach (var (query, field) in new[]
        {
            ("after=nonsense", "after"), ("limit=0", "limit"), ("limit=1001", "limit"), ("wait=31", "wait"), ("wait=-1", "wait"),
        })
        {
            var (status, problem) = await partner.GetAsync("/v1/events?" + query);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.NotEmpty(problem.GetProperty("errors").GetProperty(field).EnumerateArray());
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await writer.GetAsync("/v1/events")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await (partner with { Key = partner.Key[..^1] + "z" }).GetAsync("/v1/events")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await shop.Http.GetAsync(new Uri(shop.Api, "/v1/events"))).StatusCode);
    }

    [Fact]
    public async Task An_order_by_key_is_one_order_however_often_and_under_whatever_key_of_the_partner_it_is_sent()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("GIFT", keys: 5);
        var partner = await Partnership.MakeAsync(shop, "acme");
        var other = await Partnership.MakeAsync(shop, "other");
        const string Body = """{"sku":"GIFT","quantity":1,"contact":"buyer@example.org","channel":"alipay"}""";

        var first = await partner.PostAsync("/v1/orders", Body, "a-key-that-nobody-guesses");
        var again = await partner.PostAsync("/v1/orders", Body, "a-key-that-nobody-guesses");
        var others = await other.PostAsync("/v1/orders", Body, "a-key-that-nobody-guesses");
        var anonymous = await shop.PlaceAsync("GIFT", key: "a-key-that-nobody-guesses");
        var wrong = await (partner with { Key = "cs_nonsense-nonsense" }).PostAsync("/v1/orders", Body);

        Assert.Equal(HttpStatusCode.Accepted, first.Status);
        var ids = new[] { first, again, others }.Select(a => a.Body.GetProperty("orderId").GetString()).Append(anonymous.Id).ToList();
        Assert.Equal(ids[0], ids[1]);
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.Status);
    }

    private static async Task<(List<JsonElement> Events, string Cursor)> ReadAsync(
        Partnership partner, string cursor, int count, int limit)
    {
        var events = new List<JsonElement>();
        await Eventually.TrueAsync(
            async () =>
            {
                var (status, page) = await partner.GetAsync($"/v1/events?after={cursor}&limit={limit}");
                Assert.Equal(HttpStatusCode.OK, status);
                events.AddRange(page.GetProperty("events").EnumerateArray());
                Assert.True(page.GetProperty("events").GetArrayLength() <= limit);
                cursor = page.GetProperty("next").GetString()!;
                return events.Count >= count && !page.GetProperty("more").GetBoolean();
            },
            () => $"{count} events are read; {events.Count} are");
        return (events, cursor);
    }
}
