namespace CardShop.Sandbox.Faults;

/// <summary>What goes wrong.</summary>
public enum FaultKind
{
    /// <summary>Waits, then does what was asked.</summary>
    Delay,

    /// <summary>Cuts the connection without doing it.</summary>
    DropBefore,

    /// <summary>Does it, then cuts the connection.</summary>
    DropAfter,

    /// <summary>Answers with an HTTP status, without doing it.</summary>
    Status,

    /// <summary>Holds the connection, then cuts it without doing it.</summary>
    TimeoutBefore,

    /// <summary>Does it, holds the connection, then cuts it.</summary>
    TimeoutAfter,

    /// <summary>Says one fen more than the truth, properly signed.</summary>
    WrongAmount,

    /// <summary>Signs with a key that nobody knows.</summary>
    ForgedSignature,

    /// <summary>Sends a notification several times at once.</summary>
    DuplicateNotify,

    /// <summary>Holds a notification back until the trade's next one has been sent, or its time is over.</summary>
    ReorderNotify,

    /// <summary>The money moves although the trade was closed or its time is over.</summary>
    LateSuccess,

    /// <summary>Answers, properly signed, that it is not known yet how the trade stands.</summary>
    UnknownState,

    /// <summary>Names the number of another trade, of another channel if there is one; properly signed.</summary>
    OtherOrder,
}

/// <summary>What is asked of a provider, in words that hold for all of them; and its two own deeds.</summary>
public enum SandboxCall
{
    Create,
    Query,
    Close,
    Refund,
    RefundQuery,

    /// <summary>A notification is sent.</summary>
    Notify,

    /// <summary>The buyer pays.</summary>
    Pay,
}

/// <summary>A fault for the next calls.</summary>
/// <param name="Channel">The one provider that it befalls; null for any.</param>
/// <param name="Method">
/// The call it waits for: <c>create</c>, <c>query</c>, <c>close</c>, <c>refund</c>, <c>refund-query</c>, <c>notify</c>,
/// <c>pay</c>, or the provider's own name of a method. Null for any call of the merchant that the kind can befall.
/// </param>
/// <param name="Times">How many calls it befalls.</param>
/// <param name="Milliseconds">How long a delay, a held connection or a held notification lasts.</param>
/// <param name="Status">The status that <see cref="FaultKind.Status"/> answers.</param>
/// <param name="Copies">How often <see cref="FaultKind.DuplicateNotify"/> sends a notification.</param>
/// <param name="Number">The one trade that it befalls, by the merchant's number; null for any.</param>
/// <param name="Other">
/// The number that <see cref="FaultKind.OtherOrder"/> names in a notification; null for the newest other trade's.
/// </param>
public sealed record Fault(
    FaultKind Kind, string? Channel = null, string? Method = null, int Times = 1, int Milliseconds = 1000,
    int Status = 503, int Copies = 3, string? Number = null, string? Other = null)
{
    /// <summary>Whether this fault waits for this call.</summary>
    /// <param name="method">The provider's own name of the call, where it has one.</param>
    /// <param name="number">The trade that the call is about; null where it names none that is known.</param>
    public bool Befalls(string provider, SandboxCall call, string? method, string? number) =>
        (Channel is null || Channel == provider) && (Number is null || Number == number) && Suits(call)
        && (Method is null
            ? call is not (SandboxCall.Notify or SandboxCall.Pay) || IsAboutNothingElse
            : Method == method || Method == NameOf(call));

    public static string NameOf(SandboxCall call) => call switch
    {
        SandboxCall.Create => "create",
        SandboxCall.Query => "query",
        SandboxCall.Close => "close",
        SandboxCall.Refund => "refund",
        SandboxCall.RefundQuery => "refund-query",
        SandboxCall.Notify => "notify",
        SandboxCall.Pay => "pay",
        _ => throw new ArgumentOutOfRangeException(nameof(call)),
    };

    private bool IsAboutNothingElse =>
        Kind is FaultKind.DuplicateNotify or FaultKind.ReorderNotify or FaultKind.LateSuccess;

    private bool Suits(SandboxCall call) => Kind switch
    {
        FaultKind.Delay or FaultKind.DropBefore or FaultKind.DropAfter or FaultKind.Status or FaultKind.TimeoutBefore
            or FaultKind.TimeoutAfter or FaultKind.ForgedSignature => call != SandboxCall.Pay,
        FaultKind.WrongAmount or FaultKind.OtherOrder =>
            call is SandboxCall.Query or SandboxCall.Refund or SandboxCall.RefundQuery or SandboxCall.Notify,
        FaultKind.UnknownState => call is SandboxCall.Query or SandboxCall.Refund or SandboxCall.RefundQuery,
        FaultKind.DuplicateNotify or FaultKind.ReorderNotify => call == SandboxCall.Notify,
        FaultKind.LateSuccess => call is SandboxCall.Close or SandboxCall.Pay,
        _ => throw new ArgumentOutOfRangeException(nameof(call), Kind, "Unknown kind."),
    };
}
