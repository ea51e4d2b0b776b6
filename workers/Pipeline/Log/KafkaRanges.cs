using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Log;

/// <summary>Ranges of topics through librdkafka: a consumer per call, outside any group, with a small read-ahead.</summary>
public sealed class KafkaRanges(
    KafkaSettings settings, TimeProvider time, ILogger<KafkaRanges> logger, int readAheadKilobytes = 2 * 1024) : ILogRanges
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public Task<IReadOnlyList<LogIncoming>> ReadAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, int most, TimeSpan patience, CancellationToken cancellation) =>
        Blocking.RunAsync<IReadOnlyList<LogIncoming>>(() =>
        {
            using var consumer = Open();
            var started = time.GetTimestamp();
            var unread = Assign(consumer, positions);
            var records = new List<LogIncoming>();
            var heard = false;
            while (unread.Count > 0 && records.Count < most && time.GetElapsedTime(started) < patience)
            {
                cancellation.ThrowIfCancellationRequested();
                var result = Consume(consumer);
                heard |= result is not null;
                if (result is { IsPartitionEOF: true })
                {
                    unread.Remove(result.TopicPartition);
                }
                else if (result is not null)
                {
                    records.Add(LogIncoming.From(result, settings.Here(result.TopicPartition), reader: null));
                }
            }

            return heard || unread.Count == 0
                ? records
                : throw new PlaceException($"Kafka said nothing within {patience.TotalSeconds} s");
        });

    public Task<IReadOnlyList<LogIncoming>> FirstAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, TimeSpan patience, CancellationToken cancellation) =>
        Blocking.RunAsync<IReadOnlyList<LogIncoming>>(() =>
        {
            using var consumer = Open();
            var started = time.GetTimestamp();
            var unread = Assign(consumer, positions);
            var records = new List<LogIncoming>();
            while (unread.Count > 0 && time.GetElapsedTime(started) < patience)
            {
                cancellation.ThrowIfCancellationRequested();
                if (ConsumeOrGone(consumer) is not { } result || !unread.Remove(result.TopicPartition))
                {
                    continue;
                }

                consumer.Pause([result.TopicPartition]);
                if (result.Message is not null)
                {
                    records.Add(LogIncoming.From(result, settings.Here(result.TopicPartition), reader: null));
                }
            }

            return records;
        });

    public Task<IReadOnlyDictionary<PartitionKey, (long First, long Next)>> BoundsAsync(
        Topic topic, CancellationToken cancellation) =>
        Blocking.RunAsync<IReadOnlyDictionary<PartitionKey, (long, long)>>(() =>
        {
            using var consumer = Open();
            var bounds = new Dictionary<PartitionKey, (long, long)>();
            foreach (var partition in PartitionsOf(topic))
            {
                cancellation.ThrowIfCancellationRequested();
                var marks = consumer.QueryWatermarkOffsets(partition, Limit);
                bounds[settings.Here(partition)] = (marks.Low.Value, marks.High.Value);
            }

            return bounds;
        });

    public Task<IReadOnlyDictionary<PartitionKey, long>> OffsetsAtAsync(
        Topic topic, DateTimeOffset moment, CancellationToken cancellation) =>
        Blocking.RunAsync<IReadOnlyDictionary<PartitionKey, long>>(() =>
        {
            using var consumer = Open();
            var found = consumer.OffsetsForTimes(
                PartitionsOf(topic).Select(p => new TopicPartitionTimestamp(p, new Timestamp(moment))), Limit);
            cancellation.ThrowIfCancellationRequested();
            return found.ToDictionary(
                p => settings.Here(p.TopicPartition),
                p => p.Offset.Value >= 0 ? p.Offset.Value : consumer.QueryWatermarkOffsets(p.TopicPartition, Limit).High.Value);
        });

    public Task CommitAsync(
        string group, IReadOnlyDictionary<PartitionKey, long> positions, CancellationToken cancellation) =>
        Blocking.RunAsync(() =>
        {
            cancellation.ThrowIfCancellationRequested();
            using var consumer = KafkaConsumers.Plain(settings, group, logger);
            consumer.Commit(positions.Select(p => new TopicPartitionOffset(settings.There(p.Key), p.Value)));
            return true;
        });

    public Task FollowFromAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, Action<LogIncoming> onRecord, CancellationToken cancellation) =>
        Blocking.RunAsync(() =>
        {
            using var consumer = Open();
            Assign(consumer, positions);
            while (!cancellation.IsCancellationRequested)
            {
                try
                {
                    if (Consume(consumer) is { IsPartitionEOF: false } result)
                    {
                        onRecord(LogIncoming.From(result, settings.Here(result.TopicPartition), reader: null));
                    }
                }
                catch (ConsumeException e)
                {
                    // The broker is away: librdkafka goes on by itself, from where it was.
                    PipelineLog.KafkaError(logger, e.Error.Code.ToString(), e.Error.Reason);
                    cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(250));
                }
            }

            return true;
        });

    private HashSet<TopicPartition> Assign(
        IConsumer<byte[], byte[]> consumer, IReadOnlyDictionary<PartitionKey, long> positions)
    {
        consumer.Assign(positions.Select(p => new TopicPartitionOffset(settings.There(p.Key), p.Value)));
        return [.. positions.Keys.Select(settings.There)];
    }

    private static ConsumeResult<byte[], byte[]>? Consume(IConsumer<byte[], byte[]> consumer)
    {
        try
        {
            return consumer.Consume(Poll);
        }
        catch (ConsumeException e) when (KafkaConsumers.IsOffsetGone(e.Error))
        {
            throw new TrimmedException($"{e.ConsumerRecord.Topic} has not, or no longer, what was to be read", e);
        }
    }

    /// <summary>A partition that keeps no more what was asked for has ended, here.</summary>
    private static ConsumeResult<byte[], byte[]>? ConsumeOrGone(IConsumer<byte[], byte[]> consumer)
    {
        try
        {
            return consumer.Consume(Poll);
        }
        catch (ConsumeException e) when (KafkaConsumers.IsOffsetGone(e.Error))
        {
            return new() { TopicPartitionOffset = e.ConsumerRecord.TopicPartitionOffset, IsPartitionEOF = true };
        }
    }

    private IEnumerable<TopicPartition> PartitionsOf(Topic topic) =>
        Enumerable.Range(0, topic.Partitions).Select(p => settings.There(new(topic.Name, p)));

    private IConsumer<byte[], byte[]> Open() => KafkaConsumers.Plain(settings, "ranges", logger, readAheadKilobytes);
}
