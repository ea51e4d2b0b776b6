using System.Diagnostics;
using Xunit;

namespace CardShop.Tests.Integration.LogBroker;

public sealed class When_other_clients_are_used : IAsyncLifetime
{
    private const string PythonScript = """
        import sys
        from kafka import KafkaProducer, KafkaConsumer, KafkaAdminClient, TopicPartition
        from kafka.admin import NewTopic, ConfigResource, ConfigResourceType
        servers = sys.argv[1]
        admin = KafkaAdminClient(bootstrap_servers=servers)
        admin.create_topics([NewTopic('python', 3, 1, topic_configs={'retention.ms': '12345'})])
        producer = KafkaProducer(bootstrap_servers=servers, acks='all', compression_type='gzip')
        for i in range(1000):
            producer.send('python', key=b'%d' % i, value=b'v%d' % i)
        producer.flush(30)
        def consumer():
            return KafkaConsumer('python', bootstrap_servers=servers, group_id='pythons', enable_auto_commit=False,
                                 auto_offset_reset='earliest', consumer_timeout_ms=20000)
        first = consumer()
        got = set()
        for message in first:
            got.add(message.value)
            if len(got) == 1000:
                break
        assert len(got) == 1000, len(got)
        first.commit()
        ends = first.end_offsets([TopicPartition('python', p) for p in range(3)])
        assert sum(ends.values()) == 1000, ends
        first.close()
        committed = admin.list_consumer_group_offsets('pythons')
        assert sum(o.offset for o in committed.values()) == 1000, committed
        assert ('pythons', 'consumer') in admin.list_consumer_groups()
        assert admin.describe_consumer_groups(['pythons'])[0].state == 'Empty'
        configs = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, 'python')])[0].resources[0][4]
        assert [c[1] for c in configs if c[0] == 'retention.ms'] == ['12345'], configs
        admin.delete_topics(['python'])
        print('all well')
        """;

    private LogBrokerProcess _broker = null!;

    public async ValueTask InitializeAsync() => _broker = await LogBrokerProcess.StartAsync();

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Fact]
    public async Task Python_kafka_produces_consumes_commits_and_administers()
    {
        var (code, output) = await Run("/usr/bin/python3", "", "-c", PythonScript, _broker.BootstrapServers);

        Assert.True(code == 0 && output.TrimEnd().EndsWith("all well", StringComparison.Ordinal), output);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("lz4")]
    [InlineData("snappy")]
    public async Task Kcat_produces_consumes_and_lists(string codec)
    {
        var topic = "kcat-" + codec;
        await KafkaClients.CreateTopic(_broker, topic, 2);
        var lines = Enumerable.Range(0, 500).Select(i => $"key{i}:value {i}").ToList();

        var produced = await Run("kcat", string.Join('\n', lines), "-b", _broker.BootstrapServers, "-P", "-t", topic,
            "-K:", "-z", codec);
        var consumed = await Run("kcat", "", "-b", _broker.BootstrapServers, "-C", "-t", topic, "-o", "beginning", "-e",
            "-q", "-K:");
        var listed = await Run("kcat", "", "-b", _broker.BootstrapServers, "-L");

        Assert.True(produced.Code == 0, produced.Output);
        Assert.Equal(lines.Order(), consumed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        Assert.Contains($"topic \"{topic}\" with 2 partitions", listed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kcat_consumer_group_shares_a_topic()
    {
        await KafkaClients.CreateTopic(_broker, "shared", 4);
        await KafkaClients.Produce(_broker, "shared", Enumerable.Range(0, 200).Select(i => $"{i}"));

        var consumed = await Run(
            "kcat", "", "-b", _broker.BootstrapServers, "-G", "kcats", "-X", "auto.offset.reset=earliest", "-c", "200",
                "-q", "shared");

        Assert.Equal(200, consumed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Count());
    }

    private static async Task<(int Code, string Output)> Run(string program, string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var token = TestContext.Current.CancellationToken;
        var output = process.StandardOutput.ReadToEndAsync(token);
        var errors = process.StandardError.ReadToEndAsync(token);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(token).WaitAsync(KafkaClients.Patience, token);
        return (process.ExitCode, await output + (process.ExitCode == 0 ? "" : await errors));
    }
}
