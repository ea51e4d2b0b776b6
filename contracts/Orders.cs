using System.Text.Json.Serialization;

namespace CardShop.Contracts;

/// <summary>When stock is set aside for an order.</summary>
[JsonConverter(typeof(KebabEnumConverter<HoldPolicy>))]
public enum HoldPolicy
{
    /// <summary>When the order is processed, until it is paid or expires.</summary>
    Order,

    /// <summary>When the payment arrives.</summary>
    Payment,
}

/// <summary>
/// An accepted order, with all that processing needs, as quoted to the buyer. Processing never re-prices.
/// </summary>
/// <param name="Amount">unit price times quantity, minor units (fen).</param>
/// <param name="HoldSeconds">How long the buyer may take to pay.</param>
/// <param name="WaitSeconds">
/// How long a paid order may wait for stock; 0 = refund at once. Of manual goods: how long an operator may take; 0 = a day.
/// </param>
/// <param name="BodyHash">
/// Keyed hash over the request's fields, Base64 of 16 bytes: tells a repeat from another body. Empty without an
/// Idempotency-Key, where nothing can be repeated.
/// </param>
/// <param name="Contact">The buyer's contact, encrypted with the key of a month.</param>
/// <param name="ContactHash">Keyed hash of the normalised contact, Base64 of 16 bytes.</param>
/// <param name="NetworkHash">Keyed hash of the buyer's network; null in local mode for loopback.</param>
/// <param name="PasswordHash">Keyed hash of contact and query password; null without a password.</param>
/// <param name="Kind">As quoted; left out for unique keys.</param>
public sealed record OrderPlaced(
    string OrderId,
    string Sku,
    int Quantity,
    long UnitPrice,
    long Amount,
    string Currency,
    string ProductName,
    HoldPolicy Hold,
    int HoldSeconds,
    int WaitSeconds,
    int CatalogVersion,
    string Channel,
    string Region,
    DateTimeOffset AcceptedAt,
    string BodyHash,
    string Contact,
    string ContactHash,
    string? NetworkHash = null,
    string? PasswordHash = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] ProductKind Kind = ProductKind.Unique)
{
    /// <summary>
    /// The span of the request that placed it, as a W3C <c>traceparent</c>: what comes from outside later, a notification
    /// say, finds the order's trace by it. Null, and not written, where the request was not traced.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Trace { get; init; }
}

/// <summary>The buyer wants an unpaid order to end.</summary>
public sealed record OrderCancelRequested(string OrderId, string Sku, DateTimeOffset RequestedAt);

/// <summary>The buyer of an unpaid order wants to pay it by another channel.</summary>
public sealed record ChannelSwitchRequested(string OrderId, string Sku, string Channel, DateTimeOffset RequestedAt);
