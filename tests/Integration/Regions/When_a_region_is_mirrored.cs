using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CardShop.Tests.Integration.Regions;

/// <summary>A topic of the shared log, copied within it under another region's name.</summary>
public sealed class When_a_region_is_mirrored(TestServers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_record_is_copied_once_however_often_the_mirror_dies_and_none_after_a_takeover()
    {
        var topic = new Topic(string.Create(CultureInfo.InvariantCulture, $"mirrored-{Environment.ProcessId}"), 3);
        var source = new KafkaSettings(
            await servers.KafkaAsync(), "test", TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(1));
        var target = source with { TopicPrefix = "east.", MessageTimeout = Timeout.InfiniteTimeSpan };
        await using var log = new KafkaLog(source, TimeProvider.System, Logger);
        await using var copies = new KafkaLog(source with { TopicPrefix = "east." }, TimeProvider.System, Logger);
        await log.CreateTopicsAsync([topic], 1, Stop);
        var plan = new MirrorPlan(source, target, [topic], 1);

        for (var round = 0; round < 3; round++)
        {
            await ProduceAsync(log, topic, round, 400);
            using var killed = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var running = Mirror(plan).RunAsync(killed.Token);
            await Eventually.TrueAsync(
                async () => (await CountAsync(copies, topic)) >= (round * 400) + 100, "the mirror is copying");
            await killed.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await running;
                killed.Token.ThrowIfCancellationRequested();
            });
        }

        using var last = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var mirror = Mirror(plan);
        var whole = mirror.RunAsync(last.Token);
        await Eventually.TrueAsync(
            async () => (await CountAsync(copies, topic)) == 1_200 && mirror.Lag.Values.Sum() == 0, "everything is copied");
        await last.CancelAsync();
        await Task.WhenAny(whole);
        Assert.Equal(await TextsAsync(log, topic), await TextsAsync(copies, topic));

        // What the region writes itself from now on, where it lives on.
        await copies.ProduceAsync(new(topic.Name, 1, [1], [1], []), Stop);
        var taken = await Assert.ThrowsAsync<TakenOverException>(() => Mirror(plan).RunAsync(Stop));
        Assert.Contains($"east.{topic.Name}[1]", taken.Message, StringComparison.Ordinal);
    }

    private static ILogger<KafkaLog> Logger => TestLogs.Factory.CreateLogger<KafkaLog>();

    private static KafkaMirror Mirror(MirrorPlan plan) => new(plan, TimeProvider.System, new Random(1), Logger);

    /// <summary>Records of the topic; none while the mirror has not made it yet.</summary>
    private static async Task<long> CountAsync(KafkaLog log, Topic topic)
    {
        try
        {
            return (await log.EndsAsync([topic], Stop)).Values.Sum();
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_UnknownPartition or ErrorCode.Local_UnknownTopic or ErrorCode.UnknownTopicOrPart)
        {
            return 0;
        }
    }

    private static async Task ProduceAsync(KafkaLog log, Topic topic, int round, int records) => Assert.Empty(
        await log.ProduceAllAsync(
            [
                .. Enumerable.Range(0, records).Select(i => new LogRecord(
                    topic.Name, i % topic.Partitions, Encoding.UTF8.GetBytes($"k{i}"), i % 10 == 0 ? null : Encoding.UTF8.GetBytes($"{round}-{i}"),
                    [
                        new(RecordHeaders.Type, "some.type"u8.ToArray()),
                        new(RecordHeaders.Commit, Encoding.ASCII.GetBytes((i + 1).ToString(CultureInfo.InvariantCulture))),
                    ])
                {
                    At = DateTimeOffset.UnixEpoch.AddSeconds((round * 1_000) + i),
                }),
            ],
            Stop));

    /// <summary>Every record, partition by partition: between partitions a reader has no order.</summary>
    private static async Task<string[]> TextsAsync(KafkaLog log, Topic topic) =>
    [
        .. (await log.TailAsync(topic, 10_000, Stop))
            .OrderBy(r => r.Partition.Partition).ThenBy(r => r.Offset).Select(Text),
    ];

    private static string Text(LogIncoming record) => string.Create(
        CultureInfo.InvariantCulture,
        $"{record.Partition}@{record.Offset} {record.Key} {(record.Value is { } v ? Encoding.UTF8.GetString(v) : "-")} {record.Type} {record.Commit} {record.Timestamp:O}");
}
