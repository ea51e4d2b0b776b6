using System.Collections.Concurrent;
using Confluent.Kafka;
using Xunit;

namespace CardShop.Tests.Integration.LogBroker;

public sealed class When_the_broker_dies
{
    private const int Partitions = 4;
    private const int Kills = 10;

    private readonly ConcurrentDictionary<int, TopicPartitionOffset> _acknowledged = new();
    private readonly ConcurrentQueue<Error> _failures = new();
    private int _produced;

    [Fact]
    public async Task Ten_kills_under_an_idempotent_producer_lose_repeat_and_reorder_nothing()
    {
        await using var broker = await LogBrokerProcess.StartAsync(null, "--segment-bytes", "4000000");
        await KafkaClients.CreateTopic(broker, "killed", Partitions);
        using var producer = KafkaClients.Producer(broker, c => c.QueueBufferingMaxMessages = 20_000);
        using var enough = new CancellationTokenSource();
        var producing = Task.Run(() => ProduceUntil(producer, enough.Token), TestContext.Current.CancellationToken);
        var random = new Random(7);
        for (var kill = 0; kill < Kills; kill++)
        {
            var wanted = _acknowledged.Count + random.Next(2_000, 40_000);
            await KafkaClients.Until(() => _acknowledged.Count >= wanted, "records are acknowledged");
            await broker.KillAsync();
            await broker.StartAgainAsync();
        }

        await enough.CancelAsync();
        await producing;
        Assert.Equal(0, producer.Flush(KafkaClients.Patience));
        Assert.Empty(_failures);
        Assert.Equal(_produced, _acknowledged.Count);
        CheckLog(KafkaClients.ReadAll(broker, "killed", Partitions));
    }

    [Fact]
    public async Task A_stop_under_load_is_clean_and_keeps_what_was_acknowledged()
    {
        await using var broker = await LogBrokerProcess.StartAsync();
        await KafkaClients.CreateTopic(broker, "stopped", Partitions);
        using var producer = KafkaClients.Producer(broker);
        using var enough = new CancellationTokenSource();
        var producing =
            Task.Run(() => ProduceUntil(producer, enough.Token, "stopped"), TestContext.Current.CancellationToken);
        await KafkaClients.Until(() => _acknowledged.Count >= 20_000, "records are acknowledged");

        Assert.Equal(0, await broker.StopAsync());
        await broker.StartAgainAsync();
        await enough.CancelAsync();
        await producing;

        Assert.Equal(0, producer.Flush(KafkaClients.Patience));
        Assert.Empty(_failures);
        Assert.DoesNotContain(broker.Log, line => line.Contains("cut", StringComparison.Ordinal));
        CheckLog(KafkaClients.ReadAll(broker, "stopped", Partitions));
    }

    [Fact]
    public async Task Topics_groups_ids_and_the_cluster_are_the_same_after_a_restart()
    {
        await using var broker = await LogBrokerProcess.StartAsync();
        await KafkaClients.CreateTopic(broker, "kept", 3, new() { ["retention.ms"] = "777000" });
        await KafkaClients.Produce(broker, "kept", ["a", "b", "c"]);
        var cluster = await ClusterId(broker);
        await broker.StopAsync();
        await broker.StartAgainAsync();

        Assert.Equal(["a", "b", "c"], KafkaClients.ReadAll(broker, "kept", 3).Select(r => r.Message.Value).Order());
        Assert.Equal(cluster, await ClusterId(broker));
        await KafkaClients.Produce(broker, "kept", ["d"]); // a repeated producer id would be taken for a repeat
        Assert.Equal(4, KafkaClients.ReadAll(broker, "kept", 3).Count);
    }

    [Fact]
    public async Task A_second_broker_on_the_same_data_or_port_says_so_and_ends()
    {
        await using var broker = await LogBrokerProcess.StartAsync();
        var other = Directory.CreateTempSubdirectory("logbroker-other-");
        try
        {
            var sameData = await LogBrokerProcess.RunToEndAsync(broker.DataDirectory, 0);
            var samePort = await LogBrokerProcess.RunToEndAsync(other.FullName, broker.Port);

            Assert.Equal((4, true),
                (sameData.Code, sameData.Message.Contains(broker.DataDirectory, StringComparison.Ordinal)));
            Assert.Equal((3, true),
                (samePort.Code, samePort.Message.Contains($"{broker.Port}", StringComparison.Ordinal)));
        }
        finally
        {
            other.Delete(recursive: true);
        }
    }

    private static async Task<string> ClusterId(LogBrokerProcess broker)
    {
        using var admin = KafkaClients.Admin(broker);
        return (await admin.DescribeClusterAsync()).ClusterId;
    }

    private void ProduceUntil(IProducer<string, string> producer, CancellationToken enough, string topic = "killed")
    {
        var padding = new string('x', 100);
        while (!enough.IsCancellationRequested)
        {
            var number = _produced;
            try
            {
                var message = new Message<string, string> { Key = $"{number}", Value = padding };
                producer.Produce(new TopicPartition(topic, number % Partitions), message,
                    report => Note(number, report));
                _produced++;
            }
            catch (ProduceException<string, string> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                enough.WaitHandle.WaitOne(5); // the broker is away; the client's queue is the limit
            }
        }
    }

    private void Note(int number, DeliveryReport<string, string> report)
    {
        if (report.Error.IsError)
        {
            _failures.Enqueue(report.Error);
        }
        else
        {
            _acknowledged[number] = report.TopicPartitionOffset;
        }
    }

    /// <summary>Every record once, where the acknowledgement said, and in the order of production.</summary>
    private void CheckLog(List<ConsumeResult<string, string>> stored)
    {
        foreach (var partition in stored.GroupBy(r => r.Partition.Value))
        {
            var numbers = partition.Select(r =>
                int.Parse(r.Message.Key, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            var expected = Enumerable.Range(0, numbers.Count).Select(i => (i * Partitions) + partition.Key);
            Assert.Equal(expected, numbers);
        }

        Assert.Equal(_acknowledged.Count, stored.Count);
        Assert.All(stored.Where((_, i) => i % 97 == 0), r => Assert.Equal(
            _acknowledged[int.Parse(r.Message.Key, System.Globalization.CultureInfo.InvariantCulture)],
                r.TopicPartitionOffset));
    }
}
