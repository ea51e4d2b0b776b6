namespace CardShop.Contracts;

/// <summary>What partners learn about an order, on shop.deliveries.v1. Never key text, never the buyer's contact.</summary>
/// <param name="Sequence">Rises with every event of one order.</param>
/// <param name="KeyIds">Which keys were sold, by id: one per unit; of manual goods one, whatever the quantity.</param>
public sealed record OrderDelivered(
    string OrderId, string Sku, int Quantity, long Amount, string Currency, DateTimeOffset DeliveredAt,
    IReadOnlyList<Guid> KeyIds, int Sequence);

/// <summary>All of the payment that paid the order was given back, also in parts or after its delivery.</summary>
public sealed record OrderRefunded(
    string OrderId, string Sku, int Quantity, long Amount, string Currency, DateTimeOffset RefundedAt, int Sequence);

/// <summary>The order was not paid in time.</summary>
public sealed record OrderExpired(string OrderId, string Sku, int Quantity, DateTimeOffset ExpiredAt, int Sequence);

/// <summary>
/// The order cannot be delivered without a person. It may be delivered or refunded later, or fail again: another event.
/// </summary>
public sealed record DeliveryFailed(
    string OrderId, string Sku, int Quantity, string Reason, DateTimeOffset FailedAt, int Sequence);

/// <summary>A key of a delivered order was replaced by another; the buyer sees the new one.</summary>
/// <param name="ReplacedKeyId">The id that an earlier event of the order named; it is void now.</param>
/// <param name="KeyId">Which key counts in its place.</param>
public sealed record KeyReplaced(
    string OrderId, string Sku, Guid ReplacedKeyId, Guid KeyId, DateTimeOffset ReplacedAt, int Sequence);
