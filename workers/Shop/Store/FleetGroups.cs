using CardShop.Contracts;
using CardShop.Pipeline.Batches;

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
}
