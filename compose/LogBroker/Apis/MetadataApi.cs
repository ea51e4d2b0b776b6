using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;

namespace CardShop.LogBroker.Apis;

/// <summary>Metadata: one broker, the leader of everything.</summary>
internal sealed class MetadataApi(BrokerState broker)
{
    /// <summary>"Not asked for", in the fields of authorised operations.</summary>
    private const int NoOperations = int.MinValue;

    public Task<Response?> Handle(Request request)
    {
        var found = Find(request);
        var answer = request.Answer();
        var writer = answer.Writer;
        var version = request.Version;
        if (version >= 3)
        {
            writer.Int32(0); // throttle time
        }

        WriteBroker(writer, version);
        if (version >= 2)
        {
            writer.String(broker.ClusterId);
        }

        if (version >= 1)
        {
            writer.Int32(BrokerState.NodeId); // controller
        }

        writer.ArrayLength(found.Count);
        foreach (var topic in found)
        {
            WriteTopic(writer, topic, version);
        }

        if (version is >= 8 and <= 10)
        {
            writer.Int32(NoOperations);
        }

        writer.Tags();
        return Task.FromResult<Response?>(answer);
    }

    private List<Found> Find(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        var count = reader.ArrayLength();
        if (count < 0 || (count == 0 && version == 0))
        {
            return [.. broker.Topics.All.OrderBy(t => t.Name, StringComparer.Ordinal)
                .Select(t => new Found(ErrorCode.None, t.Name, t.Id, t))];
        }

        var wanted = new List<(Guid Id, string? Name)>(KafkaReader.Capacity(count));
        for (; count > 0; count--)
        {
            var id = version >= 10 ? reader.Uuid() : Guid.Empty;
            wanted.Add((id, version >= 10 ? reader.NullableString() : reader.String()));
            reader.Tags();
        }

        var autoCreate = version < 4 || reader.Bool();
        return [.. wanted.Select(w => FindOne(w.Id, w.Name, autoCreate))];
    }

    private Found FindOne(Guid id, string? name, bool autoCreate)
    {
        if (name is null)
        {
            var known = broker.Topics.Find(id);
            return new Found(known is null ? ErrorCode.UnknownTopicId : ErrorCode.None, known?.Name, id, known);
        }

        if (!Topic.IsValidName(name))
        {
            return new Found(ErrorCode.InvalidTopic, name, Guid.Empty, null);
        }

        var topic = broker.FindOrAutoCreate(name, autoCreate);
        return topic is null
            ? new Found(ErrorCode.UnknownTopicOrPartition, name, Guid.Empty, null)
            : new Found(ErrorCode.None, name, topic.Id, topic);
    }

    private void WriteBroker(KafkaWriter writer, short version)
    {
        writer.ArrayLength(1);
        writer.Int32(BrokerState.NodeId);
        writer.String(broker.Host);
        writer.Int32(broker.Port);
        if (version >= 1)
        {
            writer.String(null); // rack
        }

        writer.Tags();
    }

    private static void WriteTopic(KafkaWriter writer, Found found, short version)
    {
        writer.Error(found.Error);
        writer.String(version >= 12 ? found.Name : found.Name ?? "");
        if (version >= 10)
        {
            writer.Uuid(found.Id);
        }

        if (version >= 1)
        {
            writer.Bool(found.Topic?.Internal ?? false);
        }

        var partitions = found.Topic?.Partitions ?? [];
        writer.ArrayLength(partitions.Count);
        for (var p = 0; p < partitions.Count; p++)
        {
            WritePartition(writer, p, version);
        }

        if (version >= 8)
        {
            writer.Int32(NoOperations);
        }

        writer.Tags();
    }

    private static void WritePartition(KafkaWriter writer, int partition, short version)
    {
        writer.Error(ErrorCode.None);
        writer.Int32(partition);
        writer.Int32(BrokerState.NodeId); // leader
        if (version >= 7)
        {
            writer.Int32(PartitionLog.LeaderEpoch);
        }

        writer.Int32Array([BrokerState.NodeId]); // replicas
        writer.Int32Array([BrokerState.NodeId]); // in sync
        if (version >= 5)
        {
            writer.Int32Array([]); // offline
        }

        writer.Tags();
    }

    private readonly record struct Found(ErrorCode Error, string? Name, Guid Id, Topic? Topic);
}
