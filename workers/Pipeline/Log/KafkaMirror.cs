using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Log;

/// <summary>What a mirror copies.</summary>
/// <param name="Source">The Kafka that is copied.</param>
/// <param name="Target">Where to; its prefix names the copies: <c>a.shop.orders.v1</c>.</param>
/// <param name="Replication">Copies of the topics that it creates there.</param>
public sealed record MirrorPlan(KafkaSettings Source, KafkaSettings Target, IReadOnlyList<Topic> Topics, short Replication);

/// <summary>The copies have been written by somebody else: their region was taken over, and is not mirrored any more.</summary>
public sealed class TakenOverException(string message) : Exception(message);

/// <summary>
/// Copies topics of one Kafka into another, record by record: the same partition, key, headers, body and time. Each copy
/// carries the offset of its original, so the target itself says where to go on: nothing is left out, and only what was on its
/// way when a mirror died can stand there twice. What is held in memory is bounded by one batch and a small read-ahead.
/// </summary>
public sealed class KafkaMirror(MirrorPlan plan, TimeProvider time, Random random, ILogger<KafkaLog> logger)
{
    private const int MaxRecords = 1_000;
    private const int MaxBytes = 2 * 1024 * 1024;
    private const int TailRecords = 100;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(60);

    private readonly long _made = time.GetTimestamp();
    private readonly Dictionary<TopicPartition, long> _next = [];
    private volatile Dictionary<string, long> _lag = [];
    private long _heard;
    private long _copiedTo;
    private long _asked;

    /// <summary>Records of each topic that are not copied yet, as far as the source was heard of.</summary>
    public IReadOnlyDictionary<string, long> Lag => _lag;

    /// <summary>Since the source last answered; null before the first time.</summary>
    public TimeSpan? Silence => Volatile.Read(ref _heard) is > 0 and var heard ? time.GetElapsedTime(heard) : null;

    /// <summary>The same; before the first answer, since this mirror was made: one that never gets through is silent too.</summary>
    public TimeSpan Unheard => Silence ?? time.GetElapsedTime(_made);

    /// <summary>How old the newest copy is while there is something to copy; else 0.</summary>
    public TimeSpan Delay => Lag.Values.Sum() == 0 || Volatile.Read(ref _copiedTo) is not (> 0 and var at)
        ? TimeSpan.Zero
        : time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(at);

