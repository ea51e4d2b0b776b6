using CardShop.LogBroker.Groups;
using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Apis;

/// <summary>Committing and fetching the offsets of groups.</summary>
internal sealed class OffsetsApi(BrokerState broker)
{
    private const int MaxMetadata = 4096;

    public async Task<Response?> HandleCommit(Request request)
    {
        var commit = ReadCommit(request);
        var outcomes = commit.Positions.ConvertAll(Check);
        var accepted = commit.Positions.Zip(outcomes).Where(p => p.Second == ErrorCode.None)
            .Select(p => (p.First.Topic, p.First.Partition, (CommittedOffset?)p.First.Value)).ToList();
        var error = await broker.Groups.Commit(
            commit.Group, commit.MemberId, commit.InstanceId, commit.Generation, accepted);

        var answer = request.Answer();
        var writer = answer.Writer;
        if (request.Version >= 3)
        {
            writer.Int32(0); // throttle time
        }

        var topics = commit.Positions.Zip(outcomes).GroupBy(p => p.First.Topic).ToList();
        writer.ArrayLength(topics.Count);
        foreach (var topic in topics)
        {
            writer.String(topic.Key);
            writer.ArrayLength(topic.Count());
            foreach (var (position, outcome) in topic)
            {
                writer.Int32(position.Partition);
                writer.Error(outcome == ErrorCode.None ? error : outcome);
                writer.Tags();
            }

            writer.Tags();
        }

        writer.Tags();
        return answer;
    }

    public Task<Response?> HandleFetch(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var answer = request.Answer();
        var writer = answer.Writer;
        if (version >= 3)
        {
            writer.Int32(0); // throttle time
        }

        if (version < 8)
        {
            HandleFetchOfGroup(ref reader, writer, version);
            if (version >= 2)
            {
                writer.Error(ErrorCode.None);
            }

            writer.Tags();
            return Task.FromResult<Response?>(answer);
        }

        var groups = Math.Max(0, reader.ArrayLength());
        writer.ArrayLength(groups);
        for (; groups > 0; groups--)
        {
            HandleFetchOfGroup(ref reader, writer, version);
            reader.Tags();
            writer.Error(ErrorCode.None);
            writer.Tags();
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    private ErrorCode Check(Position position) =>
        broker.Topics.Find(position.Topic, position.Partition) is null ? ErrorCode.UnknownTopicOrPartition
        : position.Value.Metadata.Length > MaxMetadata ? ErrorCode.OffsetMetadataTooLarge
        : ErrorCode.None;

    private CommitRequest ReadCommit(Request request)
    {
        var version = request.Version;
        var now = broker.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var reader = request.Reader();
        var group = reader.String();
        var generation = version >= 1 ? reader.Int32() : -1;
        var member = version >= 1 ? reader.String() : "";
        var instance = version >= 7 ? reader.NullableString() : null;
        if (version is >= 2 and <= 4)
        {
            reader.Int64(); // retention: offsets are kept until deleted
        }

        var positions = new List<Position>();
        for (var topics = reader.ArrayLength(); topics > 0; topics--)
        {
            var topic = reader.String();
            for (var partitions = reader.ArrayLength(); partitions > 0; partitions--)
            {
                var partition = reader.Int32();
                var offset = reader.Int64();
                var epoch = version >= 6 ? reader.Int32() : -1;
                var at = version == 1 ? reader.Int64() : -1;
                var metadata = reader.NullableString() ?? "";
                reader.Tags();
                positions.Add(new Position(
                    topic, partition, new CommittedOffset(offset, epoch, metadata, at >= 0 ? at : now)));
            }

            reader.Tags();
        }

        return new CommitRequest(group, member, instance, generation, positions);
    }

    private void HandleFetchOfGroup(ref KafkaReader reader, KafkaWriter writer, short version)
    {
        var group = reader.String();
        if (version >= 8)
        {
            writer.String(group);
        }

        var topics = reader.ArrayLength();
        if (topics < 0)
        {
            WriteAll(writer, group, version);
            return;
        }

        writer.ArrayLength(topics);
        for (; topics > 0; topics--)
        {
            var topic = reader.String();
            writer.String(topic);
            var partitions = reader.Int32Array();
            writer.ArrayLength(partitions.Count);
            foreach (var partition in partitions)
            {
                WriteOne(writer, partition, broker.Groups.Offsets.Find(group, topic, partition), version);
            }

            reader.Tags();
            writer.Tags();
        }
    }

    private void WriteAll(KafkaWriter writer, string group, short version)
    {
        var topics = broker.Groups.Offsets.All(group).GroupBy(o => o.Topic).ToList();
        writer.ArrayLength(topics.Count);
        foreach (var topic in topics)
        {
            writer.String(topic.Key);
            writer.ArrayLength(topic.Count());
            foreach (var (_, partition, value) in topic)
            {
                WriteOne(writer, partition, value, version);
            }

            writer.Tags();
        }
    }

    private static void WriteOne(KafkaWriter writer, int partition, CommittedOffset? committed, short version)
    {
        writer.Int32(partition);
        writer.Int64(committed?.Offset ?? -1);
        if (version >= 5)
        {
            writer.Int32(committed?.LeaderEpoch ?? -1);
        }

        writer.String(committed?.Metadata ?? "");
        writer.Error(ErrorCode.None);
        writer.Tags();
    }

    private sealed record CommitRequest(
        string Group, string MemberId, string? InstanceId, int Generation, List<Position> Positions);

    private sealed record Position(string Topic, int Partition, CommittedOffset Value);
}
