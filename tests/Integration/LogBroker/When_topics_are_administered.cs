using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace CardShop.Tests.Integration.LogBroker;

public sealed class When_topics_are_administered : IAsyncLifetime
{
    private LogBrokerProcess _broker = null!;

    public async ValueTask InitializeAsync() => _broker =
        await LogBrokerProcess.StartAsync(null, "--maintenance-seconds", "0.2");

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Fact]
    public async Task Topics_are_made_once_described_grown_and_deleted()
    {
        using var admin = KafkaClients.Admin(_broker);
        await KafkaClients.CreateTopic(_broker, "life", 2, new() { ["retention.ms"] = "1000000" });
        var twice = await Assert.ThrowsAsync<CreateTopicsException>(() => KafkaClients.CreateTopic(_broker, "life"));
        Assert.Equal(ErrorCode.TopicAlreadyExists, twice.Results[0].Error.Code);

        var configs = (await admin.DescribeConfigsAsync([Resource("life")]))[0].Entries;
        Assert.Equal(("1000000", "-1", "delete"),
            (configs["retention.ms"].Value, configs["retention.bytes"].Value, configs["cleanup.policy"].Value));
        Assert.False(configs["retention.ms"].IsDefault);

        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = "life", IncreaseTo = 5 }]);
        Assert.Equal(5, admin.GetMetadata("life", KafkaClients.Patience).Topics[0].Partitions.Count);

        await admin.DeleteTopicsAsync(["life"]);
        await KafkaClients.Until(
            () => admin.GetMetadata("life", KafkaClients.Patience).Topics[0].Error.Code == ErrorCode.UnknownTopicOrPart,
                "the topic is gone");
        Assert.Empty(Directory.GetDirectories(_broker.DataDirectory, "life-*"));
    }

    [Theory]
    [InlineData("no.such.config", "1")]
    [InlineData("retention.ms", "for ever")]
    public async Task Unknown_and_wrong_settings_are_refused(string name, string value)
    {
        var refused = await Assert.ThrowsAsync<CreateTopicsException>(
            () => KafkaClients.CreateTopic(_broker, "wrong", 1, new() { [name] = value }));

        Assert.Equal(ErrorCode.InvalidConfig, refused.Results[0].Error.Code);
    }

    [Theory]
    [InlineData("bad/name", 1, 1, ErrorCode.TopicException)]
    [InlineData("none", 0, 1, ErrorCode.InvalidPartitions)]
    [InlineData("three", 1, 3, ErrorCode.InvalidReplicationFactor)]
    public async Task Impossible_topics_are_refused(string name, int partitions, short replicas, ErrorCode error)
    {
        using var admin = KafkaClients.Admin(_broker);

        var refused = await Assert.ThrowsAsync<CreateTopicsException>(() => admin.CreateTopicsAsync(
            [new TopicSpecification { Name = name, NumPartitions = partitions, ReplicationFactor = replicas }]));

        Assert.Equal(error, refused.Results[0].Error.Code);
    }

    [Fact]
    public async Task A_topic_that_nobody_made_is_unknown()
    {
        using var producer = KafkaClients.Producer(_broker, c => c.MessageTimeoutMs = 4000);

        await Assert.ThrowsAsync<ProduceException<string, string>>(() => producer.ProduceAsync(
            "unmade", new Message<string, string> { Value = "x" }, TestContext.Current.CancellationToken));
        using var admin = KafkaClients.Admin(_broker);
        Assert.Equal(ErrorCode.UnknownTopicOrPart,
            admin.GetMetadata("unmade", KafkaClients.Patience).Topics[0].Error.Code);
    }

    [Fact]
    public async Task A_setting_is_changed_and_obeyed()
    {
        using var admin = KafkaClients.Admin(_broker);
        await KafkaClients.CreateTopic(_broker, "changed", 1, new() { ["segment.bytes"] = "4096" });
        using (var producer = KafkaClients.Producer(_broker, c => c.BatchSize = 1000)) // small batches, many segments
        {
            KafkaClients.Enqueue(producer, "changed", Enumerable.Range(0, 500).Select(i => ("k", $"value {i}")));
            Assert.Equal(0, producer.Flush(KafkaClients.Patience));
        }

        var last = KafkaClients.ReadAll(_broker, "changed")[^1].Offset;

        await admin.IncrementalAlterConfigsAsync(new()
        {
            [Resource("changed")] =
                [new ConfigEntry { Name = "retention.bytes", Value = "5000",
                    IncrementalOperation = AlterConfigOpType.Set }],
        });

        await KafkaClients.Until(() => KafkaClients.ReadAll(_broker, "changed")[0].Offset > 0,
            "retention deletes segments");
        Assert.Equal(last, KafkaClients.ReadAll(_broker, "changed")[^1].Offset);
    }

    [Fact]
    public async Task Deleted_records_are_gone_also_after_a_kill()
    {
        using var admin = KafkaClients.Admin(_broker);
        await KafkaClients.CreateTopic(_broker, "trimmed");
        await KafkaClients.Produce(_broker, "trimmed", Enumerable.Range(0, 100).Select(i => $"{i}"));

        var deleted = await admin.DeleteRecordsAsync([new TopicPartitionOffset("trimmed", 0, 40)]);
        await _broker.KillAsync();
        await _broker.StartAgainAsync();

        Assert.Equal(40, deleted[0].Offset.Value);
        Assert.Equal(60, KafkaClients.ReadAll(_broker, "trimmed").Count);
        using var again = KafkaClients.Admin(_broker);
        var listed = await again.ListOffsetsAsync(
            [new TopicPartitionOffsetSpec { TopicPartition = new("trimmed", 0), OffsetSpec = OffsetSpec.Earliest() }]);
        Assert.Equal(40, listed.ResultInfos[0].TopicPartitionOffsetError.Offset.Value);
    }

    [Fact]
    public async Task A_compacted_topic_shrinks_to_the_last_value_of_each_key()
    {
        await KafkaClients.CreateTopic(_broker, "compact", 1, new()
        {
            ["cleanup.policy"] = "compact",
            ["segment.bytes"] = "8192",
            ["min.cleanable.dirty.ratio"] = "0.1",
        });
        using (var producer = KafkaClients.Producer(_broker))
        {
            var failures = KafkaClients.Enqueue(
                producer, "compact", Enumerable.Range(0, 5000).Select(i => ($"k{i % 10}", $"{i}")));
            Assert.Equal(0, producer.Flush(KafkaClients.Patience));
            Assert.Empty(failures);
        }

        await KafkaClients.Until(() => KafkaClients.ReadAll(_broker, "compact").Count < 3000, "compaction");
        var last = KafkaClients.ReadAll(_broker, "compact").GroupBy(r => r.Message.Key)
            .Select(g => g.Last().Message.Value);
        Assert.Equal(Enumerable.Range(4990, 10).Select(i => $"{i}"), last.Order());
    }

    private static ConfigResource Resource(string topic) => new() { Type = ResourceType.Topic, Name = topic };
}
