namespace CardShop.Pipeline.Batches;

/// <summary>What to do with a message that failed alone.</summary>
public abstract record RetryAction
{
    private RetryAction()
    {
    }

    /// <summary>Try it again now.</summary>
    public sealed record Now : RetryAction;

    /// <summary>Send it through the delayed queue of this round.</summary>
    public sealed record Later(int Round) : RetryAction;

    /// <summary>Record it as dead and put its order into review.</summary>
    public sealed record GiveUp : RetryAction;
}

/// <summary>Retry as data: a pure function from what happened to what to do.</summary>
public static class RetryPolicy
{
    /// <summary>Tries without a pause.</summary>
    public const int Immediate = 3;

    /// <summary>The delayed queues, one round each.</summary>
    public static readonly IReadOnlyList<(string Suffix, TimeSpan Delay)> Delays =
    [
        (".retry.5s", TimeSpan.FromSeconds(5)),
        (".retry.1m", TimeSpan.FromMinutes(1)),
        (".retry.10m", TimeSpan.FromMinutes(10)),
    ];

    /// <param name="failures">How often it failed alone in this round, the last time included.</param>
    /// <param name="delayedRounds">Delayed rounds behind it; null for a record, which cannot be delayed without holding up its partition.</param>
    public static RetryAction Decide(Exception failure, int failures, int? delayedRounds) => (failure, delayedRounds) switch
    {
        (PoisonMessageException, _) => new RetryAction.GiveUp(),
        _ when failures <= Immediate => new RetryAction.Now(),
        (_, { } rounds) when rounds < Delays.Count => new RetryAction.Later(rounds),
        _ => new RetryAction.GiveUp(),
    };
}
