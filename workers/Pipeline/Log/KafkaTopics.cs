using System.Globalization;
using CardShop.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace CardShop.Pipeline.Log;

/// <summary>Creation and checking of topics.</summary>
internal static class KafkaTopics
{
    public static async Task CreateAsync(
        KafkaSettings settings, IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig
        {
            BootstrapServers = settings.BootstrapServers,
            ClientId = settings.ClientId,
        }.Over(settings.Tls)).Build();
        var metadata = await Blocking.RunAsync(() => admin.GetMetadata(TimeSpan.FromSeconds(10)));
        var present = metadata.Topics.ToDictionary(t => t.Topic, t => t.Partitions.Count);
        cancellation.ThrowIfCancellationRequested();
        foreach (var topic in topics)
        {
            if (present.TryGetValue(settings.TopicPrefix + topic.Name, out var partitions) && partitions > 0 && partitions != topic.Partitions)
            {
                throw new InvalidOperationException(
                    $"Topic {settings.TopicPrefix}{topic.Name} has {partitions} partitions, {topic.Partitions} are agreed. A topic's partition " +
                    "count is fixed for its life: create a new version of the topic instead.");
            }
        }

        var missing = topics.Where(t => !present.TryGetValue(settings.TopicPrefix + t.Name, out var n) || n == 0)
            .Select(t => Specify(t with { Name = settings.TopicPrefix + t.Name }, replication)).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        try
        {
            await admin.CreateTopicsAsync(missing, new() { RequestTimeout = TimeSpan.FromSeconds(20) });
        }
        catch (CreateTopicsException e) when (e.Results.All(
            r => !r.Error.IsError || r.Error.Code == ErrorCode.TopicAlreadyExists))
        {
            // Another process created them at the same moment.
        }
    }

    private static TopicSpecification Specify(Topic topic, short replication) => new()
    {
        Name = topic.Name,
        NumPartitions = topic.Partitions,
        ReplicationFactor = replication,
        Configs = topic.Compacted
            ? new()
            {
                ["cleanup.policy"] = "compact",
                // What is written now is not compacted yet, and whoever holds the topic in memory reads it all at the start.
                ["segment.bytes"] = "16777216",
                ["min.insync.replicas"] = InSync(replication),
            }
            : new()
            {
                ["cleanup.policy"] = "delete",
                ["retention.ms"] = topic.KeptFor is { } kept
                    ? ((long)kept.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)
                    : "-1",
                ["retention.bytes"] = "-1",
                ["min.insync.replicas"] = InSync(replication),
            },
    };

    private static string InSync(short replication) => replication >= 3 ? "2" : "1";
}
