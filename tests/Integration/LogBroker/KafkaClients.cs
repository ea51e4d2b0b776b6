using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace CardShop.Tests.Integration.LogBroker;

/// <summary>Clients as the shop uses them, with waits that end.</summary>
internal static class KafkaClients
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static IAdminClient Admin(LogBrokerProcess broker) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.BootstrapServers })
            .SetLogHandler((_, _) => { }).Build();

    public static async Task CreateTopic(
        LogBrokerProcess broker, string topic, int partitions = 1, Dictionary<string, string>? config = null)
    {
        using var admin = Admin(broker);
        await admin.CreateTopicsAsync(
            [new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1,
                Configs = config }]);
    }

    public static IProducer<string, string> Producer(LogBrokerProcess broker, Action<ProducerConfig>? with = null)
    {
        var config = new ProducerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 2,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
        };
        with?.Invoke(config);
        return new ProducerBuilder<string, string>(config).SetLogHandler((_, _) => { }).Build();
    }

    public static IConsumer<string, string> Consumer(
        LogBrokerProcess broker, string group, Action<ConsumerConfig>? with = null)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            SessionTimeoutMs = 6000,
            HeartbeatIntervalMs = 300,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
        };
        with?.Invoke(config);
        return new ConsumerBuilder<string, string>(config).SetLogHandler((_, _) => { }).Build();
    }

    public static async Task Produce(LogBrokerProcess broker, string topic, IEnumerable<string> values)
    {
        using var producer = Producer(broker);
        await Task.WhenAll(values.Select(v => producer.ProduceAsync(
            topic, new Message<string, string> { Key = v, Value = v }, TestContext.Current.CancellationToken)));
    }

    /// <summary>Hands records to the client's queue, so that it fills batches; failures are collected.</summary>
    public static ConcurrentQueue<Error> Enqueue(
        IProducer<string, string> producer, string topic, IEnumerable<(string Key, string Value)> records)
    {
        var failures = new ConcurrentQueue<Error>();
        foreach (var (key, value) in records)
        {
            producer.Produce(topic, new Message<string, string> { Key = key, Value = value }, report =>
            {
                if (report.Error.IsError)
                {
                    failures.Enqueue(report.Error);
                }
            });
        }

        return failures;
    }

    /// <summary>Consumes until this many records have come.</summary>
    public static List<ConsumeResult<string, string>> Take(IConsumer<string, string> consumer, int count)
    {
        var taken = new List<ConsumeResult<string, string>>();
        var deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (taken.Count < count)
        {
            Assert.True(Environment.TickCount64 < deadline, $"{taken.Count} of {count} records came");
            if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is { } record)
            {
                taken.Add(record);
            }
        }

        return taken;
    }

    /// <summary>Everything in a topic's partitions, read without a group.</summary>
    public static List<ConsumeResult<string, string>> ReadAll(LogBrokerProcess broker, string topic, int partitions = 1)
    {
        using var consumer = Consumer(broker, "reader", c => c.EnablePartitionEof = true);
        consumer.Assign(
            Enumerable.Range(0, partitions).Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        var found = new List<ConsumeResult<string, string>>();
        var deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        for (var left = partitions; left > 0;)
        {
            Assert.True(Environment.TickCount64 < deadline, "the end of the topic was reached in time");
            var record = consumer.Consume(TimeSpan.FromMilliseconds(200));
            if (record?.IsPartitionEOF == true)
            {
                left--;
            }
            else if (record is not null)
            {
                found.Add(record);
            }
        }

        return found;
    }

    /// <summary>Waits for a fact.</summary>
    public static async Task Until(Func<bool> fact, string what)
    {
        var deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!fact())
        {
            Assert.True(Environment.TickCount64 < deadline, $"in vain: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
    }

    public static string Text(int length, Random random)
    {
        var text = new StringBuilder(length);
        while (text.Length < length)
        {
            text.Append((char)random.Next('a', 'z' + 1));
        }

        return text.ToString();
    }
}
