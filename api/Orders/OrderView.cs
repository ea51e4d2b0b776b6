using CardShop.Api.Tables;

namespace CardShop.Api.Orders;

/// <summary>An order as its buyer sees it.</summary>
/// <param name="Status">
/// queued, awaiting-payment, paid, delivered, sold-out, refused, expired, cancelled, refunding, refunded, review.
/// </param>
/// <param name="Degraded">True while the database is away: only what the token says is shown.</param>
public sealed record OrderView(
    string OrderId,
    string Sku,
    string Status,
    int? Quantity = null,
    MoneyView? Amount = null,
    DateTimeOffset? AcceptedAt = null,
    bool? Degraded = null,
    QueuePlace? Queue = null,
    PaymentView? Payment = null,
    DeliveryView? Delivery = null)
{
    /// <summary>True when nothing will change any more by itself.</summary>
    internal bool IsFinal => Status is "delivered" or "sold-out" or "refused" or "expired" or "cancelled" or "refunded";
}

/// <param name="Link">Where the buyer pays.</param>
/// <param name="Qr">The text of the QR code, where the channel has one.</param>
public sealed record PaymentView(string Channel, string Link, string? Qr, DateTimeOffset ExpiresAt);

public sealed record DeliveryView(DateTimeOffset DeliveredAt, IReadOnlyList<KeyView> Keys);

/// <summary>A key in plain text: it goes to its buyer and nowhere else.</summary>
public sealed record KeyView(string? Number, string Secret)
{
    public override string ToString() => "(key)";
}
