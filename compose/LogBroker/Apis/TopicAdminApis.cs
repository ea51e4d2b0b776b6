using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;

namespace CardShop.LogBroker.Apis;

/// <summary>Creating, growing and deleting topics, and deleting records from a log's start.</summary>
internal sealed class TopicAdminApis(BrokerState broker)
{
    private const long UpToTheEnd = -1;

    public Task<Response?> HandleCreate(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var wanted = new List<NewTopic>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            wanted.Add(ReadNewTopic(ref reader));
        }

        reader.Int32(); // timeout
        var validateOnly = version >= 1 && reader.Bool();
        var twice = wanted.GroupBy(t => t.Name).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet();
        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 2)
        {
            writer.Int32(0); // throttle time
        }

        writer.ArrayLength(wanted.Count);
        foreach (var topic in wanted)
        {
            var outcome = twice.Contains(topic.Name)
                ? new Outcome(ErrorCode.InvalidRequest, "the topic is named twice")
                : Create(topic, validateOnly);
            WriteCreated(writer, topic, outcome, version);
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    public async Task<Response?> HandleDelete(Request request)
    {
        var version = request.Version;
        var outcomes = new List<(string? Name, Guid Id, ErrorCode Error)>();
        foreach (var (name, id) in ReadDoomed(request))
        {
            outcomes.Add(await Delete(name, id));
        }

        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 1)
        {
            writer.Int32(0); // throttle time
        }

        writer.ArrayLength(outcomes.Count);
        foreach (var (name, id, error) in outcomes)
        {
            writer.String(name);
            if (version >= 6)
            {
                writer.Uuid(id);
            }

            writer.Error(error);
            if (version >= 5)
            {
                writer.String(null); // the code says it all
            }

            writer.Tags();
        }

        writer.Tags();
        return answer;
    }

    public Task<Response?> HandleCreatePartitions(Request request)
    {
        var reader = request.Reader();
        var wanted = new List<(string Name, int Count)>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            wanted.Add((reader.String(), reader.Int32()));
            for (var assignments = reader.ArrayLength(); assignments > 0; assignments--)
            {
                reader.Int32Array(); // there is one broker to assign to
                reader.Tags();
            }

            reader.Tags();
        }

        reader.Int32(); // timeout
        var validateOnly = reader.Bool();
        var answer = request.Answer();
        answer.Writer.Int32(0); // throttle time
        answer.Writer.ArrayLength(wanted.Count);
        foreach (var (name, count) in wanted)
        {
            answer.Writer.String(name);
            answer.Writer.Error(Grow(name, count, validateOnly));
            answer.Writer.String(null);
            answer.Writer.Tags();
        }

        answer.Writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    public Task<Response?> HandleDeleteRecords(Request request)
    {
        var reader = request.Reader();
        var answer = request.Answer();
        var writer = answer.Writer;
        writer.Int32(0); // throttle time
        var topics = Math.Max(0, reader.ArrayLength());
        writer.ArrayLength(topics);
        for (; topics > 0; topics--)
        {
            var name = reader.String();
            writer.String(name);
            var partitions = Math.Max(0, reader.ArrayLength());
            writer.ArrayLength(partitions);
            for (; partitions > 0; partitions--)
            {
                var partition = reader.Int32();
                var offset = reader.Int64();
                reader.Tags();
                var log = name == Topic.OffsetsTopic ? null : broker.Topics.Find(name, partition);
                var error = log is null
                    ? ErrorCode.UnknownTopicOrPartition
                    : log.DeleteRecordsBefore(offset == UpToTheEnd ? log.HighWatermark : offset);
                writer.Int32(partition);
                writer.Int64(error == ErrorCode.None ? log!.LogStart : -1);
                writer.Error(error);
                writer.Tags();
            }

            reader.Tags();
            writer.Tags();
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    private static NewTopic ReadNewTopic(ref KafkaReader reader)
    {
        var name = reader.String();
        var partitions = reader.Int32();
        var replication = reader.Int16();
        var assignments = new List<(int Partition, List<int> Brokers)>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            assignments.Add((reader.Int32(), reader.Int32Array()));
            reader.Tags();
        }

        var configs = new List<KeyValuePair<string, string?>>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            configs.Add(KeyValuePair.Create(reader.String(), reader.NullableString()));
            reader.Tags();
        }

        reader.Tags();
        return new NewTopic(name, partitions, replication, assignments, configs);
    }

    private Outcome Create(NewTopic wanted, bool validateOnly)
    {
        if (!Topic.IsValidName(wanted.Name))
        {
            return new Outcome(ErrorCode.InvalidTopic,
                "a topic's name has 1 to 249 of the characters a-z A-Z 0-9 . _ -");
        }

        var partitions = wanted.Assignments.Count > 0 ? wanted.Assignments.Count
            : wanted.Partitions == -1 ? broker.Options.DefaultPartitions
            : wanted.Partitions;
        if (partitions is <= 0 or > TopicStore.MaxPartitions)
        {
            return new Outcome(ErrorCode.InvalidPartitions, $"a topic has 1 to {TopicStore.MaxPartitions} partitions");
        }

        if (wanted.Assignments.Count == 0 && wanted.Replication is not (-1 or 1))
        {
            return new Outcome(ErrorCode.InvalidReplicationFactor, "there is one broker");
        }

        if (wanted.Assignments.Any(a => a.Brokers is not [BrokerState.NodeId])
            || wanted.Assignments.Select(a => a.Partition).Order().Where((p, i) => p != i).Any())
        {
            return new Outcome(ErrorCode.InvalidReplicaAssignment,
                $"broker {BrokerState.NodeId} leads every partition");
        }

        if (broker.Topics.TryConfigure(wanted.Configs, out var problem) is not { } config)
        {
            return new Outcome(ErrorCode.InvalidConfig, problem);
        }

        if (validateOnly)
        {
            var exists = broker.Topics.Find(wanted.Name) is not null;
            return new Outcome(exists ? ErrorCode.TopicAlreadyExists : ErrorCode.None, null, Guid.Empty, partitions,
                config);
        }

        var (error, topic) = broker.Topics.Create(wanted.Name, partitions, config);
        return new Outcome(error, Explain(error, wanted.Name), topic?.Id ?? Guid.Empty, partitions, config);
    }

    private static string? Explain(ErrorCode error, string name) =>
        error == ErrorCode.None ? null
        : error == ErrorCode.TopicAlreadyExists ? $"Topic '{name}' already exists."
        : error == ErrorCode.PolicyViolation ? $"all topics have {TopicStore.MaxPartitions} partitions at most"
        : "the topic could not be written";

    private static void WriteCreated(KafkaWriter writer, NewTopic wanted, Outcome outcome, short version)
    {
        writer.String(wanted.Name);
        if (version >= 7)
        {
            writer.Uuid(outcome.Id);
        }

        writer.Error(outcome.Error);
        if (version >= 1)
        {
            writer.String(outcome.Message);
        }

        if (version >= 5)
        {
            var created = outcome.Error == ErrorCode.None;
            writer.Int32(created ? outcome.Partitions : -1);
            writer.Int16(created ? 1 : -1);
            DescribeConfigsApi.WriteOfCreated(writer, created ? outcome.Config : null);
        }

        writer.Tags();
    }

    private static List<(string? Name, Guid Id)> ReadDoomed(Request request)
    {
        var reader = request.Reader();
        if (request.Version < 6)
        {
            return reader.StringArray().ConvertAll(name => ((string?)name, Guid.Empty));
        }

        var doomed = new List<(string?, Guid)>();
        for (var count = reader.ArrayLength(); count > 0; count--)
        {
            doomed.Add((reader.NullableString(), reader.Uuid()));
            reader.Tags();
        }

        return doomed;
    }

    private async Task<(string? Name, Guid Id, ErrorCode Error)> Delete(string? name, Guid id)
    {
        var topic = name is null ? broker.Topics.Find(id) : broker.Topics.Find(name);
        if (topic is null)
        {
            return (name, id, name is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition);
        }

        if (topic.Internal)
        {
            return (topic.Name, topic.Id, ErrorCode.InvalidTopic);
        }

        var error = broker.Topics.Delete(topic.Name);
        if (error == ErrorCode.None)
        {
            await broker.Groups.Offsets.ForgetTopic(topic.Name);
        }

        return (topic.Name, topic.Id, error);
    }

    private ErrorCode Grow(string name, int count, bool validateOnly)
    {
        if (broker.Topics.Find(name) is not { Internal: false } topic)
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        return !validateOnly ? broker.Topics.Grow(name, count)
            : count > topic.Partitions.Count ? ErrorCode.None
            : ErrorCode.InvalidPartitions;
    }

    private sealed record NewTopic(
        string Name,
        int Partitions,
        short Replication,
        List<(int Partition, List<int> Brokers)> Assignments,
        List<KeyValuePair<string, string?>> Configs);

    private sealed record Outcome(
        ErrorCode Error, string? Message, Guid Id = default, int Partitions = -1, TopicConfig? Config = null);
}
