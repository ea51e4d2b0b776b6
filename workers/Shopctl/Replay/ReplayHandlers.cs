using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Mail;
using CardShop.Shop.Partners;
using CardShop.Shop.Replay;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Shopctl.Servers;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Replay;

/// <summary>The fleets' own handlers, under another group.</summary>
internal sealed class ReplayHandlers(ShopServers servers)
{
    private static readonly QuietObserver Quiet = new();

    /// <summary>What a fleet does with records of a topic, in earnest.</summary>
    public IBatchWork Open(string fleet, string group, RollbackFence fence) =>
        fleet == FleetGroups.Notifications
            ? Notifications(group, fence)
            : Shop(fleet, group, new PostgresShopStore(servers.Database), fence);

    /// <summary>The same, saving nothing.</summary>
    public async Task<IBatchWork> OpenDryAsync(
        ReplayTopic topic, string group, RollbackFence fence, DryPositions positions, CancellationToken cancellation)
    {
        if (topic.Group != FleetGroups.Notifications)
        {
            return Shop(topic.Group, group, new DryStore(new PostgresShopStore(servers.Database), positions), fence);
        }

        await using var connection = await servers.Database.OpenConnectionAsync(cancellation);
        return new DryNotifications(
            Notifications(group, fence), await WebhookStore.SubscriptionsAsync(connection, cancellation), positions);
    }

    public Dispatcher OpenDispatcher() => new(
        new OutboxTable(servers.Database, PostgresShopStore.ReviewAsync), servers.Log, servers.Bus, DispatchOptions.Default,
        servers.Time, new Random(), NullLogger<Dispatcher>.Instance);

    public BatchLoop Loop(IBatchWork work, Dispatcher dispatcher) => new(
        work, dispatcher, servers.Bus, BatchOptions.Default, servers.Time, new Random(), NullLogger<BatchLoop>.Instance);

    private NotificationWork Notifications(string group, RollbackFence fence)
    {
        var mail = servers.Settings.Mail;
        return new(
            servers.Database, new WebhookStore(servers.Database, new WebhookOptions()),
            mail.Host is { Length: > 0 } ? new MailStore(servers.Database, mail) : null, fence, servers.Time,
            NullLogger<NotificationWork>.Instance, group);
    }

    private ShopWork Shop(string fleet, string group, IShopStore store, RollbackFence fence) => new(
        group, deliveries: fleet != "orders", store, fence, servers.Settings.Shop, Quiet, servers.Time,
        NullLogger<ShopWork>.Instance);

    /// <summary>Advisory stock is told by the next batch of a fleet that changes it.</summary>
    private sealed class QuietObserver : IBatchObserver
    {
        public void Committed(IReadOnlyList<Incoming> batch)
        {
            // Nobody is told.
        }

        public void Stock(IEnumerable<StockKey> changed)
        {
            // Nobody is told.
        }
    }
}
