using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Log;

/// <summary>Consumer groups as Kafka knows them.</summary>
public sealed class KafkaGroups(KafkaSettings settings, ILogger<KafkaGroups> logger) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly Lazy<IAdminClient> _admin = new(() => new AdminClientBuilder(new AdminClientConfig
    {
        BootstrapServers = settings.BootstrapServers,
        ClientId = settings.ClientId,
    }.Over(settings.Tls))
    .SetErrorHandler((_, e) => PipelineLog.KafkaError(logger, e.Code.ToString(), e.Reason))
    .SetLogHandler((_, m) => PipelineLog.KafkaClient(logger, m.Facility, m.Message))
    .Build());

    /// <summary>How many processes read in each group's name; 0 where none does. Throws <see cref="KafkaException"/>.</summary>
    public async Task<IReadOnlyDictionary<string, int>> MembersAsync(
        IReadOnlyCollection<string> groups, CancellationToken cancellation)
    {
        var said = await _admin.Value.DescribeConsumerGroupsAsync(
                groups.Select(g => settings.TopicPrefix + g), new() { RequestTimeout = Limit })
            .WaitAsync(cancellation);
        return said.ConsumerGroupDescriptions.ToDictionary(g => g.GroupId[settings.TopicPrefix.Length..], g => g.Members.Count);
    }

    public void Dispose()
    {
        if (_admin.IsValueCreated)
        {
            _admin.Value.Dispose();
        }
    }
}
