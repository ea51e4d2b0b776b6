using System.Globalization;
using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;

namespace CardShop.LogBroker.Apis;

/// <summary>The settings of topics and of the broker.</summary>
internal sealed class DescribeConfigsApi(BrokerState broker)
{
    private const int TopicResource = 2;
    private const int BrokerResource = 4;
    private const int SourceTopic = 1;
    private const int SourceStaticBroker = 4;
    private const int SourceDefault = 5;

    public Task<Response?> Handle(Request request)
    {
        var reader = request.Reader();
        var asked = new List<Asked>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            asked.Add(ReadAsked(ref reader));
        }

        var answer = request.Answer();
        var writer = answer.Writer;
        writer.Int32(0); // throttle time
        writer.ArrayLength(asked.Count);
        foreach (var resource in asked)
        {
            Write(writer, resource, request.Version);
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    /// <summary>The settings as the answer to CreateTopics shows them; null for a topic that was not made.</summary>
    public static void WriteOfCreated(KafkaWriter writer, TopicConfig? config)
    {
        var settings = config is null ? null : OfTopic(config).ToList();
        writer.ArrayLength(settings?.Count ?? -1);
        foreach (var setting in settings ?? [])
        {
            writer.String(setting.Name);
            writer.String(setting.Value);
            writer.Bool(false); // read only
            writer.Int8(setting.Source);
            writer.Bool(false); // sensitive
            writer.Tags();
        }
    }

    private static Asked ReadAsked(ref KafkaReader reader)
    {
        var type = reader.Int8();
        var name = reader.String();
        var count = reader.ArrayLength();
        List<string>? keys = count < 0 ? null : [];
        for (; count > 0; count--)
        {
            keys!.Add(reader.String());
        }

        reader.Tags();
        return new Asked(type, name, keys);
    }

    private static IEnumerable<Setting> OfTopic(TopicConfig config) => TopicConfig.Definitions.Values.Select(d =>
    {
        var source = config.Explicit.ContainsKey(d.Name) ? SourceTopic
            : config.IsBrokerDefault(d.Name) ? SourceStaticBroker
            : SourceDefault;
        return new Setting(d.Name, config.Text(d.Name), d.Type, source, ReadOnly: false);
    });

    private IEnumerable<Setting> OfBroker()
    {
        var options = broker.Options;
        Setting Number(string name, long value) =>
            new(name, value.ToString(CultureInfo.InvariantCulture), ConfigType.Long, SourceStaticBroker,
                ReadOnly: true);
        Setting Flag(string name, bool value) =>
            new(name, value ? "true" : "false", ConfigType.Boolean, SourceStaticBroker, ReadOnly: true);
        return
        [
            Number("broker.id", BrokerState.NodeId),
            new Setting("advertised.listeners", $"PLAINTEXT://{broker.Host}:{broker.Port}", ConfigType.Text,
                SourceStaticBroker, true),
            new Setting("log.dirs", options.DataDirectory, ConfigType.Text, SourceStaticBroker, true),
            Flag("auto.create.topics.enable", options.AutoCreateTopics),
            Flag("unclean.leader.election.enable", false),
            Number("default.replication.factor", 1),
            Number("min.insync.replicas", 1),
            Number("num.partitions", options.DefaultPartitions),
            Number("socket.request.max.bytes", options.MaxRequestBytes),
            Number("queued.max.request.bytes", options.MaxInFlightBytes),
            Number("max.connections", options.MaxConnections),
            Number("fetch.max.bytes", options.MaxFetchBytes),
            Number("log.segment.bytes", options.SegmentBytes),
            Number("log.flush.interval.messages", 1),
            Number("log.retention.ms", -1),
            Number("log.retention.bytes", -1),
            Number("offsets.retention.minutes", int.MaxValue),
            Number("group.initial.rebalance.delay.ms", (long)options.GroupInitialDelay.TotalMilliseconds),
        ];
    }

    private void Write(KafkaWriter writer, Asked resource, short version)
    {
        var settings = Find(resource, out var error);
        writer.Error(error);
        writer.String(error == ErrorCode.None ? null : $"no such resource: {resource.Name}");
        writer.Int8(resource.Type);
        writer.String(resource.Name);
        var shown = settings.Where(s => resource.Keys is null || resource.Keys.Contains(s.Name)).ToList();
        writer.ArrayLength(shown.Count);
        foreach (var setting in shown)
        {
            WriteSetting(writer, setting, version);
        }

        writer.Tags();
    }

    private IEnumerable<Setting> Find(Asked resource, out ErrorCode error)
    {
        error = ErrorCode.None;
        switch (resource.Type)
        {
            case TopicResource when broker.Topics.Find(resource.Name) is { } topic:
                return OfTopic(topic.Config);
            case TopicResource:
                error = ErrorCode.UnknownTopicOrPartition;
                return [];
            case BrokerResource when resource.Name is "" or "1":
                return OfBroker();
            default:
                error = ErrorCode.InvalidRequest;
                return [];
        }
    }

    private static void WriteSetting(KafkaWriter writer, Setting setting, short version)
    {
        writer.String(setting.Name);
        writer.String(setting.Value);
        writer.Bool(setting.ReadOnly);
        if (version == 0)
        {
            writer.Bool(setting.Source == SourceDefault);
        }
        else
        {
            writer.Int8(setting.Source);
        }

        writer.Bool(false); // sensitive
        if (version >= 1)
        {
            writer.ArrayLength(0); // synonyms
        }

        if (version >= 3)
        {
            writer.Int8((int)setting.Type);
            writer.String(null); // documentation
        }

        writer.Tags();
    }

    private sealed record Asked(sbyte Type, string Name, List<string>? Keys);

    private sealed record Setting(string Name, string Value, ConfigType Type, int Source, bool ReadOnly);
}
