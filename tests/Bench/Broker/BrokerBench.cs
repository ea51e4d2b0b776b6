using System.Diagnostics;
using CardShop.Tests.Bench.Machine;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace CardShop.Tests.Bench.Broker;

/// <summary>
/// The broker with one client on the same cores, each figure beside what the machine gives to a program that does
/// nothing but move the same bytes: to the disk with a sync for every group, or from a file through a loopback socket.
/// </summary>
internal static class BrokerBench
{
    private const int RecordBytes = 200;
    private const int Partitions = 12;
    private const string Topic = "bench";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Measures producing for this long, then the catch-up of a consumer over what was produced.</summary>
    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken ct)
    {
        var broker = await BenchBroker.StartAsync(run, ct);
        await CreateTopicAsync(broker.BootstrapServers);
        await Task.Run(() => Produce(broker.BootstrapServers, TimeSpan.FromSeconds(1), ct), ct); // warms both sides up

        run.Say("one idempotent producer at full speed, then the same bytes to the disk");
        var before = broker.StoredBytes();
        var produced = await Task.Run(() => Produce(broker.BootstrapServers, run.Duration, ct), ct);
        var bytesPerRecord = (double)(broker.StoredBytes() - before) / produced.Count;
        var produceLimit =
            RawLimits.WriteWithSync(broker.Folder, produced.GroupBytes(bytesPerRecord), Clip(run.Duration))
            / bytesPerRecord;

        run.Say("a consumer catches up, then the same bytes through a socket");
        var total = produced.Count;
        var consumed = await Task.Run(() => Consume(broker.BootstrapServers, total, ct), ct);
        var readLimit =
            await RawLimits.ReadThroughSocketAsync(broker.LargestSegment(), Clip(run.Duration), ct) / bytesPerRecord;
        return
        [
            Result("broker.produce", produced.PerSecond, produceLimit),
            Result("broker.consume", consumed, readLimit),
        ];
    }

    private static TimeSpan Clip(TimeSpan duration) =>
        duration < TimeSpan.FromSeconds(5) ? duration : TimeSpan.FromSeconds(5);

    private static BenchResult Result(string name, double value, double limit) =>
        new(name, value, "records/s", limit, value / limit);

    private static async Task CreateTopicAsync(string servers)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = servers }).Build();
        await admin.CreateTopicsAsync(
            [new TopicSpecification { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 }]);
    }

    /// <summary>One idempotent producer at full speed; only acknowledged records count, until the last has come.</summary>
    private static Produced Produce(string servers, TimeSpan duration, CancellationToken ct)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = servers,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 5,
            QueueBufferingMaxMessages = 200_000,
        };
        var value = new byte[RecordBytes];
        new Random(1).NextBytes(value);
        long acknowledged = 0, failed = 0;
        var groups = 0;
        var lastBatch = (Partition: -1, At: 0L);
        using var producer = new ProducerBuilder<int, byte[]>(config).Build();
        var clock = Stopwatch.StartNew();
        for (var i = 0; clock.Elapsed < duration && !ct.IsCancellationRequested;)
        {
            try
            {
                producer.Produce(Topic, new Message<int, byte[]> { Key = i, Value = value }, Note);
                i++;
            }
            catch (ProduceException<int, byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                producer.Poll(TimeSpan.FromMilliseconds(1));
            }
        }

        producer.Flush(Patience);
        clock.Stop();
        return failed == 0
            ? new Produced(acknowledged, acknowledged / clock.Elapsed.TotalSeconds, Math.Max(1, groups))
            : throw new InvalidOperationException($"{failed} records were not acknowledged");

        void Note(DeliveryReport<int, byte[]> report)
        {
            if (report.Error.IsError)
            {
                failed++;
                return;
            }

            acknowledged++;

            // Reports of one batch come together: a change of partition, or a pause, begins the next batch.
            var now = Stopwatch.GetTimestamp();
            if (report.Partition.Value != lastBatch.Partition
                || Stopwatch.GetElapsedTime(lastBatch.At, now).TotalMilliseconds > 1)
            {
                groups++;
            }

            lastBatch = (report.Partition.Value, now);
        }
    }

    private static double Consume(string servers, long count, CancellationToken ct)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = servers,
            GroupId = "bench",
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,

            // With its defaults the client stops for a second whenever 100,000 records wait in its queue.
            QueuedMinMessages = 1_000_000,
            FetchQueueBackoffMs = 5,
        };
        using var consumer = new ConsumerBuilder<int, byte[]>(config).Build();
        consumer.Assign(
            Enumerable.Range(0, Partitions).Select(p => new TopicPartitionOffset(Topic, p, Offset.Beginning)));
        if (consumer.Consume(Patience) is null)
        {
            throw new InvalidOperationException("nothing came");
        }

        var clock = Stopwatch.StartNew();
        for (long left = count; left > 0; left--)
        {
            ct.ThrowIfCancellationRequested();
            if (consumer.Consume(Patience) is null)
            {
                throw new InvalidOperationException($"{left} records never came");
            }
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    private sealed record Produced(long Count, double PerSecond, int Groups)
    {
        /// <summary>The size of one group that shared an acknowledgement.</summary>
        public int GroupBytes(double bytesPerRecord) => (int)Math.Max(1, Count * bytesPerRecord / Groups);
    }
}
