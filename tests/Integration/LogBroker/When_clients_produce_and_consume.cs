using System.Diagnostics;
using Confluent.Kafka;
using Xunit;

namespace CardShop.Tests.Integration.LogBroker;

public sealed class When_clients_produce_and_consume : IAsyncLifetime
{
    private LogBrokerProcess _broker = null!;

    public async ValueTask InitializeAsync() => _broker = await LogBrokerProcess.StartAsync();

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Every_codec_passes_through(CompressionType codec)
    {
        var topic = "codec-" + codec;
        await KafkaClients.CreateTopic(_broker, topic);
        var values = Enumerable.Range(0, 2000).Select(i => $"{i} {new string('x', i % 300)}").ToList();
        using (var producer = KafkaClients.Producer(_broker, c => c.CompressionType = codec))
        {
            var failures = KafkaClients.Enqueue(producer, topic, values.Select(v => ("k", v)));
            Assert.Equal(0, producer.Flush(KafkaClients.Patience));
            Assert.Empty(failures);
        }

        Assert.Equal(values, KafkaClients.ReadAll(_broker, topic).Select(r => r.Message.Value));
    }

    [Theory]
    [InlineData(Acks.None)]
    [InlineData(Acks.Leader)]
    [InlineData(Acks.All)]
    public async Task Every_kind_of_acknowledgement_works(Acks acks)
    {
        var topic = "acks-" + acks;
        await KafkaClients.CreateTopic(_broker, topic);
        using (var producer = KafkaClients.Producer(_broker, c => (c.EnableIdempotence, c.Acks) = (false, acks)))
        {
            var failures = KafkaClients.Enqueue(producer, topic, Enumerable.Range(0, 100).Select(i => ("k", $"{i}")));
            Assert.Equal(0, producer.Flush(KafkaClients.Patience));
            Assert.Empty(failures);
        }

        using var consumer = KafkaClients.Consumer(_broker, "acks");
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"),
            KafkaClients.Take(consumer, 100).Select(r => r.Message.Value));
    }

    [Fact]
    public async Task A_record_larger_than_the_consumers_limits_still_arrives()
    {
        await KafkaClients.CreateTopic(_broker, "large", 1, new() { ["max.message.bytes"] = "10000000" });
        var value = KafkaClients.Text(3_000_000, new Random(1));
        using (var producer = KafkaClients.Producer(_broker, c => c.MessageMaxBytes = 9_000_000))
        {
            var message = new Message<string, string> { Key = "k", Value = value };
            await producer.ProduceAsync("large", message, TestContext.Current.CancellationToken);
        }

        using var consumer = KafkaClients.Consumer(
            _broker,
            "large",
            c => (c.FetchMaxBytes, c.MaxPartitionFetchBytes, c.MessageMaxBytes) = (100_000, 50_000, 100_000));
        consumer.Assign(new TopicPartitionOffset("large", 0, Offset.Beginning));

        Assert.Equal(value, KafkaClients.Take(consumer, 1)[0].Message.Value);
    }

    [Fact]
    public async Task A_record_above_the_topics_limit_is_refused()
    {
        await KafkaClients.CreateTopic(_broker, "small", 1, new() { ["max.message.bytes"] = "1000" });
        using var producer = KafkaClients.Producer(_broker);
        var message = new Message<string, string> { Key = "k", Value = new string('x', 2000) };

        var refused = await Assert.ThrowsAsync<ProduceException<string, string>>(
            () => producer.ProduceAsync("small", message, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorCode.MsgSizeTooLarge, refused.Error.Code);
        Assert.Empty(KafkaClients.ReadAll(_broker, "small"));
    }

    [Fact]
    public async Task A_waiting_fetch_is_answered_when_a_record_comes()
    {
        await KafkaClients.CreateTopic(_broker, "waiting");
        using var consumer =
            KafkaClients.Consumer(_broker, "waiting", c => (c.FetchWaitMaxMs, c.SocketTimeoutMs) = (20_000, 60_000));
        consumer.Assign(new TopicPartitionOffset("waiting", 0, Offset.Beginning));
        Assert.Null(consumer.Consume(TimeSpan.FromMilliseconds(500))); // the fetch is waiting at the broker by now
        var clock = Stopwatch.StartNew();

        await KafkaClients.Produce(_broker, "waiting", ["now"]);

        Assert.Equal("now", KafkaClients.Take(consumer, 1)[0].Message.Value);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"it took {clock.Elapsed}");
    }

    [Fact]
    public async Task Records_are_found_by_time()
    {
        await KafkaClients.CreateTopic(_broker, "times");
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        using (var producer = KafkaClients.Producer(_broker))
        {
            for (var i = 0; i < 50; i++)
            {
                var time = new Timestamp(start.AddSeconds(i));
                var message = new Message<string, string> { Value = $"{i}", Timestamp = time };
                await producer.ProduceAsync("times", message, TestContext.Current.CancellationToken);
            }
        }

        using var consumer = KafkaClients.Consumer(_broker, "times");
        var found = consumer.OffsetsForTimes(
            [new TopicPartitionTimestamp("times", 0, new Timestamp(start.AddSeconds(20.5)))], KafkaClients.Patience);

        Assert.Equal(21, found[0].Offset.Value);
        Assert.Equal((0, 50), Watermarks(consumer, "times"));
    }

    [Fact]
    public async Task A_transactional_producer_is_told_at_once_that_there_are_no_transactions()
    {
        using var producer = KafkaClients.Producer(_broker, c => c.TransactionalId = "tx");

        var refused = await Assert.ThrowsAnyAsync<KafkaException>(
            () => Task.Run(() => producer.InitTransactions(TimeSpan.FromSeconds(20)),
                TestContext.Current.CancellationToken));

        Assert.True(refused.Error.IsFatal, refused.Error.ToString());
    }

    private static (long Low, long High) Watermarks(IConsumer<string, string> consumer, string topic)
    {
        var marks = consumer.QueryWatermarkOffsets(new TopicPartition(topic, 0), KafkaClients.Patience);
        return (marks.Low.Value, marks.High.Value);
    }
}
