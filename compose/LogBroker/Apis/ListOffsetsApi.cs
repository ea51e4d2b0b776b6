using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;

namespace CardShop.LogBroker.Apis;

/// <summary>Offsets by place or time, and the end of a leader epoch (there is only one).</summary>
internal sealed class ListOffsetsApi(BrokerState broker)
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const long MaxTimestamp = -3;

    public Task<Response?> Handle(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        reader.Int32(); // replica id
        if (version >= 2)
        {
            reader.Int8(); // isolation
        }

        return Task.FromResult<Response?>(AnswerEach(request, ref reader, HandlePartition));
    }

    public Task<Response?> HandleLeaderEpoch(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        if (version >= 3)
        {
            reader.Int32(); // replica id
        }

        return Task.FromResult<Response?>(AnswerEach(request, ref reader, HandleEpochPartition));
    }

    private delegate void PartitionHandler(ref KafkaReader reader, KafkaWriter writer, string name, short version);

    /// <summary>Both requests go through topics and their partitions in the same form.</summary>
    private static Response AnswerEach(Request request, ref KafkaReader reader, PartitionHandler handle)
    {
        var answer = request.Answer();
        var writer = answer.Writer;
        if (request.Version >= 2)
        {
            writer.Int32(0); // throttle time
        }

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
                handle(ref reader, writer, name, request.Version);
            }

            reader.Tags();
            writer.Tags();
        }

        writer.Tags();
        return answer;
    }

    private void HandlePartition(ref KafkaReader reader, KafkaWriter writer, string name, short version)
    {
        var partition = reader.Int32();
        var epoch = version >= 4 ? reader.Int32() : -1;
        var timestamp = reader.Int64();
        if (version == 0)
        {
            reader.Int32(); // how many offsets at most; one is always enough
        }

        reader.Tags();
        var log = broker.Topics.Find(name, partition);
        var error = log is null ? ErrorCode.UnknownTopicOrPartition
            : epoch > PartitionLog.LeaderEpoch ? ErrorCode.UnknownLeaderEpoch
            : ErrorCode.None;
        var found = error == ErrorCode.None ? Find(log!, timestamp, ref error) : null;
        writer.Int32(partition);
        writer.Error(error);
        if (version == 0)
        {
            writer.ArrayLength(found is null ? 0 : 1);
            if (found is { } old)
            {
                writer.Int64(old.Offset);
            }

            return;
        }

        writer.Int64(found?.Timestamp ?? -1);
        writer.Int64(found?.Offset ?? -1);
        if (version >= 4)
        {
            writer.Int32(found is null ? -1 : PartitionLog.LeaderEpoch);
        }

        writer.Tags();
    }

    private TimestampedOffset? Find(PartitionLog log, long timestamp, ref ErrorCode error)
    {
        try
        {
            return timestamp switch
            {
                Latest => new TimestampedOffset(log.HighWatermark, -1),
                Earliest => new TimestampedOffset(log.LogStart, -1),
                MaxTimestamp => log.FindMaxTimestamp(),
                >= 0 => log.FindByTimestamp(timestamp),
                _ => null,
            };
        }
        catch (IOException failure)
        {
            broker.Logger.ReadFailed(log.Directory, failure.Message);
            error = ErrorCode.KafkaStorageError;
            return null;
        }
    }

    private void HandleEpochPartition(ref KafkaReader reader, KafkaWriter writer, string name, short version)
    {
        var partition = reader.Int32();
        if (version >= 2)
        {
            reader.Int32(); // the epoch the client believes to be current
        }

        var epoch = reader.Int32();
        reader.Tags();
        var log = broker.Topics.Find(name, partition);
        var known = log is not null && epoch == PartitionLog.LeaderEpoch;
        writer.Error(log is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.None);
        writer.Int32(partition);
        if (version >= 1)
        {
            writer.Int32(known ? PartitionLog.LeaderEpoch : -1);
        }

        writer.Int64(known ? log!.HighWatermark : -1);
        writer.Tags();
    }
}
