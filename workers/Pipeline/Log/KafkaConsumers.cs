using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Log;

/// <summary>Consumers outside any group membership: tails, watermarks, and topics followed whole.</summary>
internal static class KafkaConsumers
{
    public static IConsumer<byte[], byte[]> Plain(
        KafkaSettings settings, string group, ILogger logger, int readAheadKilobytes = 64 * 1024) =>
        new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = settings.BootstrapServers,
            ClientId = settings.ClientId,
            GroupId = settings.TopicPrefix + group,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Error,
            EnablePartitionEof = true,
            FetchWaitMaxMs = 100,
            QueuedMaxMessagesKbytes = readAheadKilobytes,
            SocketNagleDisable = true,
            ReconnectBackoffMs = 50,
            ReconnectBackoffMaxMs = 1_000,
        }.Over(settings.Tls))
        .SetErrorHandler((_, e) => PipelineLog.KafkaError(logger, e.Code.ToString(), e.Reason))
        .SetLogHandler((_, m) => PipelineLog.KafkaClient(logger, m.Facility, m.Message))
        .Build();

    public static List<LogIncoming> ReadTail(
        IConsumer<byte[], byte[]> consumer, KafkaSettings settings, Topic topic, int count, TimeProvider time,
        CancellationToken cancellation)
    {
        var deadline = time.GetUtcNow() + TimeSpan.FromSeconds(60);
        var unread = new HashSet<int>();
        var starts = new List<TopicPartitionOffset>();
        for (var p = 0; p < topic.Partitions; p++)
        {
            var marks = consumer.QueryWatermarkOffsets(settings.There(new(topic.Name, p)), TimeSpan.FromSeconds(10));
            if (marks.High.Value > marks.Low.Value)
            {
                unread.Add(p);
                starts.Add(new(settings.There(new(topic.Name, p)), Math.Max(marks.Low.Value, marks.High.Value - count)));
            }
        }

        var records = new List<LogIncoming>();
        consumer.Assign(starts);
        while (unread.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (time.GetUtcNow() > deadline)
            {
                throw new PlaceException($"The tail of {topic.Name} could not be read within 60 s");
            }

            var result = consumer.Consume(TimeSpan.FromMilliseconds(200));
            if (result is { IsPartitionEOF: true })
            {
                unread.Remove(result.Partition.Value);
            }
            else if (result is not null)
            {
                records.Add(LogIncoming.From(result, settings.Here(result.TopicPartition), reader: null));
            }
        }

        return records;
    }

    /// <summary>What was asked for is not kept any more, or the topic ends before it: it was made anew, or put back.</summary>
    public static bool IsOffsetGone(Error error) => error.Code is ErrorCode.OffsetOutOfRange or ErrorCode.Local_AutoOffsetReset;

    public static void Follow(
        KafkaSettings settings, IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp,
        ILogger logger, CancellationToken cancellation)
    {
        using var consumer = Plain(settings, "follow", logger);
        var behind = topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => settings.There(new(t.Name, p))))
            .ToHashSet();
        consumer.Assign(behind.Select(p => new TopicPartitionOffset(p, Offset.Beginning)));
        var reported = false;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var result = consumer.Consume(TimeSpan.FromMilliseconds(200));
                if (result is { IsPartitionEOF: true })
                {
                    behind.Remove(result.TopicPartition);
                }
                else if (result is not null)
                {
                    onRecord(LogIncoming.From(result, settings.Here(result.TopicPartition), reader: null));
                }

                if (!reported && behind.Count == 0)
                {
                    reported = true;
                    caughtUp();
                }
            }
            catch (ConsumeException e) when (IsOffsetGone(e.Error))
            {
                // Whoever follows begins again.
                throw new PlaceException($"{e.ConsumerRecord?.Topic} is not what it was: {e.Error.Reason}", e);
            }
            catch (ConsumeException e)
            {
                // The topic is not there yet, or the broker is away: librdkafka goes on by itself.
                PipelineLog.KafkaError(logger, e.Error.Code.ToString(), e.Error.Reason);
                cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(250));
            }
        }
    }
}
