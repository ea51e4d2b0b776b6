using System.Collections;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Housekeeping;
using CardShop.Shopctl.Servers;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Backup;

/// <summary>Gathers what lies around the database.</summary>
internal static partial class MetadataReader
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<BackupMetadata> ReadAsync(
        ShopServers servers, BackupEntry backup, DatabasePosition position, Action<string> warn, CancellationToken cancellation) => new(
        backup.Label, backup.Kind, backup.StartedAt, backup.StoppedAt, position.Schema, new(position.CommitNo, position.Progress),
        PlainSettings.Of(Variables()), await TopicsAsync(servers, warn, cancellation),
        servers.Settings.HasSecrets ? SecretsOf(servers.Settings.SecretsDirectory) : []);

    /// <summary>The installation's own secrets are 256 random bits: their hash tells nothing about them.</summary>
    public static IReadOnlyList<SecretMetadata> SecretsOf(string directory) =>
    [
        .. (Directory.Exists(directory) ? Directory.EnumerateFiles(directory) : [])
            .Where(p => OwnSecret().IsMatch(Path.GetFileName(p))).Order(StringComparer.Ordinal)
            .Select(p => new SecretMetadata(Path.GetFileName(p), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(p))))),
    ];

    private static IEnumerable<KeyValuePair<string, string>> Variables() =>
        from DictionaryEntry variable in Environment.GetEnvironmentVariables()
        select KeyValuePair.Create((string)variable.Key, (string?)variable.Value ?? "");

    private static async Task<IReadOnlyList<TopicMetadata>?> TopicsAsync(
        ShopServers servers, Action<string> warn, CancellationToken cancellation)
    {
        var settings = new KafkaSettings(servers.Settings.Kafka, "cardshop-shopctl", Limit, TimeSpan.Zero)
        {
            Tls = servers.Settings.KafkaTls,
            TopicPrefix = servers.Settings.TopicPrefix,
        };
        try
        {
            using var care = new KafkaTopicCare(settings);
            var configs = await care.ConfigsAsync(Topics.All, cancellation).WaitAsync(Limit, servers.Time, cancellation);
            var ranges = new KafkaRanges(settings, servers.Time, NullLogger<KafkaRanges>.Instance);
            var topics = new List<TopicMetadata>();
            foreach (var topic in Topics.All)
            {
                var bounds = await ranges.BoundsAsync(topic, cancellation).WaitAsync(Limit, servers.Time, cancellation);
                topics.Add(new(
                    topic.Name, topic.Partitions, topic.Compacted, configs.GetValueOrDefault(topic.Name) ?? new Dictionary<string, string>(),
                    [.. bounds.OrderBy(b => b.Key.Partition).Select(b => (IReadOnlyList<long>)[b.Value.First, b.Value.Next])]));
            }

            return topics;
        }
        catch (Exception e) when (e is KafkaException or TimeoutException)
        {
            warn($"Kafka did not say how its topics are set up ({e.Message}): the backup's metadata is without.");
            return null;
        }
    }

    [GeneratedRegex(@"^(order-id|fingerprint|contact-hash|token-\d+|kek-\d+|contact-\d{4}-\d{2})$")]
    private static partial Regex OwnSecret();
}
