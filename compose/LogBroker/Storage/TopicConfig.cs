using System.Globalization;

namespace CardShop.LogBroker.Storage;

/// <summary>What kind of value a setting takes, with the numbers that the protocol's DescribeConfigs uses.</summary>
internal enum ConfigType
{
    Boolean = 1,
    Text = 2,
    Int = 3,
    Long = 5,
    Real = 6,
    List = 7,
}

/// <summary>One setting that a topic may have.</summary>
internal sealed record ConfigDefinition(string Name, ConfigType Type, string Default, Func<string, bool> IsValid);

/// <summary>
/// A topic's settings: those given explicitly, and the values in force. Nothing is deleted unless asked for: retention
/// is off by default, unlike Kafka's seven days.
/// </summary>
internal sealed class TopicConfig
{
    private static readonly string[] Policies = ["delete", "compact"];
    private static readonly string[] Booleans = ["true", "false"];
    private static readonly Dictionary<string, string> NoDefaults = [];

    private readonly Dictionary<string, string> _explicit;
    private readonly IReadOnlyDictionary<string, string> _brokerDefaults;

    private TopicConfig(Dictionary<string, string> values, IReadOnlyDictionary<string, string> brokerDefaults)
    {
        _explicit = values;
        _brokerDefaults = brokerDefaults;
        var policies = Text("cleanup.policy").Split(',', StringSplitOptions.TrimEntries);
        Compact = policies.Contains("compact");
        Delete = policies.Contains("delete");
        RetentionMs = Number("retention.ms");
        RetentionBytes = Number("retention.bytes");
        SegmentBytes = Number("segment.bytes");
        SegmentMs = Number("segment.ms");
        MaxMessageBytes = (int)Number("max.message.bytes");
        LogAppendTime = Text("message.timestamp.type") == "LogAppendTime";
        MinInsyncReplicas = (int)Number("min.insync.replicas");
        DeleteRetentionMs = Number("delete.retention.ms");
        MinCompactionLagMs = Number("min.compaction.lag.ms");
        MinCleanableDirtyRatio =
            double.Parse(Text("min.cleanable.dirty.ratio"), NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    public static IReadOnlyDictionary<string, ConfigDefinition> Definitions { get; } = new ConfigDefinition[]
    {
        new("cleanup.policy", ConfigType.List, "delete",
            v => v.Split(',', StringSplitOptions.TrimEntries).All(p => Policies.Contains(p))),
        new("compression.type", ConfigType.Text, "producer", v => v == "producer"),
        new("delete.retention.ms", ConfigType.Long, "86400000", AtLeast(0)),
        new("flush.messages", ConfigType.Long, "1", AtLeast(1)),
        new("flush.ms", ConfigType.Long, "0", AtLeast(0)),
        new("max.message.bytes", ConfigType.Int, "1048588", v => AtLeast(0)(v) && AtMost(1 << 30)(v)),
        new("message.timestamp.type", ConfigType.Text, "CreateTime", v => v is "CreateTime" or "LogAppendTime"),
        new("min.cleanable.dirty.ratio", ConfigType.Real, "0.5", IsRatio),
        new("min.compaction.lag.ms", ConfigType.Long, "0", AtLeast(0)),
        new("min.insync.replicas", ConfigType.Int, "1", v => AtLeast(1)(v) && AtMost(32767)(v)),
        new("retention.bytes", ConfigType.Long, "-1", AtLeast(-1)),
        new("retention.ms", ConfigType.Long, "-1", AtLeast(-1)),
        new("segment.bytes", ConfigType.Int, "268435456", v => AtLeast(4096)(v) && AtMost(1 << 30)(v)),
        new("segment.ms", ConfigType.Long, "604800000", AtLeast(1)),
        new("unclean.leader.election.enable", ConfigType.Boolean, "false", v => Booleans.Contains(v)),
    }.ToDictionary(d => d.Name);

    public bool Compact { get; }

    public bool Delete { get; }

    public long RetentionMs { get; }

    public long RetentionBytes { get; }

    public long SegmentBytes { get; }

    public long SegmentMs { get; }

    public int MaxMessageBytes { get; }

    public bool LogAppendTime { get; }

    public int MinInsyncReplicas { get; }

    public long DeleteRetentionMs { get; }

    public long MinCompactionLagMs { get; }

    public double MinCleanableDirtyRatio { get; }

    public IReadOnlyDictionary<string, string> Explicit => _explicit;

    /// <summary>
    /// Checks and takes explicit settings; the message says which of them is wrong. Broker-wide defaults stand in place
    /// of the table's.
    /// </summary>
    public static TopicConfig? TryCreate(
        IEnumerable<KeyValuePair<string, string?>> values,
        IReadOnlyDictionary<string, string> brokerDefaults,
        out string? problem)
    {
        var accepted = new Dictionary<string, string>();
        problem = null;
        foreach (var (name, value) in values)
        {
            if (!Definitions.TryGetValue(name, out var definition))
            {
                problem = $"Unknown topic config name: {name}";
                return null;
            }

            if (value is null || !definition.IsValid(value))
            {
                problem = $"Invalid value {value ?? "null"} for configuration {name}";
                return null;
            }

            accepted[name] = value;
        }

        return new TopicConfig(accepted, brokerDefaults);
    }

    public static TopicConfig Create(params (string Name, string Value)[] values) =>
        TryCreate(values.Select(v => KeyValuePair.Create<string, string?>(v.Name, v.Value)), NoDefaults,
            out var problem)
        ?? throw new ArgumentException(problem, nameof(values));

    public string Text(string name) =>
        _explicit.TryGetValue(name, out var given) ? given
        : _brokerDefaults.TryGetValue(name, out var standing) ? standing
        : Definitions[name].Default;

    public bool IsBrokerDefault(string name) => !_explicit.ContainsKey(name) && _brokerDefaults.ContainsKey(name);

    private long Number(string name) => long.Parse(Text(name), CultureInfo.InvariantCulture);

    private static bool TryNumber(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static Func<string, bool> AtLeast(long least) => text => TryNumber(text, out var v) && v >= least;

    private static Func<string, bool> AtMost(long most) => text => TryNumber(text, out var v) && v <= most;

    private static bool IsRatio(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var v) && v is >= 0 and <= 1;
}
