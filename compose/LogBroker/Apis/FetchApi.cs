using CardShop.LogBroker.Network;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;

namespace CardShop.LogBroker.Apis;

/// <summary>
/// Fetch, without sessions: every answer says so with session id 0, and clients then ask in full each time.
/// </summary>
internal sealed class FetchApi(BrokerState broker)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    public async Task<Response?> Handle(Request request)
    {
        var query = Read(request);
        if (query.SessionId != 0 && query.SessionEpoch > 0)
        {
            return Answer(request, ErrorCode.FetchSessionIdNotFound, [], []);
        }

        var deadline = broker.Clock.GetUtcNow() + query.MaxWait;
        while (true)
        {
            var waiter = new TaskCompletionSource(); // completed within pool work
            var logs = query.Partitions.Select(p => broker.Topics.Find(p.Topic, p.Partition)).ToList();
            var left = deadline - broker.Clock.GetUtcNow();
            if (left > TimeSpan.Zero && query.MinBytes > 0)
            {
                logs.ForEach(log => log?.AddReader(waiter)); // before looking, so that nothing slips between
            }

            var found = Look(query, logs, out var ready);
            if (ready || left <= TimeSpan.Zero || query.MinBytes <= 0)
            {
                logs.ForEach(log => log?.RemoveReader(waiter));
                return Answer(request, ErrorCode.None, query.Partitions, found);
            }

            found.ForEach(result => result.Region?.Dispose());
            try
            {
                await waiter.Task.WaitAsync(left, broker.Clock, request.Stopping);
            }
            catch (TimeoutException)
            {
                // the last look follows
            }
            finally
            {
                logs.ForEach(log => log?.RemoveReader(waiter));
            }
        }
    }

    private Query Read(Request request)
    {
        var version = request.Version;
        var reader = request.Reader();
        reader.Int32(); // replica id: there are no other brokers
        var maxWait = TimeSpan.FromMilliseconds(Math.Clamp(reader.Int32(), 0, LongestWait.TotalMilliseconds));
        var minBytes = reader.Int32();
        var maxBytes = Math.Clamp(reader.Int32(), 0, broker.Options.MaxFetchBytes);
        reader.Int8(); // isolation: without transactions every record is committed
        var session = version >= 7 ? (Id: reader.Int32(), Epoch: reader.Int32()) : default;
        var partitions = new List<Wanted>();
        for (var topics = reader.ArrayLength(); topics > 0; topics--)
        {
            var topic = reader.String();
            for (var count = reader.ArrayLength(); count > 0; count--)
            {
                partitions.Add(ReadPartition(ref reader, topic, version));
            }

            reader.Tags();
        }

        // Forgotten topics of a session and the client's rack follow; there are no sessions and no racks.
        return new Query(maxWait, minBytes, maxBytes, session.Id, session.Epoch, partitions);
    }

    private static Wanted ReadPartition(ref KafkaReader reader, string topic, short version)
    {
        var partition = reader.Int32();
        var epoch = version >= 9 ? reader.Int32() : -1;
        var offset = reader.Int64();
        if (version >= 12)
        {
            reader.Int32(); // last fetched epoch
        }

        if (version >= 5)
        {
            reader.Int64(); // a follower's log start
        }

        var maxBytes = reader.Int32();
        reader.Tags();
        return new Wanted(topic, partition, epoch, offset, Math.Max(0, maxBytes));
    }

    /// <summary>Looks at every partition once; ready when there is enough, or an error to tell.</summary>
    private static List<ReadResult> Look(Query query, List<PartitionLog?> logs, out bool ready)
    {
        var found = new List<ReadResult>(logs.Count);
        var left = query.MaxBytes;
        var bytes = 0;
        ready = query.Partitions.Count == 0;
        for (var i = 0; i < logs.Count; i++)
        {
            var wanted = query.Partitions[i];
            var result = logs[i] is not { } log
                ? new ReadResult(ErrorCode.UnknownTopicOrPartition, null, -1, -1)
                : wanted.Epoch > PartitionLog.LeaderEpoch
                    ? new ReadResult(ErrorCode.UnknownLeaderEpoch, null, -1, -1)
                    : log.Read(wanted.Offset, Math.Min(wanted.MaxBytes, left), atLeastOneBatch: bytes == 0);
            found.Add(result);
            bytes += result.Length;
            left = Math.Max(0, left - result.Length);
            ready |= result.Error != ErrorCode.None;
        }

        ready |= bytes >= query.MinBytes;
        return found;
    }

    private static Response Answer(Request request, ErrorCode error, List<Wanted> wanted, List<ReadResult> found)
    {
        var answer = request.Answer();
        var writer = answer.Writer;
        writer.Int32(0); // throttle time
        if (request.Version >= 7)
        {
            writer.Error(error);
            writer.Int32(0); // no session
        }

        var topics = wanted.Zip(found).GroupBy(p => p.First.Topic).ToList();
        writer.ArrayLength(topics.Count);
        foreach (var topic in topics)
        {
            writer.String(topic.Key);
            writer.ArrayLength(topic.Count());
            foreach (var (place, result) in topic)
            {
                WritePartition(answer, place.Partition, result, request.Version);
            }

            writer.Tags();
        }

        writer.Tags();
        return answer;
    }

    private static void WritePartition(Response answer, int partition, ReadResult result, short version)
    {
        var writer = answer.Writer;
        writer.Int32(partition);
        writer.Error(result.Error);
        writer.Int64(result.HighWatermark);
        writer.Int64(result.HighWatermark); // last stable offset: the same without transactions
        if (version >= 5)
        {
            writer.Int64(result.LogStart);
        }

        writer.ArrayLength(version >= 12 ? 0 : -1); // aborted transactions
        if (version >= 11)
        {
            writer.Int32(-1); // no better replica to read from
        }

        writer.BytesLength(result.Length);
        if (result.Region is { } region)
        {
            answer.Append(region);
        }

        writer.Tags();
    }

    private sealed record Query(
        TimeSpan MaxWait, int MinBytes, int MaxBytes, int SessionId, int SessionEpoch, List<Wanted> Partitions);

    private readonly record struct Wanted(string Topic, int Partition, int Epoch, long Offset, int MaxBytes);
}
