using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Log;

/// <summary>
/// The ways to other regions' Kafkas, by region letter: settings <c>Regions__b__BootstrapServers</c>,
/// <c>Regions__b__Tls__…</c> as <c>Kafka__Tls__…</c>, and <c>Regions__b__TopicPrefix</c> where that region was taken over.
/// <c>Regions__b__Alias</c> says by which name that region's topics are copied here; only 'shopctl preflight' reads it.
/// </summary>
public static class RegionLinks
{
    public const string Section = "Regions";
    public const string Servers = "BootstrapServers";
    public const string Prefix = "TopicPrefix";
    public const string Alias = "Alias";
    public const string Tls = "Tls";

    /// <param name="regions">Each region's letter, and its settings by the part of their names behind it: <c>Tls:CaFile</c>.</param>
    /// <exception cref="InvalidOperationException">A region's name is no letter, or it has no address.</exception>
    public static IReadOnlyDictionary<string, KafkaSettings> From(
        IEnumerable<(string Region, Func<string, string?> Setting)> regions, string clientId) =>
        regions.ToDictionary(r => r.Region.ToLowerInvariant(), r => Of(r.Region, r.Setting, clientId));

    /// <summary>The own log with the ways to others. Nothing is connected before something is sent.</summary>
    public static LinkedLog Open(
        ILog own, IReadOnlyDictionary<string, KafkaSettings> links, TimeProvider time, ILogger<KafkaLog> logger) =>
        new(own, links.ToDictionary(l => l.Key, l => (ILog)new KafkaLog(l.Value, time, logger)));

    private static KafkaSettings Of(string region, Func<string, string?> setting, string clientId) =>
        region is not [>= 'a' and <= 'z' or >= 'A' and <= 'Z']
            ? throw new InvalidOperationException($"Settings {Section}__x__… name a region by its letter; {region} is none.")
        : setting(Servers) is not { Length: > 0 } servers
            ? throw new InvalidOperationException(
                $"Setting {Section}__{region}__{Servers} is missing: it holds host:port of that region's Kafka brokers.")
        : new(servers, clientId, MessageTimeout: TimeSpan.FromSeconds(15), Linger: TimeSpan.FromMilliseconds(1))
        {
            TopicPrefix = KafkaSettings.PrefixOf(setting(Prefix)),
            Tls = KafkaTls.From(name => setting($"{Tls}:{name}")),
            MaxQueuedRecords = 10_000,
            MaxQueuedKilobytes = 32 * 1024,
        };
}
