namespace CardShop.Api.Partners;

/// <summary>The bounds of what partners may ask for; bound from the configuration section <c>Partners</c>.</summary>
public sealed record PartnerSettings
{
    public const string Section = "Partners";

    /// <summary>From one network, before it is told to wait.</summary>
    public int WrongKeysPerMinute { get; init; } = 20;

    /// <summary>That one partner may place; its buyers' networks are not seen here.</summary>
    public int OrdersPerMinute { get; init; } = 6_000;

    /// <summary>That one partner may ask for.</summary>
    public int ReplaysPerHour { get; init; } = 6;

    /// <summary>Requests for events that one partner may have waiting at this instance.</summary>
    public int PollsPerPartner { get; init; } = 8;

    /// <summary>Events that this instance keeps in memory, of each partition the newest; older ones are read from Kafka.</summary>
    public int WindowPerPartition { get; init; } = 1_000;

    /// <summary>Requests at this instance that read older events from Kafka at once.</summary>
    public int OlderReads { get; init; } = 4;
}
