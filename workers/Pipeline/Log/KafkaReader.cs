using System.Collections.Concurrent;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Log;

/// <summary>
/// A group membership on a thread of its own. The truth about positions is in PostgreSQL: a partition that is given to
/// this member stays paused until its position was read there, and is then sought. While the output is full or the
/// database away, the thread goes on polling, so that the membership lives and rebalances are never held up.
/// Partitions take turns of a small fetch each: the oldest records of all of them come before the newer ones of any.
/// </summary>
internal sealed class KafkaReader(
    KafkaSettings settings, string group, IReadOnlyList<Topic> topics, ReadPositions readPositions,
    ChannelWriter<Incoming> output, TimeProvider time, ILogger logger) : ILogReader
{
    private static readonly TimeSpan PollWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FullWait = TimeSpan.FromMilliseconds(100);

    /// <summary>What one turn of a partition brings, in bytes. A larger batch of its producer comes whole, and alone.</summary>
    public const int TurnBytes = 128 * 1024;

    /// <summary>
    /// A pause makes librdkafka forget what it has fetched ahead, and afterwards it begins with the same partition again.
    /// So much is read between two pauses that every partition has had its turn, also with records that are larger than that.
    /// </summary>
    private const int HeldTurns = 2;

    private readonly Dictionary<TopicPartition, Partition> _partitions = [];
    private readonly ConcurrentQueue<PartitionKey?> _repositions = new();
    private Queue<LogIncoming> _held = new();
    private long _heldBytes;
    private int _largest;
    private bool _paused;
    private volatile IConsumer<byte[], byte[]>? _consumer;

    public Task RunAsync(CancellationToken cancellation) => Blocking.RunAsync(() =>
    {
        foreach (var topic in topics)
        {
            PipelineMeter.HistoryMissing(topic.Name, 0);
        }

        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                Read(cancellation);
            }
            catch (ConsumeException e) when (KafkaConsumers.IsOffsetGone(e.Error))
            {
                var record = e.ConsumerRecord;
                PipelineLog.OffsetOutOfRange(logger, group, record.Topic, record.Partition.Value, e.Error.Reason);
                PipelineMeter.HistoryMissing(record.Topic, 1);
                cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(10));
            }
            catch (KafkaException e)
            {
                PipelineLog.ReaderFailed(logger, group, e.Error.Reason);
                cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
            }
        }

        return true;
    });

    public void Store(PartitionKey partition, long nextOffset)
    {
        try
        {
            _consumer?.StoreOffset(new TopicPartitionOffset(settings.There(partition), nextOffset));
        }
        catch (KafkaException)
        {
            // The partition moved to another member meanwhile; progress in PostgreSQL says how far it is.
        }
        catch (ObjectDisposedException)
        {
            // The consumer was closed; the same holds.
        }
    }

    public void Reposition(PartitionKey partition) => _repositions.Enqueue(partition);

    public void Reposition() => _repositions.Enqueue(null);

    private void Read(CancellationToken cancellation)
    {
        using var consumer = Build();
        Release();
        _paused = false;
        consumer.Subscribe(topics.Select(t => settings.TopicPrefix + t.Name));
        _consumer = consumer;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var result = consumer.Consume(PollWait);
                TakeRepositions();
                Position(consumer, cancellation);
                if (result?.Message is not null && IsReady(result.TopicPartition))
                {
                    Hold(LogIncoming.From(result, settings.Here(result.TopicPartition), this));
                }

                HandOver(consumer, cancellation);
            }
        }
        finally
        {
            _consumer = null;
            consumer.Close();
        }
    }

    private bool IsReady(TopicPartition partition) =>
        _partitions.TryGetValue(partition, out var state) && state.Ready;

    /// <summary>
    /// Passes on what there is room for. What there is none for is held until every partition has had its turn; then
    /// room is waited for, and only a long wait pauses, so that polling can go on.
    /// </summary>
    private void HandOver(IConsumer<byte[], byte[]> consumer, CancellationToken cancellation)
    {
        PassOn();
        if (!_paused && IsFull && !WaitForRoom(cancellation))
        {
            _paused = true;
            consumer.Pause(_partitions.Keys);
            PipelineLog.ReaderPaused(logger, group, _held.Count);
        }
        else if (_paused && _held.Count == 0)
        {
            _paused = false;
            consumer.Resume(_partitions.Where(p => p.Value.Ready).Select(p => p.Key));
            PipelineLog.ReaderResumed(logger, group);
        }
    }

    private bool IsFull => _heldBytes >= (long)Math.Max(HeldTurns * TurnBytes, _largest) * Math.Max(1, _partitions.Count);

    /// <returns>Whether there is room for more.</returns>
    private bool WaitForRoom(CancellationToken cancellation)
    {
        for (var i = 0; i < 20 && IsFull && !cancellation.IsCancellationRequested; i++)
        {
            // This thread is the reader's own: blocking it is its purpose.
#pragma warning disable VSTHRD002
            output.WaitToWriteAsync(CancellationToken.None).AsTask().Wait(FullWait, CancellationToken.None);
#pragma warning restore VSTHRD002
            PassOn();
        }

        return !IsFull;
    }

    private void Hold(LogIncoming record)
    {
        _held.Enqueue(record);
        _heldBytes += record.Size;
        _largest = Math.Max(_largest, record.Size);
    }

    private void PassOn()
    {
        while (_held.TryPeek(out var record) && output.TryWrite(record))
        {
            _held.Dequeue();
            _heldBytes -= record.Size;
        }
    }

    /// <summary>Drops held records that will be read again, or by another member.</summary>
    private void Forget(Func<PartitionKey, bool> isMeant)
    {
        _held = new(_held.Where(r => !isMeant(r.Partition)));
        _heldBytes = _held.Sum(r => (long)r.Size);
    }

    private void TakeRepositions()
    {
        while (_repositions.TryDequeue(out var key))
        {
            bool IsMeant(PartitionKey partition) => key is not { } one || partition == one;
            Forget(IsMeant);
            foreach (var partition in _partitions.Keys.Where(p => IsMeant(settings.Here(p))).ToList())
            {
                _partitions[partition] = new();
            }
        }
    }

    /// <summary>Seeks partitions whose position has arrived from PostgreSQL.</summary>
    private void Position(IConsumer<byte[], byte[]> consumer, CancellationToken cancellation)
    {
        foreach (var (partition, state) in _partitions)
        {
            if (state.Ready)
            {
                continue;
            }

            if (state.Reading is null)
            {
                consumer.Pause([partition]);
                state.Reading = readPositions([settings.Here(partition)], cancellation);
                continue;
            }

            if (!state.Reading.IsCompleted || time.GetUtcNow() < state.RetryAt)
            {
                continue;
            }

            Seek(consumer, partition, state);
        }
    }

    private void Seek(IConsumer<byte[], byte[]> consumer, TopicPartition partition, Partition state)
    {
        var key = settings.Here(partition);
        try
        {
            // The task is completed: no wait.
#pragma warning disable VSTHRD002
            var offset = state.Reading!.GetAwaiter().GetResult().GetValueOrDefault(key);
#pragma warning restore VSTHRD002
            consumer.Seek(new(partition, offset));
            state.Ready = true;
            PipelineLog.PartitionStarted(logger, group, partition.Topic, partition.Partition.Value, offset);
            if (!_paused)
            {
                consumer.Resume([partition]);
            }
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            // The database is away, or librdkafka has not started the partition yet.
            state.RetryAt = time.GetUtcNow() + TimeSpan.FromMilliseconds(e is KafkaException ? 50 : 500);
            if (e is not KafkaException)
            {
                state.Reading = null;
            }
        }
    }

    private void Release()
    {
        _largest = 0;
        _partitions.Clear();
        Forget(_ => true);
    }

    private IConsumer<byte[], byte[]> Build() =>
        new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = settings.BootstrapServers,
            ClientId = settings.ClientId,
            GroupId = settings.TopicPrefix + group,
            GroupInstanceId = settings.InstanceId is { } place ? group + "-" + place : null,
            // Stored offsets are committed in the background; they are a hint, progress is the truth.
            EnableAutoCommit = true,
            EnableAutoOffsetStore = false,
            AutoCommitIntervalMs = 500,
            // An offset out of range means lost history: it stops the partition and is never reset.
            AutoOffsetReset = AutoOffsetReset.Error,
            SessionTimeoutMs = (int)settings.SessionTimeout.TotalMilliseconds,
            HeartbeatIntervalMs = (int)(settings.SessionTimeout.TotalMilliseconds / 4),
            // The polling thread never waits for work, so a long silence means a hung process; the session says that.
            MaxPollIntervalMs = 86_400_000,
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.Range,
            MaxPartitionFetchBytes = TurnBytes,
            // How soon a partition is asked for again after there was enough in hand; a second without this.
            FetchQueueBackoffMs = 50,
            // Ahead of the input's own bound: what a full input leaves behind is thrown away and fetched again.
            QueuedMaxMessagesKbytes = 4 * 1024,
            FetchWaitMaxMs = 250,
            FetchErrorBackoffMs = 100,
            SocketNagleDisable = true,
            ReconnectBackoffMs = 50,
            ReconnectBackoffMaxMs = 1_000,
        }.Over(settings.Tls))
        .SetPartitionsAssignedHandler((_, given) =>
        {
            Release();
            foreach (var partition in given)
            {
                _partitions[partition] = new();
            }

            return given.Select(p => new TopicPartitionOffset(p, Offset.Beginning));
        })
        .SetPartitionsRevokedHandler((_, _) => Release())
        .SetPartitionsLostHandler((_, _) => Release())
        .SetErrorHandler((_, e) => PipelineLog.KafkaError(logger, e.Code.ToString(), e.Reason))
        .SetLogHandler((_, m) => PipelineLog.KafkaClient(logger, m.Facility, m.Message))
        .Build();

    private sealed class Partition
    {
        public Task<IReadOnlyDictionary<PartitionKey, long>>? Reading { get; set; }

        public DateTimeOffset RetryAt { get; set; }

        public bool Ready { get; set; }
    }
}
