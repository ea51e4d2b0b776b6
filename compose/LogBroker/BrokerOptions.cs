namespace CardShop.LogBroker;

/// <summary>What the command line sets.</summary>
internal sealed record BrokerOptions
{
    public required string DataDirectory { get; init; }

    /// <summary>The port on 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; } = 9092;

    /// <summary>What clients are told to connect to, host:port; by default the address listened on.</summary>
    public string? Advertised { get; init; }

    public int MaxRequestBytes { get; init; } = 100 * 1024 * 1024;

    public int MaxConnections { get; init; } = 1000;

    /// <summary>Requests of all connections hold at most this much memory together.</summary>
    public long MaxInFlightBytes { get; init; } = 256L * 1024 * 1024;

    public int MaxFetchBytes { get; init; } = 55 * 1024 * 1024;

    public long SegmentBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>The size of each of the two files of the journal; 0 syncs segments only.</summary>
    public long JournalBytes { get; init; } = 16L * 1024 * 1024;

    public bool AutoCreateTopics { get; init; }

    /// <summary>Partitions of a topic created without a number.</summary>
    public int DefaultPartitions { get; init; } = 1;

    /// <summary>How long a new group waits for more members before its first generation.</summary>
    public TimeSpan GroupInitialDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan MaintenanceEvery { get; init; } = TimeSpan.FromSeconds(15);
}
