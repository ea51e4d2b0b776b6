namespace CardShop.Sandbox.Books;

/// <summary>Where a trade stands.</summary>
public enum SandboxState
{
    /// <summary>A QR code was handed out; the trade itself comes into being when the buyer scans it.</summary>
    Offered,

    /// <summary>Scanned, not paid.</summary>
    Waiting,

    Paid,

    /// <summary>Never paid and not payable any more, or paid and wholly refunded.</summary>
    Closed,
}

/// <summary>What a merchant asks for when opening a trade. Two equal ones are the same request.</summary>
/// <param name="Number">The merchant's number; unique over all providers of the sandbox.</param>
/// <param name="Provider">Which provider is being played.</param>
/// <param name="Merchant">The merchant's account at that provider.</param>
public sealed record OpenTrade(
    string Number, string Provider, string Merchant, long AmountMinor, string Subject,
    DateTimeOffset ExpiresAt, string NotifyUrl)
{
    /// <summary>The trade is there as soon as it is opened, and not only once the buyer has scanned its code.</summary>
    public bool ExistsAtOnce { get; init; }

    /// <summary>How many digits the provider's own numbers have; 20 to 32.</summary>
    public int TradeNoLength { get; init; } = 28;

    /// <summary>An attempt to pay that failed is notified, and not only one that succeeds.</summary>
    public bool TellsFailures { get; init; }

    /// <summary>What else of the request the provider must remember, in its own notation.</summary>
    public string? Detail { get; init; }
}

/// <summary>One refund of a trade.</summary>
/// <param name="NotifyUrl">Where this refund is reported; null where the trade's payment is.</param>
public sealed record SandboxRefund(
    string RefundNumber, long AmountMinor, string Reason, DateTimeOffset At, string? NotifyUrl = null);

/// <summary>A notification that the merchant must acknowledge.</summary>
/// <param name="Id">Stable: repeats carry the same.</param>
/// <param name="State">The trade's state at that time; what a repeat says does not change later.</param>
/// <param name="Refund">The refund that caused it, if one did.</param>
/// <param name="RefundedMinor">Refunded in all at that time.</param>
/// <param name="Deliveries">How often it was sent, re-sends by the control interface included.</param>
public sealed record SandboxNotice(
    string Id, SandboxState State, DateTimeOffset At, SandboxRefund? Refund, long RefundedMinor,
    int Deliveries = 0, bool Acknowledged = false);

/// <summary>A trade as it stands now. Immutable: the books replace it.</summary>
public sealed record SandboxTrade(OpenTrade Order, string TradeNo, DateTimeOffset OpenedAt)
{
    public SandboxState State { get; init; } = SandboxState.Offered;

    public DateTimeOffset? ScannedAt { get; init; }

    /// <summary>When the buyer's bank said no; the buyer may try again.</summary>
    public IReadOnlyList<DateTimeOffset> Declines { get; init; } = [];

    public DateTimeOffset? PaidAt { get; init; }

    public DateTimeOffset? ClosedAt { get; init; }

    public IReadOnlyList<SandboxRefund> Refunds { get; init; } = [];

    public IReadOnlyList<SandboxNotice> Notices { get; init; } = [];

    public string Number => Order.Number;

    public long AmountMinor => Order.AmountMinor;

    public long RefundedMinor => Refunds.Sum(one => one.AmountMinor);
}
