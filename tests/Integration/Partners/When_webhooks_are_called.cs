using System.Net;
using CardShop.Contracts;
using CardShop.Shop.Partners;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Partners;

public sealed class When_webhooks_are_called(TestServers servers, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Half of the calls fail, so of thousands of events some fail ten times: gaps must not grow to hours here.</summary>
    private static readonly Dictionary<string, string> Quick = new()
    {
        ["Webhooks:FirstRetry"] = "00:00:00.200",
        ["Webhooks:LongestGap"] = "00:00:02",
    };

    private const int Orders = 400;

    [Fact]
    public async Task An_endpoint_that_fails_half_of_its_calls_gets_every_event_in_each_orders_order()
    {
        await using var shop = await RunningShop.StartAsync(servers, Quick);
        await using var endpoint = await WebhookEndpoint.StartAsync();
        // Every second call fails, one of them without an answer.
        endpoint.Answer = n => n % 4 == 0 ? -1 : n % 2 == 0 ? 500 : 200;
        var partner = await Partnership.MakeAsync(shop, "acme");
        var (_, secret) = await partner.AddWebhookAsync(endpoint.Url);
        var started = TimeProvider.System.GetTimestamp();

        await PublishedEvents.AppendAsync(shop, "GIFT", 0, Orders / 2);
        await Eventually.TrueAsync(() => endpoint.Calls.Count > 20, "the endpoint is called");
        await shop.StopFleetsAsync();
        shop.StartFleets();
        await PublishedEvents.AppendAsync(shop, "GIFT", Orders / 2, Orders - (Orders / 2));
        await Eventually.TrueAsync(
            () => Task.FromResult(endpoint.HandledCount == 2 * Orders),
            () => $"{2 * Orders} events are taken; {endpoint.HandledCount} are", Patience);

        output.WriteLine(
            $"{2 * Orders} events, {endpoint.Calls.Count} calls after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");
        Assert.All(endpoint.Calls, c => Assert.True(WebhookEndpoint.IsSigned(c, secret)));
        Assert.All(
            endpoint.Taken.GroupBy(c => c.Order),
            order => Assert.Equal(["0000000007", "0000000009"], order.Select(c => c.Sequence).Distinct()));
        // The second event of an order is not even tried before the first is taken.
        var firstTaken = endpoint.Calls.Select((c, i) => (c, i)).Where(c => c.c is { Answer: 200, Sequence: "0000000007" })
            .GroupBy(c => c.c.Order).ToDictionary(g => g.Key, g => g.First().i);
        Assert.All(
            endpoint.Calls.Select((c, i) => (c, i)).Where(c => c.c.Sequence == "0000000009"),
            call => Assert.True(firstTaken[call.c.Order] < call.i));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.webhook_deliveries") == 0
                && await shop.CountAsync("SELECT pending FROM shop.webhooks") == 0, "nothing is left to be sent");
    }

    [Fact]
    public async Task A_hanging_endpoint_holds_up_nobody_else_and_only_what_is_wanted_is_sent()
    {
        await using var shop = await RunningShop.StartAsync(servers, Quick);
        await using var good = await WebhookEndpoint.StartAsync();
        await using var bad = await WebhookEndpoint.StartAsync();
        var hold = new TaskCompletionSource();
        bad.Until = hold.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        bad.Answer = _ => 500;
        await (await Partnership.MakeAsync(shop, "slow")).AddWebhookAsync(bad.Url);
        var partner = await Partnership.MakeAsync(shop, "acme", skus: ["OURS", "OTHER"]);
        await partner.AddWebhookAsync(good.Url, skus: ["OURS", "THEIRS"], events: [MessageTypes.OrderRefunded]);

        await PublishedEvents.AppendAsync(shop, "THEIRS", 0, 30);
        await PublishedEvents.AppendAsync(shop, "OTHER", 30, 30);
        await PublishedEvents.AppendAsync(shop, "OURS", 60, 30);
        await Eventually.TrueAsync(() => good.Taken.Count >= 30, "the good endpoint has its events");
        hold.SetResult();

        Assert.Equal(
            Enumerable.Range(60, 30).Select(n => PublishedEvents.OrderOf(n) + ".refunded").Order(),
            good.Taken.Select(c => c.Id).Distinct().Order());
    }

    [Fact]
    public async Task An_endpoint_that_ends_itself_is_disabled_and_gets_what_it_missed_when_enabled()
    {
        await using var shop = await RunningShop.StartAsync(servers, Quick);
        await using var endpoint = await WebhookEndpoint.StartAsync();
        endpoint.Answer = _ => 410;
        var partner = await Partnership.MakeAsync(shop, "acme");
        var (id, _) = await partner.AddWebhookAsync(endpoint.Url);

        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 5);
        await Eventually.TrueAsync(
            async () => (await PartnerStore.WebhooksAsync(shop.Database, default)).Single() is { Enabled: false, Pending: 0 },
            "the webhook is disabled and its deliveries dropped");
        await PublishedEvents.AppendAsync(shop, "GIFT", 5, 5);
        endpoint.Answer = _ => 200;
        var webhook = (await PartnerStore.WebhooksAsync(shop.Database, default)).Single(w => w.Id == id);
        Assert.Contains("410", webhook.Reason, StringComparison.Ordinal);
        Assert.True(await PartnerStore.EnableWebhookAsync(shop.Database, webhook, DateTimeOffset.UtcNow, default));

        await Eventually.TrueAsync(
            () => endpoint.Taken.Select(c => c.Id).Distinct().Count() == 20, "everything that was missed is sent");
    }

    [Fact]
    public async Task An_endpoint_that_takes_nothing_for_the_whole_window_is_disabled_before_an_event_is_given_up()
    {
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string>(Quick) { ["Webhooks:Window"] = "00:00:03" });
        await using var endpoint = await WebhookEndpoint.StartAsync();
        endpoint.Answer = _ => 500;
        var partner = await Partnership.MakeAsync(shop, "acme");
        var (id, _) = await partner.AddWebhookAsync(endpoint.Url);

        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 30);
        await Eventually.TrueAsync(
            async () => (await PartnerStore.WebhooksAsync(shop.Database, default)).Single() is { Enabled: false, Pending: 0 },
            "the webhook is disabled");
        var webhook = (await PartnerStore.WebhooksAsync(shop.Database, default)).Single(w => w.Id == id);
        Assert.Equal(0, webhook.GivenUp);
        endpoint.Answer = _ => 200;
        Assert.True(await PartnerStore.EnableWebhookAsync(shop.Database, webhook, DateTimeOffset.UtcNow, default));

        await Eventually.TrueAsync(() => endpoint.HandledCount == 60, "everything that was missed is sent");
    }

    [Fact]
    public async Task A_secret_is_changed_without_a_gap_also_where_the_new_one_was_lost()
    {
        await using var shop = await RunningShop.StartAsync(servers, Quick);
        await using var endpoint = await WebhookEndpoint.StartAsync();
        var partner = await Partnership.MakeAsync(shop, "acme");
        var (id, old) = await partner.AddWebhookAsync(endpoint.Url);
        var secrets = new[] { old, [1, .. new byte[31]], [2, .. new byte[31]], [3, .. new byte[31]] };
        var vault = new WebhookSecrets(shop.Secrets.KeyEncryption);
        async Task<IReadOnlyList<bool>> SignedByAsync(int order)
        {
            await PublishedEvents.AppendAsync(shop, "GIFT", order, 1);
            await Eventually.TrueAsync(() => endpoint.HandledCount == 2 * (order + 1), "the events are taken");
            return [.. secrets.Select(s => WebhookEndpoint.IsSigned(endpoint.Taken[^1], s))];
        }

        async Task<bool?> RotateAsync(int secret, TimeSpan overlap)
        {
            var now = DateTimeOffset.UtcNow;
            return await PartnerStore.RotateSecretAsync(
                shop.Database, id, vault.Seal(id, secrets[secret]), now + overlap, now, default);
        }

        var before = await SignedByAsync(0);
        Assert.False(await RotateAsync(1, TimeSpan.FromHours(24)));
        var meanwhile = await SignedByAsync(1);
        // Again, since nobody has read the new one: the partner's own goes on.
        Assert.True(await RotateAsync(2, TimeSpan.FromHours(24)));
        var again = await SignedByAsync(2);
        Assert.True(await RotateAsync(3, TimeSpan.Zero));
        var afterwards = await SignedByAsync(3);

        Assert.Equal([true, false, false, false], before);
        Assert.Equal([true, true, false, false], meanwhile);
        Assert.Equal([true, false, true, false], again);
        Assert.Equal([false, false, false, true], afterwards);
        Assert.Null(await PartnerStore.RotateSecretAsync(
            shop.Database, "wh_none", vault.Seal("wh_none", old), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow, default));
    }

    [Fact]
    public async Task A_span_of_time_is_sent_again_when_asked_for_and_not_too_often()
    {
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string>(Quick) { ["Partners:ReplaysPerHour"] = "1" });
        await using var endpoint = await WebhookEndpoint.StartAsync();
        var partner = await Partnership.MakeAsync(shop, "acme");
        var now = DateTimeOffset.UtcNow;
        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 10, now - TimeSpan.FromSeconds(1));
        await PublishedEvents.AppendAsync(shop, "GIFT", 10, 10, now + TimeSpan.FromHours(1));
        // Read by the fleet before there was a webhook: nothing is sent by itself.
        await PublishedEvents.ReadAsync(shop, 40);
        await partner.AddWebhookAsync(endpoint.Url);
        var span = $$"""{"after":"{{now - TimeSpan.FromMinutes(1):O}}","until":"{{now + TimeSpan.FromMinutes(1):O}}"}""";

        var first = await partner.PostAsync("/v1/webhooks/replay", span);
        var second = await partner.PostAsync("/v1/webhooks/replay", span);
        await Eventually.TrueAsync(() => endpoint.Taken.Count >= 20, "the events of the span are sent");
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.webhook_replays") == 0, "the replay ends");

        Assert.Equal(HttpStatusCode.Accepted, first.Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, second.Status);
        Assert.Equal(
            Enumerable.Range(0, 10).SelectMany(n => new[] { PublishedEvents.OrderOf(n) + ".delivered", PublishedEvents.OrderOf(n) + ".refunded" }).Order(),
            endpoint.Taken.Select(c => c.Id).Order());
    }
}
