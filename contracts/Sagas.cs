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
/// <param name="Closed">The provider has confirmed that it cannot be paid any more.</param>
/// <param name="Qr">The text of a code to scan, where the channel has one.</param>
/// <param name="NextAt">When its provider is called next; null when nothing is left to ask.</param>
/// <param name="Tries">Calls in a row without a usable answer.</param>
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
    string? Qr = null,
    DateTimeOffset? NextAt = null,
    int Tries = 0)
{
    /// <summary>
    /// The saga's version from which on its provider was known to have it, or may have it again: an answer to a close that was
    /// asked for before says nothing of it. 0, and not written, until then.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int OpenSince { get; init; }
}

/// <summary>Money that arrived.</summary>
/// <param name="TradeNo">The provider's own number, or an operator's reference.</param>
/// <param name="Source"><c>notification</c>, <c>query</c>, <c>statement</c> or <c>operator</c>.</param>
/// <param name="Use">What it was taken for.</param>
/// <param name="Refunds">What went back of it, oldest first; null = nothing. Never more than <paramref name="Amount"/>.</param>
public sealed record ReceivedPayment(
    string Number, string? TradeNo, long Amount, DateTimeOffset At, string Source, PaymentUse Use,
    IReadOnlyList<PaymentRefund>? Refunds = null);

/// <summary>One refund of one payment: asked for until the provider has said how it ended.</summary>
/// <param name="Number">The payment's number and R1, R2 …: the provider refunds each number once.</param>
/// <param name="Amount">In minor units.</param>
/// <param name="AskedAt">When it was decided: the same in every repeat of the call.</param>
/// <param name="Reason">For the provider and for people.</param>
/// <param name="Tries">Calls without a final answer.</param>
/// <param name="NextAt">When the provider is asked next; null once it has ended.</param>
public sealed record PaymentRefund(
    string Number, long Amount, RefundState State, DateTimeOffset AskedAt, string Reason, int Tries = 0,
    DateTimeOffset? NextAt = null);

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

/// <summary>Where one refund stands.</summary>
[JsonConverter(typeof(KebabEnumConverter<RefundState>))]
public enum RefundState
{
    Asked,
    Done,

    /// <summary>The provider will never do it under this number: an operator decides.</summary>
    Rejected,
}

/// <summary>A notification that was recorded; its repeats are no-ops.</summary>
/// <param name="Profile">The merchant profile whose key verified it.</param>
public sealed record SeenNotification(
    string Id, string Number, NotifiedStatus Status, DateTimeOffset At, string Profile);

/// <summary>
/// Money said to have come in, which is booked only after the provider was asked: under a number that the order does not
/// know, or from a provider that wants it so.
/// </summary>
/// <param name="Amount">What was claimed, in minor units.</param>
/// <param name="Source"><c>notification</c> or <c>statement</c>.</param>
/// <param name="NextAt">When the provider is asked next; null once it is booked or given to a person.</param>
/// <param name="Tries">Answers without money.</param>
/// <param name="Since">When it was noted: the provider's silence has an end.</param>
/// <param name="OrderedAt">When its trade was opened, as the notification says.</param>
public sealed record PaymentClaim(
    string Number, string Channel, string Profile, long Amount, string? TradeNo, DateTimeOffset At, string Source,
    DateTimeOffset? NextAt, int Tries = 0, DateTimeOffset? Since = null, DateTimeOffset? OrderedAt = null);

/// <summary>Why a person has to look at an order.</summary>
[JsonConverter(typeof(KebabEnumConverter<ReviewKind>))]
public enum ReviewKind
{
    UnknownOrder,
    AmountMismatch,
    CurrencyMismatch,
    MerchantMismatch,
    ChannelMismatch,

    /// <summary>The provider will not open the payment.</summary>
    RequestRefused,

    /// <summary>The provider will not give the money back.</summary>
    RefundRejected,

    /// <summary>For days the provider has not said how a refund ends; it is asked on.</summary>
    RefundUnfinished,

    /// <summary>The provider neither closes the trade nor says that it is paid.</summary>
    Unclosable,

    /// <summary>The provider does not confirm money that a notification or a statement names.</summary>
    Unconfirmed,

    /// <summary>The provider gave money back that nobody here asked it to, or another amount.</summary>
    UnknownRefund,

    /// <summary>Money came in while the order was in review.</summary>
    PaidInReview,

    /// <summary>The provider's statement has money that is not on record here.</summary>
    StatementMissingHere,

    /// <summary>Money on record here is not on the provider's statement.</summary>
    StatementMissingThere,

    StatementDiffers,

    /// <summary>A message about the order could not be processed, or not be sent.</summary>
    Poison,

    /// <summary>Fewer keys than its reservation promises.</summary>
    ShortPick,

    /// <summary>Manual goods that nobody has handed over in time.</summary>
    ManualOverdue,

    /// <summary>Paid before its region was lost: it may have been delivered there.</summary>
    RegionLost,
}

/// <summary>A matter for a person, whatever the order's status. Open until an operator's decision settles it.</summary>
/// <param name="Reason">One sentence.</param>
/// <param name="Number">The payment, attempt or refund that it is about.</param>
/// <param name="Evidence">What was seen, as text; never contact data or key text.</param>
/// <param name="Resolution">What was decided, by whom.</param>
public sealed record ReviewCase(
    ReviewKind Kind, string Reason, DateTimeOffset OpenedAt, string? Number = null, string? Evidence = null,
    DateTimeOffset? ClosedAt = null, string? Resolution = null);

/// <summary>
/// The payment side of one order: the document <c>mt_doc_paymentsaga</c>, and the snapshot on shop.saga-facts.v1.
/// </summary>
/// <param name="Id">The order id.</param>
/// <param name="Order">Null in the tombstone that a cancel for an unknown order leaves.</param>
/// <param name="Reserved">Stock is set aside for it now.</param>
/// <param name="Due">When the watchdog looks at it next: the earliest of its parts; null when nothing is left to do.</param>
/// <param name="Outbox">The last outbox row with records of this order.</param>
/// <param name="Claims">Oldest first, bounded; null = none.</param>
/// <param name="Reviews">Oldest first, bounded; null = none.</param>
/// <param name="Acts">Ids of operators' decisions and statement findings that were taken in; bounded; null = none.</param>
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
    int Version = 0,
    long Outbox = 0,
    IReadOnlyList<PaymentClaim>? Claims = null,
    IReadOnlyList<ReviewCase>? Reviews = null,
    IReadOnlyList<string>? Acts = null)
{
    /// <summary>
    /// When its region was lost while it was open: what became of money that came in before, nobody here knows. Null, and not
    /// written, for others.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? LostAt { get; init; }

    /// <summary>When the last change of the channel that was made had been asked for: a repetition of it, or of one before, changes nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? SwitchedAt { get; init; }
}

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
/// <param name="Keys">
/// The ids of the keys sold to it, never their text: one per unit, of manual goods one. A replacement stands in its key's place.
/// </param>
/// <param name="WaitUntil">When waiting for stock, or for an operator, ends.</param>
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
