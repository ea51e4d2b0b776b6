using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Apis;

/// <summary>
/// Changing a topic's settings: all of them at once (AlterConfigs), or single ones (IncrementalAlterConfigs).
/// </summary>
internal sealed class AlterConfigsApi(BrokerState broker)
{
    private const int TopicResource = 2;
    private const int Set = 0;
    private const int Delete = 1;

    public Task<Response?> Handle(Request request)
    {
        var incremental = request.Key == ApiKey.IncrementalAlterConfigs;
        var reader = request.Reader();
        var changes = new List<Change>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            changes.Add(ReadChange(ref reader, incremental));
        }

        var validateOnly = reader.Bool();
        var answer = request.Answer();
        var writer = answer.Writer;
        writer.Int32(0); // throttle time
        writer.ArrayLength(changes.Count);
        foreach (var change in changes)
        {
            var error = Apply(change, incremental, validateOnly, out var message);
            writer.Error(error);
            writer.String(message);
            writer.Int8(change.Type);
            writer.String(change.Name);
            writer.Tags();
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    private static Change ReadChange(ref KafkaReader reader, bool incremental)
    {
        var type = reader.Int8();
        var name = reader.String();
        var entries = new List<Entry>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            var key = reader.String();
            var operation = incremental ? reader.Int8() : Set;
            entries.Add(new Entry(key, operation, reader.NullableString()));
            reader.Tags();
        }

        reader.Tags();
        return new Change(type, name, entries);
    }

    private ErrorCode Apply(Change change, bool incremental, bool validateOnly, out string? message)
    {
        message = null;
        if (change.Type != TopicResource)
        {
            message = "the broker's own settings come from its command line";
            return ErrorCode.InvalidRequest;
        }

        if (broker.Topics.Find(change.Name) is not { Internal: false } topic)
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        var wanted = incremental
            ? topic.Config.Explicit.ToDictionary(c => c.Key, c => (string?)c.Value)
            : [];
        foreach (var entry in change.Entries)
        {
            if (entry.Operation == Set)
            {
                wanted[entry.Name] = entry.Value;
            }
            else if (entry.Operation == Delete)
            {
                wanted.Remove(entry.Name);
            }
            else
            {
                message = "settings can be set and deleted, not appended to";
                return ErrorCode.InvalidRequest;
            }
        }

        if (broker.Topics.TryConfigure(wanted, out message) is not { } config)
        {
            return ErrorCode.InvalidConfig;
        }

        return validateOnly ? ErrorCode.None : broker.Topics.Configure(topic.Name, config);
    }

    private sealed record Change(sbyte Type, string Name, List<Entry> Entries);

    private readonly record struct Entry(string Name, int Operation, string? Value);
}
