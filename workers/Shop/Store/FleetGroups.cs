using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Store;

/// <summary>The consumer groups whose progress PostgreSQL keeps. Every writer's rollback fence asks for all of them.</summary>
public static class FleetGroups
{
    public const string Notifications = "notifications";

    public static IReadOnlyList<FencedGroup> All { get; } =
    [
        new("orders", [Topics.Orders]),
        new("payments", [Topics.PaymentNotifications]),
        new("delivery", [Topics.KeyBatches]),
        new(Notifications, [Topics.Deliveries, Topics.PartnerRequests]),
    ];

    /// <summary>Every partition that a group processes. No topic has two groups.</summary>
    public static IReadOnlyList<(string Group, PartitionKey Partition)> Partitions { get; } =
    [
        .. All.SelectMany(g => g.Topics.SelectMany(
            t => Enumerable.Range(0, t.Partitions).Select(p => (g.Name, new PartitionKey(t.Name, p))))),
    ];
}
