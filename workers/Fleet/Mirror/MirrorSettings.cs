using CardShop.Contracts;
using CardShop.Pipeline.Log;

namespace CardShop.Fleet.Mirror;

/// <summary>
/// <c>--fleet mirror</c>: a region's inputs and events, kept by another region under the first one's name. It runs where the
/// copies are and needs the two logs, nothing else.
/// </summary>
public static class MirrorSettings
{
    public const string Role = "mirror";

    /// <summary>
    /// Reads <c>Mirror__BootstrapServers</c> and <c>Mirror__Tls__…</c> (the region that is copied), <c>Mirror__Alias</c> (its
    /// name, before the topics' own) and <c>Kafka__…</c> (where the copies are). Throws with the setting's name and what it should hold.
    /// </summary>
    public static MirrorPlan From(IConfiguration configuration)
    {
        var alias = Required(configuration, "Mirror:Alias", "the name of the region that is mirrored, such as a or east");
        var replication = configuration.GetValue<short>("Kafka:Replication", 1);
        if (replication is < 1 or > 32)
        {
            throw new InvalidOperationException("Kafka__Replication must be 1 to 32.");
        }

        return new(
            new(
                Required(configuration, "Mirror:BootstrapServers", "host:port of the Kafka brokers of the region that is mirrored"),
                "cardshop-mirror", MessageTimeout: TimeSpan.FromSeconds(15), Linger: TimeSpan.Zero)
            {
                Tls = KafkaTls.From(name => configuration["Mirror:Tls:" + name]),
            },
            new(
                Required(configuration, "Kafka:BootstrapServers", "host:port of the Kafka brokers"), "cardshop-mirror",
                Timeout.InfiniteTimeSpan, Linger: TimeSpan.FromMilliseconds(5))
            {
                Tls = KafkaTls.From(name => configuration["Kafka:Tls:" + name]),
                TopicPrefix = KafkaSettings.PrefixOf(alias + "."),
                MaxQueuedRecords = 10_000,
                MaxQueuedKilobytes = 16 * 1024,
                // A copy is larger than its original by a header.
                MaxRecordBytes = 1_040_000,
            },
            Topics.Mirrored, replication);
    }

    private static string Required(IConfiguration configuration, string key, string what) =>
        configuration[key] is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException(
                $"Setting {key.Replace(":", "__", StringComparison.Ordinal)} is missing: it holds {what}.");
}
