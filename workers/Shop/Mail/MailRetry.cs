using CardShop.Pipeline;

namespace CardShop.Shop.Mail;

/// <summary>How one try of a mail ended.</summary>
public enum MailResult
{
    /// <summary>The server has taken it.</summary>
    Sent,

    /// <summary>The server, or the way to it.</summary>
    Failed,

    /// <summary>The server refuses this address for good (5xx).</summary>
    Refused,

    /// <summary>Nothing was tried: what it says may not be read yet, or could not be.</summary>
    NotYet,

    /// <summary>The buyer's contact is no mail address.</summary>
    NoAddress,
}

/// <param name="Error">In a word, for operators; never anything of the server's text, which may repeat addresses.</param>
public sealed record MailAnswer(MailResult Result, string? Error = null);

/// <summary>What becomes of a mail's row.</summary>
public enum MailState
{
    Waiting,
    Sent,
    NoAddress,
    Failed,
}

/// <param name="Due">When it is tried again; null where it is not.</param>
/// <param name="Counts">Whether the try counts as one.</param>
public sealed record MailStep(MailState State, DateTimeOffset? Due = null, bool Counts = true);

/// <summary>Retry as data: a pure function from what happened to what to do.</summary>
public static class MailRetry
{
    /// <summary>
    /// So often a server has to refuse an address before it is believed: one that is wrongly set up, or that wants to see
    /// whether a sender comes back, says so as well.
    /// </summary>
    public const int Refusals = 3;

    private static readonly TimeSpan NotYetGap = TimeSpan.FromSeconds(1);

    /// <param name="tries">Tries of this mail, the last included.</param>
    /// <param name="firstTry">When it was first tried.</param>
    /// <param name="jitter">0 to 1: a gap is 0.8 to 1.2 of its length, so that what failed together does not come back together.</param>
    public static MailStep Decide(
        MailAnswer answer, int tries, DateTimeOffset firstTry, DateTimeOffset now, double jitter, MailOptions options)
    {
        var again = answer.Result is MailResult.NotYet
            ? now + NotYetGap
            : now + RetryGap.Of(tries, options.FirstRetry, options.LongestGap, jitter);
        return answer.Result switch
        {
            MailResult.Sent => new(MailState.Sent),
            MailResult.NoAddress => new(MailState.NoAddress),
            MailResult.Refused when tries >= Refusals => new(MailState.Failed),
            MailResult.Failed or MailResult.Refused or MailResult.NotYet => again <= firstTry + options.Window
                ? new(MailState.Waiting, again, Counts: answer.Result is not MailResult.NotYet)
                : new(MailState.Failed),
            _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Result, "no such result"),
        };
    }
}
