namespace CardShop.Shop.Channels.Resilience;

/// <summary>How calls to providers are guarded; bound from the configuration section <c>Payments:Resilience</c>.</summary>
public sealed record ResilienceOptions
{
    public const string Section = "Payments:Resilience";

    public static readonly ResilienceOptions Default = new();

    /// <summary>For one call. A provider that hangs is noticed after it, so it stays well below five seconds.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Repeats of one call; 0 to 5.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Before the first repeat; doubled for the next, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The breaker looks at the calls of so long. A short window: a day of good answers proves nothing about now.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Fewer calls than these in a window prove nothing; 2 or more.</summary>
    public int MinimumCalls { get; init; } = 5;

    /// <summary>The share of failed calls in a window that opens the breaker.</summary>
    public double FailureRatio { get; init; } = 0.5;

    /// <summary>How often an open breaker is probed.</summary>
    public TimeSpan ProbeEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For one probe; with the period it bounds how late a recovery is seen.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Throws with the setting's name and what it should hold.</summary>
    public ResilienceOptions Checked()
    {
        Require(CallTimeout > TimeSpan.Zero && CallTimeout <= TimeSpan.FromMinutes(1), nameof(CallTimeout), "up to a minute");
        Require(ProbeTimeout > TimeSpan.Zero && ProbeTimeout <= TimeSpan.FromMinutes(1), nameof(ProbeTimeout), "up to a minute");
        Require(
            ProbeEvery >= TimeSpan.FromMilliseconds(500) && ProbeEvery <= TimeSpan.FromMinutes(1), nameof(ProbeEvery),
            "half a second to a minute");
        Require(
            Window >= TimeSpan.FromMilliseconds(500) && Window <= TimeSpan.FromMinutes(1), nameof(Window),
            "half a second to a minute");
        Require(RetryDelay > TimeSpan.Zero && RetryDelay <= TimeSpan.FromSeconds(10), nameof(RetryDelay), "up to ten seconds");
        Require(Retries is >= 0 and <= 5, nameof(Retries), "0 to 5");
        Require(MinimumCalls is >= 2 and <= 10_000, nameof(MinimumCalls), "2 to 10000");
        Require(FailureRatio is > 0 and <= 1, nameof(FailureRatio), "more than 0 and at most 1");
        return this;
    }

    private static void Require(bool holds, string name, string range)
    {
        if (!holds)
        {
            throw new InvalidOperationException(
                $"Setting {Section.Replace(":", "__", StringComparison.Ordinal)}__{name} must be {range}.");
        }
    }
}
