using System.Text.Json.Serialization;

namespace CardShop.Contracts;

/// <summary>Where an order's payment stands.</summary>
[JsonConverter(typeof(KebabEnumConverter<PaymentStatus>))]
public enum PaymentStatus
{
    /// <summary>Stock is set aside (or will be at payment); the provider has not answered with a link yet.</summary>
    Reserved,
    AwaitingPayment,
    Paid,
    Refunding,
    Refunded,
    SoldOut,
    Refused,
    Expired,
    Cancelled,
    Review,
}

/// <summary>One try to be paid, with every parameter of its calls: a repeated call is identical.</summary>
/// <param name="Number">Provider number: order id and two digits.</param>
/// <param name="Text">What the provider shows the buyer.</param>
/// <param name="Link">Where the buyer pays; null until the provider has answered.</param>
/// <param name="Qr">The text of a code to scan, where the channel has one.</param>
/// <param name="Closed">The provider has confirmed that it cannot be paid any more.</param>
public sealed record PaymentAttempt(
    string Number,
    string Channel,
    string Profile,
    long Amount,
    string Currency,
    string Text,
    DateTimeOffset OpenedAt,
    DateTimeOffset ExpiresAt,
    string? Link = null,
    bool Closed = false,
    string? Qr = null);

/// <summary>Money that arrived.</summary>
/// <param name="Source"><c>notification</c> or <c>query</c>.</param>
/// <param name="Use">What it was taken for.</param>
public sealed record ReceivedPayment(
    string Number, string? TradeNo, long Amount, DateTimeOffset At, string Source, PaymentUse Use,
    RefundState Refund = RefundState.None, string? RefundNumber = null, int RefundTries = 0);

/// <summary>What a payment was taken for.</summary>
[JsonConverter(typeof(KebabEnumConverter<PaymentUse>))]
public enum PaymentUse
{
    /// <summary>It pays the order.</summary>
    Order,

    /// <summary>The order was paid already, or nothing could be delivered: it goes back.</summary>
    Surplus,

    /// <summary>It does not match the order: an operator decides.</summary>
    Mismatch,
}

/// <summary>Where the refund of one payment stands.</summary>
[JsonConverter(typeof(KebabEnumConverter<RefundState>))]
public enum RefundState
{
    None,
    Asked,
    Done,
    Rejected,
}

/// <summary>A notification that was recorded; its repeats are no-ops.</summary>
/// <param name="Profile">The merchant profile whose key verified it.</param>
/// <param name="Claim">The amount it names, where the order does not know its number: the provider is asked about it.</param>
public sealed record SeenNotification(
    string Id, string Number, NotifiedStatus Status, DateTimeOffset At, string Profile, long? Claim = null);

/// <summary>
/// The payment side of one order: the document <c>mt_doc_paymentsaga</c>, and the snapshot on shop.saga-facts.v1.
/// </summary>
/// <param name="Id">The order id.</param>
/// <param name="Order">Null in the tombstone that a cancel for an unknown order leaves.</param>
/// <param name="Reserved">Stock is set aside for it now.</param>
/// <param name="Due">When the watchdog looks at it next; null when nothing is left to do.</param>
/// <param name="CheckTries">Provider calls in the present state without a usable answer.</param>
/// <param name="Outbox">The last outbox row with records of this order.</param>
public sealed record PaymentSaga(
    string Id,
    PaymentStatus Status,
    OrderPlaced? Order,
    bool Reserved,
    IReadOnlyList<PaymentAttempt> Attempts,
    IReadOnlyList<ReceivedPayment> Payments,
    IReadOnlyList<SeenNotification> Notifications,
    DateTimeOffset? Due,
    string? Reason = null,
    int CheckTries = 0,
    int Version = 0,
    long Outbox = 0);

/// <summary>Where an order's delivery stands.</summary>
[JsonConverter(typeof(KebabEnumConverter<DeliveryStatus>))]
public enum DeliveryStatus
{
    Allocating,
    Delivered,
    WaitingStock,
    Manual,
    Withdrawn,
    Failed,
    Review,
}

/// <summary>The delivery side of one order: the document <c>mt_doc_deliverysaga</c>.</summary>
/// <param name="Reserved">It holds a reservation for its quantity.</param>
/// <param name="Keys">The ids of the keys sold to it; never their text.</param>
/// <param name="WaitUntil">When waiting for stock ends.</param>
/// <param name="ShortPicks">How often fewer keys were found than its reservation promises.</param>
public sealed record DeliverySaga(
    string Id,
    DeliveryStatus Status,
    string Sku,
    int Quantity,
    string Region,
    bool Reserved,
    DateTimeOffset CreatedAt,
    IReadOnlyList<Guid> Keys,
    DateTimeOffset? DeliveredAt,
    DateTimeOffset? WaitUntil,
    DateTimeOffset? Due,
    int ShortPicks = 0,
    int Version = 0,
    long Outbox = 0);
