namespace CardShop.Shop.Channels;

/// <summary>
/// A payment provider: the one seam through which money is asked for, looked at and given back.
/// Every parameter of a call was saved in the order's attempt before the call, so a repeat is identical.
/// Calls never throw for what the provider or the network did: a time-out, a refused connection and an unreadable
/// answer are <see cref="ChannelResult.Unknown"/>. They throw only for cancellation and programming errors.
/// </summary>
public interface IPaymentChannel
{
    /// <summary>The channel's name in orders, settings and queue names: <c>alipay</c>.</summary>
    string Name { get; }

    /// <summary>Opens a trade and returns the link (and QR text) by which the buyer pays it.</summary>
    Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation);

    /// <summary>Whether links of a merchant profile are written without a call: pages that carry the signed order themselves.</summary>
    bool WritesLinks(string profile) => false;

    /// <summary>Asks what the provider knows of a trade.</summary>
    Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation);

    /// <summary>Closes an unpaid trade, so that it cannot be paid any more.</summary>
    Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation);

    /// <summary>
    /// Refunds a paid trade, in whole or in part; repeats with the same refund number refund once, and tell how far it is:
    /// <see cref="ChannelResult.Done"/> only when the money has gone back, <see cref="ChannelResult.Unknown"/> while it is
    /// under way.
    /// </summary>
    Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation);

    /// <summary>Verifies a notification over its raw bytes. Pure: no call, no clock but <paramref name="arrivedAt"/>.</summary>
    NotificationCheck Verify(ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt);

    /// <summary>What the provider is told about a notification, in its own format.</summary>
    NotificationReply Reply(NotificationOutcome outcome);
}

/// <summary>What became of a notification.</summary>
public enum NotificationOutcome
{
    /// <summary>Verified, and Kafka has it.</summary>
    Stored,

    /// <summary>Not genuine, or not readable: sending it again does not help.</summary>
    Refused,

    /// <summary>Genuine, but it could not be written: the provider must send it again.</summary>
    NotStored,
}

/// <param name="Status">HTTP status.</param>
public sealed record NotificationReply(int Status, string ContentType, string Body);

/// <summary>One payment attempt as it was saved.</summary>
/// <param name="Number">The provider number: order id and two digits, letters and digits only.</param>
/// <param name="Profile">Which merchant profile of the channel opened it.</param>
/// <param name="AmountMinor">In minor units (fen), positive.</param>
/// <param name="Subject">What the buyer sees on the provider's page.</param>
public sealed record PaymentRequest(
    string Number, string Profile, long AmountMinor, string Currency, string Subject,
    DateTimeOffset OpenedAt, DateTimeOffset ExpiresAt);

/// <summary>One refund of one payment.</summary>
/// <param name="RefundNumber">Stable per refund: the provider refunds each number once.</param>
/// <param name="AmountMinor">What to give back, in minor units; at most what was paid.</param>
/// <param name="AskedAt">When the refund was decided: the same in every repeat.</param>
/// <param name="TradeNo">The provider's own number of the payment, where it is known.</param>
public sealed record RefundRequest(
    PaymentRequest Payment, string RefundNumber, long AmountMinor, string Reason, DateTimeOffset AskedAt,
    string? TradeNo);

/// <summary>What a call came to, in the five ways that the saga distinguishes.</summary>
public enum ChannelResult
{
    /// <summary>It was done now, or had been done by an identical call before.</summary>
    Done,

    /// <summary>The provider has no such trade (or only will once the buyer has scanned the code).</summary>
    NotFound,

    /// <summary>The trade's state does not allow it; <see cref="ChannelAnswer.Trade"/> or a query says which state.</summary>
    WrongState,

    /// <summary>Nobody knows whether it was done: query, or repeat the identical call later.</summary>
    Unknown,

    /// <summary>Refused for good: an operator must look at it.</summary>
    Refused,
}

/// <summary>Codes of the channels' own, where the provider has none.</summary>
public static class ChannelCodes
{
    /// <summary>
    /// Of a close, with <see cref="ChannelResult.Unknown"/>: nothing can close the trade before its time is over. It is
    /// to be closed again then.
    /// </summary>
    public const string StillOpen = "OPEN_UNTIL_PAY_TIMEOUT";
}

/// <param name="Link">Where the buyer pays; only from <see cref="IPaymentChannel.CreateAsync"/>.</param>
/// <param name="Qr">The text of a code to scan, where the channel has one.</param>
/// <param name="Trade">The trade as the provider shows it, where the answer says so.</param>
/// <param name="Code">The provider's own code, for logs and operators.</param>
public sealed record ChannelAnswer(
    ChannelResult Result, string? Link = null, ProviderTrade? Trade = null, string? Code = null, string? Message = null,
    string? Qr = null)
{
    /// <summary>The provider was not asked: a page's link is written here. It says nothing of how the provider does.</summary>
    public bool IsLocal { get; init; }
}

/// <summary>A trade's state at the provider.</summary>
public enum TradeStatus
{
    Waiting,
    Paid,

    /// <summary>With a payment time or a refunded amount: paid and given back. With neither: never paid.</summary>
    Closed,
}

/// <param name="Number">Our provider number.</param>
/// <param name="TradeNo">The provider's own number.</param>
/// <param name="AmountMinor">The trade's total, in minor units.</param>
/// <param name="RefundedMinor">What was given back so far, in minor units.</param>
public sealed record ProviderTrade(
    string Number, string? TradeNo, TradeStatus Status, long AmountMinor, string Currency,
    DateTimeOffset? PaidAt, long RefundedMinor = 0);

/// <summary>A notification that proved genuine, in plain fields; or why it did not.</summary>
/// <param name="Refusal">Null when genuine; else a short reason, safe to log and to answer.</param>
/// <param name="Profile">The merchant profile whose key verified it.</param>
/// <param name="KeySerial">Which of the provider's keys signed it.</param>
/// <param name="NotifyId">The provider's id of this notification; repeats carry the same.</param>
/// <param name="MerchantId">The merchant (seller, app) that the notification names.</param>
/// <param name="Refund">The refund that it is about; null where it is about the payment.</param>
/// <param name="QueryFirst">The provider wants to be queried before money that it notifies is booked.</param>
/// <param name="OrderedAt">When the trade was opened, where the provider says so.</param>
public sealed record NotificationCheck(
    string? Refusal, string Profile = "", string KeySerial = "", string NotifyId = "", string MerchantId = "",
    ProviderTrade? Trade = null, ProviderRefund? Refund = null, bool QueryFirst = false,
    DateTimeOffset? OrderedAt = null);

/// <summary>How one refund ended, as the provider reported it.</summary>
/// <param name="Done">True: the money went back. False: it never will under this number.</param>
/// <param name="Code">The provider's own word for it.</param>
public sealed record ProviderRefund(string RefundNumber, bool Done, long AmountMinor, string? Code = null);
