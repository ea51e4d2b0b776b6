using System.Net;
using CardShop.Api.Partners;
using CardShop.Pipeline.Log;

namespace CardShop.Api;

/// <summary>Everything that the API is told.</summary>
/// <param name="Region">The region letter that new order ids start with; setting <c>Region</c>.</param>
/// <param name="Local">Local mode: one machine, loopback is trusted and unlimited; setting <c>Local</c>.</param>
/// <param name="PostgresConnection">For reading orders only; null = every status is degraded.</param>
/// <param name="OrdersPerMinute">Orders that one network may place per minute.</param>
public sealed record ApiSettings(
    char Region, bool Local, KafkaSettings Kafka, string? PostgresConnection, string SecretsDirectory, int OrdersPerMinute,
    int MaxOrdersInFlight)
{
    /// <summary>The bounds of what partners may ask for; setting <c>Partners__…</c>.</summary>
    public PartnerSettings Partners { get; init; } = new();

    /// <summary>Look-ups that one network may try within ten minutes; setting <c>RateLimits__LookupsPerNetwork</c>.</summary>
    public int LookupsPerNetwork { get; init; } = 60;

    /// <summary>Look-ups of one contact within ten minutes, from wherever; setting <c>RateLimits__LookupsPerContact</c>.</summary>
    public int LookupsPerContact { get; init; } = 10;

    /// <summary>
    /// Where buyers reach the API, without a slash at the end; setting <c>PublicUrl</c>. Null: links to its own pages are
    /// relative.
    /// </summary>
    public string? PublicUrl { get; init; }

    /// <summary>Where orders are read that ended long ago; setting <c>Archive__Directory</c>. Null: they are not found.</summary>
    public string? ArchiveDirectory { get; init; }

    /// <summary>How long it serves on after the word to stop, not ready any more; setting <c>Shutdown__LeaveSeconds</c>.</summary>
    public TimeSpan Leave { get; init; } = TimeSpan.Zero;

    /// <summary>Throws with the setting's name and what it should hold.</summary>
    public static ApiSettings From(IConfiguration configuration)
    {
        var region = configuration["Region"] ?? "a";
        if (region.Length != 1 || region[0] is < 'a' or > 'z')
        {
            throw new InvalidOperationException("Setting Region must be one letter from a to z.");
        }

        return new(
            region[0],
            configuration.GetValue("Local", false),
            new(
                Required(configuration, "Kafka:BootstrapServers", "host:port of the Kafka brokers"), "cardshop-api",
                // Shorter than the five seconds in which a buyer must hear that an order could not be taken.
                MessageTimeout: TimeSpan.FromSeconds(3),
                Linger: TimeSpan.FromMilliseconds(configuration.GetValue("Kafka:LingerMs", 5.0)))
            {
                MaxQueuedRecords = 100_000,
                MaxQueuedKilobytes = 64 * 1024,
                Tls = KafkaTls.From(name => configuration["Kafka:Tls:" + name]),
                TopicPrefix = KafkaSettings.PrefixOf(configuration["Kafka:TopicPrefix"]),
            },
            configuration["Postgres:ConnectionString"],
            Required(configuration, "Secrets:Directory", "the directory of the installation's secrets"),
            configuration.GetValue("RateLimits:OrdersPerMinute", 120),
            configuration.GetValue("Limits:OrdersInFlight", 20_000))
        {
            Partners = configuration.GetSection(PartnerSettings.Section).Get<PartnerSettings>() ?? new(),
            LookupsPerNetwork = Count(configuration, "RateLimits:LookupsPerNetwork", 60),
            LookupsPerContact = Count(configuration, "RateLimits:LookupsPerContact", 10),
            PublicUrl = PublicUrlOf(configuration["PublicUrl"]),
            ArchiveDirectory = configuration["Archive:Directory"],
            Leave = configuration.GetValue("Shutdown:LeaveSeconds", 0.0) is >= 0 and <= 20 and var seconds
                ? TimeSpan.FromSeconds(seconds)
                : throw new InvalidOperationException("Setting Shutdown__LeaveSeconds must be 0 to 20."),
        };
    }

    /// <summary>True for a peer that limits do not apply to.</summary>
    public bool IsExempt(IPAddress? peer) => Local && peer is not null && IPAddress.IsLoopback(peer);

    private static string? PublicUrlOf(string? value) =>
        string.IsNullOrWhiteSpace(value) ? null
        : Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Query.Length == 0 && url.Fragment.Length == 0
            && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
            ? url.AbsoluteUri.TrimEnd('/')
        : throw new InvalidOperationException(
            "Setting PublicUrl must be a whole web address without a query, such as https://shop.example.");

    private static int Count(IConfiguration configuration, string key, int usual) =>
        configuration.GetValue(key, usual) is >= 1 and <= 1_000_000 and var count
            ? count
            : throw new InvalidOperationException(
                $"Setting {key.Replace(":", "__", StringComparison.Ordinal)} must be 1 to 1000000.");

    private static string Required(IConfiguration configuration, string key, string what) =>
        configuration[key] is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException(
                $"Setting {key.Replace(":", "__", StringComparison.Ordinal)} is missing: it holds {what}.");
}
