using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shopctl.Settings;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace CardShop.Shopctl.Preflight;

/// <summary>Asks Kafka. What would change something is sent with "validate only": checked by the broker, and not done.</summary>
internal static class KafkaCollector
{
    private const string TrialTopic = "shop.preflight.v1";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <returns>The facts, and the folders of the broker's data where it tells.</returns>
    public static async Task<(KafkaFacts Facts, string? LogDirs)> AskAsync(
        ShopctlSettings settings, short replication, CancellationToken cancellation)
    {
        var apis = await KafkaVersions.AskAsync(settings.Kafka, settings.KafkaTls, cancellation);
        using var admin = new AdminClientBuilder(new AdminClientConfig
        {
            BootstrapServers = settings.Kafka,
            ClientId = "cardshop-preflight",
            SocketTimeoutMs = (int)Limit.TotalMilliseconds,
        }.Over(settings.KafkaTls)).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        var metadata = await Task.Factory.StartNew(
            () => admin.GetMetadata(Limit), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var present = metadata.Topics.Where(t => t.Partitions.Count > 0).ToDictionary(t => t.Topic);
        var prefix = settings.TopicPrefix;
        // A region that lives on in copies keeps none of others: those are of the region that it is a guest of.
        var mirrors = prefix.Length > 0 ? [] : settings.Mirrors;
        string[] known =
        [
            .. Topics.All.Select(t => prefix + t.Name)
                .Concat(mirrors.SelectMany(m => Topics.Mirrored.Select(t => m.Prefix + t.Name))).Distinct().Where(present.ContainsKey),
        ];
        var configs = await ConfigsAsync(admin, known, metadata.Brokers.Select(b => b.BrokerId).FirstOrDefault());
        var topics = known.ToDictionary(
            t => t,
            t => new TopicFacts(
                present[t].Partitions.Count,
                present[t].Partitions.Min(p => p.Replicas.Length),
                present[t].Partitions.Min(p => p.InSyncReplicas.Length),
                configs.GetValueOrDefault(t)));
        var own = known.FirstOrDefault(t => t.StartsWith(prefix + "shop.", StringComparison.Ordinal));
        return (
            new(
                apis, metadata.Brokers.Count, topics, await TryCreateAsync(admin, prefix + TrialTopic, replication),
                own is not null ? await TryAlterAsync(admin, own, configs.GetValueOrDefault(own)) : null)
            {
                Prefix = prefix,
                Mirrors = mirrors,
            },
            configs.GetValueOrDefault(string.Empty)?.GetValueOrDefault("log.dirs"));
    }

    /// <returns>Settings by topic; those of one broker under the empty name. What may not be read is left out.</returns>
    private static async Task<Dictionary<string, IReadOnlyDictionary<string, string>>> ConfigsAsync(
        IAdminClient admin, IEnumerable<string> topics, int broker)
    {
        var found = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        await AddAsync(topics.Select(t => new ConfigResource { Type = ResourceType.Topic, Name = t }));
        await AddAsync([new ConfigResource
        {
            Type = ResourceType.Broker,
            Name = broker.ToString(System.Globalization.CultureInfo.InvariantCulture),
        }]);
        return found;

        async Task AddAsync(IEnumerable<ConfigResource> resources)
        {
            List<ConfigResource> asked = [.. resources];
            if (asked.Count == 0)
            {
                return;
            }

            try
            {
                foreach (var result in await admin.DescribeConfigsAsync(asked, new() { RequestTimeout = Limit }))
                {
                    found[result.ConfigResource.Type == ResourceType.Broker ? string.Empty : result.ConfigResource.Name] =
                        result.Entries.ToDictionary(e => e.Key, e => e.Value.Value ?? string.Empty);
                }
            }
            catch (KafkaException e) when (!e.Error.IsLocalError)
            {
                // Not allowed: the rules say so where a setting was needed.
            }
        }
    }

    private static async Task<string?> TryCreateAsync(IAdminClient admin, string topic, short replication)
    {
        try
        {
            await admin.CreateTopicsAsync(
                [new TopicSpecification { Name = topic, NumPartitions = 1, ReplicationFactor = replication }],
                new() { ValidateOnly = true, RequestTimeout = Limit });
            return null;
        }
        catch (CreateTopicsException e)
        {
            return e.Results.Select(r => r.Error.Reason).FirstOrDefault() ?? e.Message;
        }
        catch (KafkaException e) when (!e.Error.IsLocalError)
        {
            return e.Error.Reason;
        }
    }

    /// <summary>A setting is set to what it is.</summary>
    private static async Task<string?> TryAlterAsync(
        IAdminClient admin, string topic, IReadOnlyDictionary<string, string>? settings)
    {
        var entry = new ConfigEntry
        {
            Name = "min.insync.replicas",
            Value = settings?.GetValueOrDefault("min.insync.replicas") ?? "1",
            IncrementalOperation = AlterConfigOpType.Set,
        };
        try
        {
            await admin.IncrementalAlterConfigsAsync(
                new() { [new() { Type = ResourceType.Topic, Name = topic }] = [entry] },
                new() { ValidateOnly = true, RequestTimeout = Limit });
            return null;
        }
        catch (IncrementalAlterConfigsException e)
        {
            return e.Results.Select(r => r.Error.Reason).FirstOrDefault() ?? e.Message;
        }
        catch (KafkaException e) when (!e.Error.IsLocalError)
        {
            return e.Error.Reason;
        }
    }
}