    /// <summary>Copies until cancelled; waits out absent brokers.</summary>
    /// <exception cref="TakenOverException">The region was taken over.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var target = new KafkaLog(plan.Target, time, logger);
                await target.CreateTopicsAsync(plan.Topics, plan.Replication, cancellation);
                await Blocking.RunAsync(() => Copy(target, backoff, cancellation));
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested && (Failures.IsPlace(e) || e is TrimmedException))
            {
                PipelineLog.MirrorFailed(logger, plan.Target.TopicPrefix, e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private bool Copy(KafkaLog target, Backoff backoff, CancellationToken cancellation)
    {
        using var consumer = KafkaConsumers.Plain(plan.Source, "mirror", logger, readAheadKilobytes: 8 * 1024);
        Begin(consumer, cancellation);
        PipelineLog.MirrorStarted(logger, plan.Target.TopicPrefix, _next.Count);
        var batch = new List<ConsumeResult<byte[], byte[]>>();
        while (!cancellation.IsCancellationRequested)
        {
            Fill(consumer, batch);
            if (batch.Count > 0)
            {
                Send(target, batch, cancellation);
                backoff.Reset();
            }

            Look(consumer);
        }

        return true;
    }

    /// <summary>Each partition from behind its last copy on; from the first that is kept where there is no copy yet.</summary>
    private void Begin(IConsumer<byte[], byte[]> consumer, CancellationToken cancellation)
    {
        _next.Clear();
        var copied = Copied(cancellation);
        foreach (var partition in plan.Topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new PartitionKey(t.Name, p))))
        {
            var there = plan.Source.There(partition);
            var marks = consumer.QueryWatermarkOffsets(there, Limit);
            var next = copied.TryGetValue(partition, out var last) ? last + 1 : marks.Low.Value;
            var isGap = next < marks.Low.Value || next > marks.High.Value;
            PipelineMeter.HistoryMissing(partition.Topic, isGap ? 1 : 0);
            if (isGap)
            {
                // A gap is seen, never skipped.
                throw new TrimmedException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{partition.Topic}[{partition.Partition}] was copied up to {next}, the source has {marks.Low.Value} to {marks.High.Value}"));
            }

            _next[there] = next;
        }

        Volatile.Write(ref _heard, time.GetTimestamp());
        consumer.Assign(_next.Select(n => new TopicPartitionOffset(n.Key, n.Value)));
    }

    /// <summary>The original's offset of each partition's last copy.</summary>
    private Dictionary<PartitionKey, long> Copied(CancellationToken cancellation)
    {
        using var consumer = KafkaConsumers.Plain(plan.Target, "mirror", logger, readAheadKilobytes: 2 * 1024);
        var unread = new HashSet<TopicPartition>();
        var starts = new List<TopicPartitionOffset>();
        foreach (var partition in plan.Topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new PartitionKey(t.Name, p))))
        {
            var there = plan.Target.There(partition);
            var marks = consumer.QueryWatermarkOffsets(there, Limit);
            if (marks.High.Value > marks.Low.Value)
            {
                unread.Add(there);
                starts.Add(new(there, Math.Max(marks.Low.Value, marks.High.Value - TailRecords)));
            }
        }

        consumer.Assign(starts);
        var copied = new Dictionary<PartitionKey, long>();
        var begun = time.GetTimestamp();
        while (unread.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (time.GetElapsedTime(begun) > Stuck)
            {
                throw new PlaceException($"The ends of {plan.Target.TopicPrefix}* could not be read");
            }

            var result = consumer.Consume(Poll);
            if (result is { IsPartitionEOF: true })
            {
                unread.Remove(result.TopicPartition);
            }
            else if (result is not null)
            {
                copied[plan.Target.Here(result.TopicPartition)] = OriginOf(result) ?? throw new TakenOverException(
                    $"{result.Topic}[{result.Partition.Value}] has a record at {result.Offset.Value} that no mirror wrote: the region " +
                    "was taken over. Its mirror ends here.");
            }
        }

        return copied;
    }

    private static long? OriginOf(ConsumeResult<byte[], byte[]> result) =>
        result.Message.Headers.TryGetLastBytes(RecordHeaders.Mirrored, out var bytes)
            && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? offset
            : null;

    private void Fill(IConsumer<byte[], byte[]> consumer, List<ConsumeResult<byte[], byte[]>> batch)
    {
        batch.Clear();
        var bytes = 0;
        var begun = 0L;
        while (batch.Count < MaxRecords && bytes < MaxBytes && (batch.Count == 0 || time.GetElapsedTime(begun) < Gather))
        {
            ConsumeResult<byte[], byte[]>? result;
            try
            {
                result = consumer.Consume(batch.Count == 0 ? Poll : Gather);
            }
            catch (ConsumeException e) when (KafkaConsumers.IsOffsetGone(e.Error))
            {
                throw new TrimmedException($"{e.ConsumerRecord.Topic} has no longer what was to be copied", e);
            }

            if (result is null)
            {
                return;
            }

            if (!result.IsPartitionEOF)
            {
                begun = batch.Count == 0 ? time.GetTimestamp() : begun;
                bytes += 200 + (result.Message.Value?.Length ?? 0);
                batch.Add(result);
            }
        }
    }

    private void Send(KafkaLog target, List<ConsumeResult<byte[], byte[]>> batch, CancellationToken cancellation)
    {
        // This thread is the mirror's own: blocking it is its purpose. The producer drops nothing and keeps each partition's
        // order, so whatever is not acknowledged when it is closed is the end of what was given to it.
#pragma warning disable VSTHRD002
        var failures = target.ProduceAllAsync([.. batch.Select(Copy)], cancellation)
            .WaitAsync(Stuck, time, cancellation).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
        if (failures.Count > 0)
        {
            throw new PlaceException($"{failures.Count} copies were not taken: {failures[0].Reason}");
        }

        foreach (var result in batch)
        {
            _next[result.TopicPartition] = result.Offset.Value + 1;
        }

        Volatile.Write(ref _heard, time.GetTimestamp());
        Volatile.Write(ref _copiedTo, batch.Max(r => r.Message.Timestamp.UnixTimestampMs));
    }

    private LogRecord Copy(ConsumeResult<byte[], byte[]> original)
    {
        var here = plan.Source.Here(original.TopicPartition);
        return new(
            here.Topic, here.Partition, original.Message.Key, original.Message.Value,
            [
                .. original.Message.Headers.Where(h => h.Key != RecordHeaders.Mirrored).Select(h => new LogHeader(h.Key, h.GetValueBytes())),
                new(RecordHeaders.Mirrored, Encoding.ASCII.GetBytes(original.Offset.Value.ToString(CultureInfo.InvariantCulture))),
            ])
        {
            At = original.Message.Timestamp.UtcDateTime,
        };
    }

    /// <summary>How much is left, as the source's answers said; every few seconds it is asked whether it is there at all.</summary>
    private void Look(IConsumer<byte[], byte[]> consumer)
    {
        if (time.GetElapsedTime(_asked) > Ask)
        {
            _asked = time.GetTimestamp();
            consumer.QueryWatermarkOffsets(_next.Keys.First(), Limit);
            Volatile.Write(ref _heard, time.GetTimestamp());
        }

        var lag = plan.Topics.ToDictionary(t => t.Name, _ => 0L);
        foreach (var (partition, next) in _next)
        {
            lag[plan.Source.Here(partition).Topic] += Math.Max(0, consumer.GetWatermarkOffsets(partition).High.Value - next);
        }

        _lag = lag;
    }
}
