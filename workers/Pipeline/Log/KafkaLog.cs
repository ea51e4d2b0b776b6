using System.Collections.Concurrent;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Log;

/// <summary>Kafka through librdkafka: one idempotent producer, acks=all; readers on threads of their own.</summary>
public sealed class KafkaLog : ILog
{
    private readonly KafkaSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lazy<IProducer<byte[], byte[]?>> _producer;
    private readonly Acknowledgements _acknowledgements = new();

    public KafkaLog(KafkaSettings settings, TimeProvider time, ILogger<KafkaLog> logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _producer = new(CreateProducer);
    }

    public Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation)
    {
        var waiter = new OffsetWaiter(_acknowledgements);
        try
        {
            _producer.Value.Produce(
                _settings.There(new(record.Topic, record.Partition)), ToMessage(record), waiter.OnDelivery);
        }
        catch (ProduceException<byte[], byte[]?> e)
        {
            return Task.FromException<long>(Failed(record.Topic, e.Error, e));
        }

        return cancellation.CanBeCanceled ? waiter.Task.WaitAsync(cancellation) : waiter.Task;
    }

    public async Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
        IReadOnlyList<LogRecord> records, CancellationToken cancellation)
    {
        var waiter = new AllWaiter(records.Count);
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            try
            {
                // Produce only queues; the report comes later.
#pragma warning disable CA1849, VSTHRD103
                _producer.Value.Produce(
                    _settings.There(new(record.Topic, record.Partition)), ToMessage(record), waiter.HandlerOf(i));
#pragma warning restore CA1849, VSTHRD103
            }
            catch (ProduceException<byte[], byte[]?> e)
            {
                waiter.Fail(i, e.Error);
            }
        }

        return await waiter.Task.WaitAsync(cancellation);
    }

    public ILogReader Join(
        string group, IReadOnlyList<Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output) =>
        new KafkaReader(_settings, group, topics, positions, output, _time, _logger);

    public Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
        string group, IReadOnlyList<Topic> topics, CancellationToken cancellation) =>
        Blocking.RunAsync<IReadOnlyDictionary<PartitionKey, long>>(() =>
        {
            using var consumer = KafkaConsumers.Plain(_settings, group, _logger);
            return consumer.Committed(AllPartitions(topics), TimeSpan.FromSeconds(10))
                .Where(p => p.Offset.Value >= 0)
                .ToDictionary(p => _settings.Here(p.TopicPartition), p => p.Offset.Value);
        });

    public Task<IReadOnlyList<LogIncoming>> TailAsync(Topic topic, int count, CancellationToken cancellation) =>
        Blocking.RunAsync<IReadOnlyList<LogIncoming>>(() =>
        {
            using var consumer = KafkaConsumers.Plain(_settings, "tail", _logger);
            return KafkaConsumers.ReadTail(consumer, _settings, topic, count, _time, cancellation);
        });

    public Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(
        IReadOnlyList<Topic> topics, CancellationToken cancellation) =>
        Blocking.RunAsync<IReadOnlyDictionary<PartitionKey, long>>(() =>
        {
            using var consumer = KafkaConsumers.Plain(_settings, "ends", _logger);
            return AllPartitions(topics).ToDictionary(
                _settings.Here,
                p => consumer.QueryWatermarkOffsets(p, TimeSpan.FromSeconds(10)).High.Value);
        });

    public Task FollowAsync(
        IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp, CancellationToken cancellation) =>
        Blocking.RunAsync(() =>
        {
            KafkaConsumers.Follow(_settings, topics, onRecord, caughtUp, _logger, cancellation);
            return true;
        });

    public Task CreateTopicsAsync(IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation) =>
        KafkaTopics.CreateAsync(_settings, topics, replication, cancellation);

    public ValueTask DisposeAsync()
    {
        if (_producer.IsValueCreated)
        {
            _producer.Value.Flush(TimeSpan.FromSeconds(5));
            _producer.Value.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private List<TopicPartition> AllPartitions(IReadOnlyList<Topic> topics) =>
        [.. topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => _settings.There(new(t.Name, p))))];

    private static Message<byte[], byte[]?> ToMessage(LogRecord record)
    {
        var headers = new Headers();
        foreach (var header in record.Headers)
        {
            headers.Add(header.Name, header.Value);
        }

        return new Message<byte[], byte[]?>
        {
            Key = record.Key,
            Value = record.Value,
            Headers = headers,
            Timestamp = record.At is { } at ? new(at) : Timestamp.Default,
        };
    }

    private bool IsPatient => _settings.MessageTimeout == Timeout.InfiniteTimeSpan;

    private static PlaceException Failed(string topic, Error error, Exception? inner = null) =>
        new($"Kafka did not take a record of {topic}: {error.Reason}", inner);

    private static bool IsPermanent(ErrorCode code) =>
        code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsg
            or ErrorCode.InvalidMsgSize or ErrorCode.InvalidRecord;

    private IProducer<byte[], byte[]?> CreateProducer() =>
        new ProducerBuilder<byte[], byte[]?>(new ProducerConfig
        {
            BootstrapServers = _settings.BootstrapServers,
            ClientId = _settings.ClientId,
            Acks = Acks.All,
            EnableIdempotence = true,
            LingerMs = _settings.Linger.TotalMilliseconds,
            // A batch is read whole: larger ones would make a partition's turns longer than the others'.
            BatchSize = KafkaReader.TurnBytes * 3 / 4,
            BatchNumMessages = 10_000,
            // 0: none.
            MessageTimeoutMs = IsPatient ? 0 : (int)_settings.MessageTimeout.TotalMilliseconds,
            RequestTimeoutMs = IsPatient ? 5_000 : (int)Math.Min(5_000, _settings.MessageTimeout.TotalMilliseconds),
            QueueBufferingMaxMessages = _settings.MaxQueuedRecords,
            QueueBufferingMaxKbytes = _settings.MaxQueuedKilobytes,
            SocketConnectionSetupTimeoutMs = 3_000,
            ReconnectBackoffMs = 50,
            ReconnectBackoffMaxMs = 1_000,
            SocketNagleDisable = true,
            MessageMaxBytes = _settings.MaxRecordBytes,
            DeliveryReportFields = "none",
        }.Over(_settings.Tls))
        .SetErrorHandler((_, e) => OnError(e))
        .SetLogHandler((_, m) => PipelineLog.KafkaClient(_logger, m.Facility, m.Message))
        .Build();

    /// <summary>
    /// After a fatal error (librdkafka, "Fatal producer errors") the producer takes no record any more, and what it has is lost to
    /// its waiters. Whoever supervises the process starts it anew; nothing that was acknowledged is in it alone.
    /// </summary>
    private void OnError(Error error)
    {
        PipelineLog.KafkaError(_logger, error.Code.ToString(), error.Reason);
        if (error.IsFatal)
        {
            Environment.FailFast($"The Kafka producer has failed for good: {error.Code}, {error.Reason}");
        }
    }

    /// <summary>
    /// Acknowledgements come in bursts on the client's one polling thread. They are handed to the pool a burst at a time,
    /// where they complete their waiters one after the other: a wake-up per burst instead of one per record.
    /// </summary>
    private sealed class Acknowledgements : IThreadPoolWorkItem
    {
        private readonly ConcurrentQueue<(OffsetWaiter Waiter, long Offset, PlaceException? Failure)> _arrived = new();
        private int _scheduled;

        public void Add(OffsetWaiter waiter, long offset, PlaceException? failure)
        {
            _arrived.Enqueue((waiter, offset, failure));
            if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        public void Execute()
        {
            // From here on a new arrival schedules another worker: a slow waiter holds up at most this burst.
            Volatile.Write(ref _scheduled, 0);
            for (var i = 0; i < 64 && _arrived.TryDequeue(out var done); i++)
            {
                PipelineMeter.Produced(done.Failure is null ? "acknowledged" : "failed", 1);
                if (done.Failure is null)
                {
                    done.Waiter.TrySetResult(done.Offset);
                }
                else
                {
                    done.Waiter.TrySetException(done.Failure);
                }
            }

            if (!_arrived.IsEmpty && Interlocked.Exchange(ref _scheduled, 1) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }
    }

    private sealed class OffsetWaiter(Acknowledgements acknowledgements) : TaskCompletionSource<long>
    {
        public void OnDelivery(DeliveryReport<byte[], byte[]?> report) => acknowledgements.Add(
            this, report.Offset.Value, report.Error.IsError ? Failed(report.Topic, report.Error) : null);
    }

    private sealed class AllWaiter
    {
        private readonly TaskCompletionSource<IReadOnlyList<ProduceFailure>> _done =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly List<ProduceFailure> _failures = [];
        private readonly int _count;
        private int _left;

        public AllWaiter(int count)
        {
            _count = count;
            _left = count;
            if (count == 0)
            {
                _done.SetResult([]);
            }
        }

        public Task<IReadOnlyList<ProduceFailure>> Task => _done.Task;

        public Action<DeliveryReport<byte[], byte[]?>> HandlerOf(int index) => report =>
        {
            if (report.Error.IsError)
            {
                Fail(index, report.Error);
            }
            else
            {
                CountDown();
            }
        };

        public void Fail(int index, Error error)
        {
            lock (_failures)
            {
                _failures.Add(new(index, IsPermanent(error.Code), error.Reason));
            }

            CountDown();
        }

        private void CountDown()
        {
            if (Interlocked.Decrement(ref _left) == 0)
            {
                PipelineMeter.Produced("acknowledged", _count - _failures.Count);
                PipelineMeter.Produced("failed", _failures.Count);
                _done.SetResult([.. _failures.OrderBy(f => f.Index)]);
            }
        }
    }
}
