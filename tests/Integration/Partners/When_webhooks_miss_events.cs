using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Partners;
using CardShop.Shop.Recovery;
using CardShop.Shop.Store;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CardShop.Tests.Integration.Partners;

/// <summary>What webhooks did not get is sent to them once they can get it.</summary>
public sealed class When_webhooks_miss_events(TestServers servers)
{
    [Fact]
    public async Task A_partner_that_was_disabled_gets_what_its_webhooks_missed_when_it_is_enabled()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await using var endpoint = await WebhookEndpoint.StartAsync();
        var (id, _) = await (await Partnership.MakeAsync(shop, "acme")).AddWebhookAsync(endpoint.Url);
        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 5);
        await Eventually.TrueAsync(() => endpoint.HandledCount == 10, "the first events are taken");

        var noted = await SwitchAsync(shop, isEnabled: false);
        await PublishedEvents.AppendAsync(shop, "GIFT", 5, 5);
        await PublishedEvents.ReadAsync(shop, 20);
        // Stopped and enabled of itself meanwhile, too.
        Assert.True(await PartnerStore.DisableWebhookAsync(shop.Database, id, "by an operator", DateTimeOffset.UtcNow, default));
        Assert.True(await PartnerStore.EnableWebhookAsync(shop.Database, await WebhookAsync(shop), DateTimeOffset.UtcNow, default));
        var kept = (await WebhookAsync(shop)).MissedSince;
        Assert.Equal(10, endpoint.HandledCount);
        var sent = await SwitchAsync(shop, isEnabled: true);

        await Eventually.TrueAsync(() => endpoint.HandledCount == 20, "everything that was missed is sent");
        Assert.Equal(id, Assert.Single(noted).Webhook);
        Assert.Equal(noted[0].Since, kept);
        Assert.Equal(noted, sent);
        Assert.Null((await WebhookAsync(shop)).MissedSince);
        Assert.Empty(await SwitchAsync(shop, isEnabled: true));
    }

    [Fact]
    public async Task Replays_that_stand_where_the_log_does_not_reach_begin_anew_and_end()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await using var endpoint = await WebhookEndpoint.StartAsync();
        var partner = await Partnership.MakeAsync(shop, "acme");
        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 10);
        await PublishedEvents.ReadAsync(shop, 20);
        await partner.AddWebhookAsync(endpoint.Url);

        // Positions of a longer log, as of one whose copies took its place: beyond the end, and the end alone beyond it.
        await using var command = shop.Database.CreateCommand(
            """
            INSERT INTO shop.webhook_replays (id, partner, after, until, positions, ends, requested_at)
            SELECT t.id, 'acme', now() - interval '1 hour', now() + interval '1 hour', array_fill(t.at, ARRAY[$1]),
                array_fill(2000000::bigint, ARRAY[$1]), now() - interval '1 hour'
            FROM (VALUES ('beyond', 1000000::bigint), ('end-beyond', 0::bigint)) AS t(id, at)
            """);
        command.Parameters.Add(new() { Value = Topics.Deliveries.Partitions });
        Assert.Equal(2, await command.ExecuteNonQueryAsync());

        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.webhook_replays") == 0, "both replays end");
        await Eventually.TrueAsync(() => endpoint.HandledCount == 20, "the events are sent");
    }

    [Fact]
    public async Task A_recovery_names_the_webhook_that_it_had_too_much_for_and_enabling_that_sends_all_of_it()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await using var endpoint = await WebhookEndpoint.StartAsync();
        var (id, _) = await (await Partnership.MakeAsync(shop, "acme")).AddWebhookAsync(endpoint.Url);
        await shop.StopFleetsAsync();
        var first = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await PublishedEvents.AppendAsync(shop, "GIFT", 0, 10, first);
        await PublishedEvents.AppendAsync(shop, "GIFT", 10, 10, first.AddHours(1));
        var ranges = new KafkaRanges(
            new(shop.Setting("Kafka:BootstrapServers")!, "test", TimeSpan.FromSeconds(10), TimeSpan.Zero), TimeProvider.System,
            TestLogs.Factory.CreateLogger<KafkaRanges>());
        var planned = (await ranges.BoundsAsync(Topics.Deliveries, default))
            .Select(b => new PlannedRange(b.Key, b.Value.First, b.Value.First, b.Value.Next)).ToList();
        var plan = new RecoveryPlan(
            0, 0, null, new Dictionary<(string Group, PartitionKey Partition), long>(),
            planned.ToDictionary(r => (FleetGroups.Notifications, r.Partition), r => r.End), planned, []);

        // Run again, as after an interruption, it says the same.
        for (var run = 0; run < 2; run++)
        {
            var report = new RecoveryReport();
            var recovery = new PartnerRecovery(shop.Database, new RangeSweep(ranges), TimeProvider.System, report)
            {
                Options = new() { MaxPending = 15 },
            };
            await recovery.RunAsync(plan, (_, _) => { }, default);
            var disabled = Assert.Single(report.WebhooksDisabled);
            Assert.Equal((id, false, first), (disabled.Id, disabled.Enabled, disabled.MissedSince!.Value));
        }

        var now = first.AddHours(2);
        Assert.True(await PartnerStore.EnableWebhookAsync(shop.Database, await WebhookAsync(shop), now, default));
        Assert.Equal(1, await shop.CountAsync(
            "SELECT count(*) FROM shop.webhook_replays WHERE after = '2030-01-01T00:00:00Z' AND until > '2030-01-01T02:00:00Z'"));
    }

    private static async Task<IReadOnlyList<(string Webhook, DateTimeOffset Since)>> SwitchAsync(RunningShop shop, bool isEnabled) =>
        await PartnerStore.SwitchAsync(
            shop.Database, (await PartnerStore.FindAsync(shop.Database, "acme", default))!, isEnabled, DateTimeOffset.UtcNow, default);

    private static async Task<Webhook> WebhookAsync(RunningShop shop) =>
        (await PartnerStore.WebhooksAsync(shop.Database, default)).Single();
}
