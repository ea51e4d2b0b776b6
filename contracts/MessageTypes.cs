namespace CardShop.Contracts;

/// <summary>Type names on the wire. They never change; a changed meaning is a new name.</summary>
public static class MessageTypes
{
    public const string OrderPlaced = "OrderPlaced";
    public const string OrderCancelRequested = "OrderCancelRequested";
    public const string ChannelSwitchRequested = "ChannelSwitchRequested";
    public const string PaymentNotification = "PaymentNotification";
    public const string PaymentSaga = "PaymentSaga";
    public const string KeysImported = "KeysImported";
    public const string KeysVoided = "KeysVoided";
    public const string AuditEntry = "AuditEntry";
    public const string DeadLetter = "DeadLetter";
    public const string DeadLetterResolved = "DeadLetterResolved";
    public const string WebhookReplayRequested = "WebhookReplayRequested";

    /// <summary>CloudEvents types on shop.deliveries.v1.</summary>
    public const string OrderDelivered = "cardshop.order.delivered.v1";

    public const string OrderRefunded = "cardshop.order.refunded.v1";
    public const string OrderExpired = "cardshop.order.expired.v1";
    public const string DeliveryFailed = "cardshop.delivery.failed.v1";
    public const string KeyReplaced = "cardshop.key.replaced.v1";

    /// <summary>All of them: what a partner can meet.</summary>
    public static readonly IReadOnlyList<string> PartnerEvents =
        [OrderDelivered, DeliveryFailed, OrderRefunded, OrderExpired, KeyReplaced];
}
