namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// Which answers say that the provider, or the way to it, is broken. Channels give their own codes for that; a code of
/// the provider's, business refusal or unknown trade state alike, says that it works.
/// </summary>
public static class ProviderFailures
{
    /// <summary>No call was made: the breaker is open.</summary>
    public const string CircuitOpen = "CIRCUIT_OPEN";

    /// <summary>The call was given up after its time.</summary>
    public const string Timeout = "TIMEOUT";

    /// <summary>
    /// Time-outs, lost connections, HTTP errors without a provider's code, answers that cannot be read or are not signed
    /// as they must be.
    /// </summary>
    public static bool IsPlace(ChannelAnswer answer) => answer is { Result: ChannelResult.Unknown, Code: { } code }
        && (code is Timeout or "CONNECTION_FAILED" or "ANSWER_UNREADABLE" or "ANSWER_TOO_LARGE"
            || code.StartsWith("HTTP_", StringComparison.Ordinal)
            || code.StartsWith("SIGNATURE_", StringComparison.Ordinal)
            || code.StartsWith("CERTIFICATE_", StringComparison.Ordinal));

    /// <summary>The provider, or the way to it, is away: nothing was said about the trade.</summary>
    public static bool IsAway(ChannelAnswer answer) => answer.Code == CircuitOpen || IsPlace(answer);

    /// <summary>
    /// Nothing was answered, and soon: the identical call is worth repeating at once. A time-out has used up the call's
    /// time; its repeat is the saga's.
    /// </summary>
    public static bool IsUnanswered(ChannelAnswer answer) =>
        answer is { Result: ChannelResult.Unknown, Code: "CONNECTION_FAILED" or "HTTP_FAILED" };

    /// <summary>As <see cref="IsUnanswered"/>, and errors of a server or a proxy: for a query, which changes nothing.</summary>
    public static bool IsWorthAsking(ChannelAnswer answer) =>
        IsPlace(answer) && answer.Code != Timeout;
}
