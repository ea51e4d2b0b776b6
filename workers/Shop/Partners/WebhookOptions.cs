namespace CardShop.Shop.Partners;

/// <summary>How partners' endpoints are called; bound from the configuration section <c>Webhooks</c>.</summary>
public sealed record WebhookOptions
{
    public const string Section = "Webhooks";

    /// <summary>Before the first repeat; each further gap is three times as long.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest gap between two tries.</summary>
    public TimeSpan LongestGap { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How long one event is tried.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromHours(24);

    /// <summary>For one call, from the look-up of the name to the end of the answer.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Calls to one webhook at once, by one process.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>Webhooks that one process works for at once.</summary>
    public int Lanes { get; init; } = 200;

    /// <summary>Undelivered events of one webhook beyond which it is disabled.</summary>
    public int MaxPending { get; init; } = 100_000;

    /// <summary>Whether <c>http:</c> addresses are called: on a developer's machine.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Whether addresses of private networks are called: on a developer's machine, or inside one house.</summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Throws with the setting's name and what it should hold.</summary>
    public WebhookOptions Checked()
    {
        Require(FirstRetry > TimeSpan.Zero && FirstRetry <= LongestGap, nameof(FirstRetry), "more than 0 and at most LongestGap");
        Require(LongestGap <= Window, nameof(LongestGap), "at most Window");
        Require(Window <= TimeSpan.FromDays(30), nameof(Window), "at most 30 days");
        Require(
            CallTimeout > TimeSpan.Zero && CallTimeout < WebhookStore.Lease / 2, nameof(CallTimeout), "more than 0 and below 30 s");
        Require(Concurrency is >= 1 and <= 100, nameof(Concurrency), "1 to 100");
        Require(Lanes is >= 1 and <= 1_000, nameof(Lanes), "1 to 1000");
        Require(MaxPending is >= 1 and <= 10_000_000, nameof(MaxPending), "1 to 10000000");
        return this;
    }

    private static void Require(bool holds, string name, string range)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Setting {Section}__{name} must be {range}.");
        }
    }
}
