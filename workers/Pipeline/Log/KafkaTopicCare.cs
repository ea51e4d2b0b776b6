using CardShop.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace CardShop.Pipeline.Log;

/// <summary>What keeping topics needs of Kafka: deleting from their beginnings, and how they are set up.</summary>
public sealed class KafkaTopicCare(KafkaSettings settings) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Lazy<IAdminClient> _admin = new(() => new AdminClientBuilder(new AdminClientConfig
    {
        BootstrapServers = settings.BootstrapServers,
        ClientId = settings.ClientId,
    }.Over(settings.Tls)).Build());

    /// <summary>Deletes the records below these offsets. Throws <see cref="KafkaException"/> where a partition refuses.</summary>
    /// <returns>The first offset that each partition keeps.</returns>
    public async Task<IReadOnlyDictionary<PartitionKey, long>> DeleteBelowAsync(
        IReadOnlyDictionary<PartitionKey, long> offsets, CancellationToken cancellation)
    {
        if (offsets.Count == 0)
        {
            return offsets;
        }

        var results = await _admin.Value.DeleteRecordsAsync(
                offsets.Select(o => new TopicPartitionOffset(settings.There(o.Key), o.Value)),
                new() { RequestTimeout = Limit, OperationTimeout = Limit })
            .WaitAsync(cancellation);
        return results.ToDictionary(r => settings.Here(new(r.Topic, r.Partition)), r => r.Offset.Value);
    }

    /// <summary>Settings of topics that differ from the broker's own: name to value, by topic.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>> ConfigsAsync(
        IReadOnlyList<Topic> topics, CancellationToken cancellation)
    {
        var results = await _admin.Value.DescribeConfigsAsync(
                topics.Select(t => new ConfigResource { Type = ResourceType.Topic, Name = settings.TopicPrefix + t.Name }),
                new() { RequestTimeout = Limit })
            .WaitAsync(cancellation);
        return results.ToDictionary(
            r => r.ConfigResource.Name[settings.TopicPrefix.Length..],
            r => (IReadOnlyDictionary<string, string>)r.Entries.Values.Where(e => !e.IsDefault && !e.IsSensitive)
                .ToDictionary(e => e.Name, e => e.Value));
    }

    /// <summary>Has nothing of these topics go by age or size any more. Throws <see cref="KafkaException"/> where one refuses.</summary>
    public Task KeepAsync(IReadOnlyList<Topic> topics, CancellationToken cancellation) =>
        _admin.Value.IncrementalAlterConfigsAsync(
                topics.ToDictionary(
                    t => new ConfigResource { Type = ResourceType.Topic, Name = settings.TopicPrefix + t.Name },
                    _ => new List<ConfigEntry>
                    {
                        new() { Name = "retention.ms", Value = "-1", IncrementalOperation = AlterConfigOpType.Set },
                        new() { Name = "retention.bytes", Value = "-1", IncrementalOperation = AlterConfigOpType.Set },
                    }),
                new() { RequestTimeout = Limit })
            .WaitAsync(cancellation);

    public void Dispose()
    {
        if (_admin.IsValueCreated)
        {
            _admin.Value.Dispose();
        }
    }
}
