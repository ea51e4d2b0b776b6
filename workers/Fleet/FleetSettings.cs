using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Mail;
using CardShop.Shop.Orders;
using CardShop.Shop.Partners;
using CardShop.Shop.Statistics;

namespace CardShop.Fleet;

/// <summary>Which work a process takes.</summary>
[Flags]
public enum Fleets
{
    None = 0,
    Orders = 1,
    Payments = 2,
    Delivery = 4,
    Notifications = 8,
    All = Orders | Payments | Delivery | Notifications,
}

/// <summary>Everything that a fleet process is told.</summary>
/// <param name="PostgresConnection">Npgsql form; holds a password, so it is never logged.</param>
/// <param name="PaymentPrefetch">Payment commands in hand at once per channel; setting <c>Payments__Prefetch</c>.</param>
/// <param name="DeliveryPrefetch">Delivery commands in hand at once.</param>
/// <param name="PaymentChecksPerSecond">
/// Pending payments that the watchdog takes up per second, channel and process: each asks its provider at most once.
/// </param>
/// <param name="Resilience">How calls to providers are guarded.</param>
public sealed record FleetSettings(
    Fleets Fleets,
    KafkaSettings Kafka,
    RabbitSettings Rabbit,
    string PostgresConnection,
    BatchOptions Batch,
    ShopSettings Shop,
    ushort PaymentPrefetch,
    ushort DeliveryPrefetch,
    double PaymentChecksPerSecond,
    ResilienceOptions Resilience)
{
    /// <summary>
    /// Payment commands that may wait in RabbitMQ before the orders fleet takes no more orders; setting
    /// <c>Payments__MaxQueued</c>.
    /// </summary>
    public int MaxQueuedPayments { get; init; } = 1_000;

    /// <summary>Most calls to a provider under way at once, per channel and process; setting <c>Payments__MaxCalls</c>.</summary>
    public int MaxPaymentCalls { get; init; } = 200;

    /// <summary>Whose midnight parts the days of the statistics; setting <c>Statistics__TimeZone</c>.</summary>
    public ShopDays Days { get; init; } = ShopDays.Of(null);

    /// <summary>The ways to other regions' Kafkas, for stock that is moved there; settings <c>Regions__…</c>.</summary>
    public IReadOnlyDictionary<string, KafkaSettings> Links { get; init; } = new Dictionary<string, KafkaSettings>();

    /// <summary>How partners' webhooks are called; setting <c>Webhooks__…</c>.</summary>
    public WebhookOptions Webhooks { get; init; } = new();

    /// <summary>How long things are kept; setting <c>Housekeeping__…</c> and <c>Archive__Directory</c>.</summary>
    public HousekeepingOptions Housekeeping { get; init; } = new();

    /// <summary>How buyers are written to; setting <c>Mail__…</c>. Off unless it names a server.</summary>
    public MailOptions Mail { get; init; } = new();

    /// <summary>Between two looks at the whole shop, for its gauges; setting <c>Metrics__SurveySeconds</c>.</summary>
    public TimeSpan SurveyEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Where the secrets are: those that seal webhooks' secrets and, for mail, keys and contacts. The notifications fleet
    /// cannot sign without.
    /// </summary>
    public string? SecretsDirectory { get; init; }

    /// <summary>Reads the settings of architecture.md 7. Throws with the setting's name and what it should hold.</summary>
    public static FleetSettings From(IConfiguration configuration)
    {
        var fleets = Parse(configuration["fleet"] ?? "all");
        var name = "cardshop-" + fleets.ToString().ToLowerInvariant().Replace(", ", "-", StringComparison.Ordinal);
        var batch = new BatchOptions(
            configuration.GetValue("Batch:MaxMessages", BatchOptions.Default.MaxMessages),
            TimeSpan.FromMilliseconds(configuration.GetValue("Batch:MaxAgeMs", BatchOptions.Default.MaxAge.TotalMilliseconds)),
            BatchOptions.Default.MaxBytes);
        if (batch.MaxMessages is < 1 or > 10_000 || batch.MaxAge < TimeSpan.Zero)
        {
            throw new InvalidOperationException(
                "Batch__MaxMessages must be 1 to 10000, and Batch__MaxAgeMs zero or more milliseconds.");
        }

        var checks = configuration.GetValue("Payments:ChecksPerSecond", 400.0);
        if (checks is not (> 0 and <= 100_000))
        {
            throw new InvalidOperationException("Payments__ChecksPerSecond must be more than 0 and at most 100000.");
        }

        return new(
            fleets,
            new(
                Required(configuration, "Kafka:BootstrapServers", "host:port of the Kafka brokers"), name,
                MessageTimeout: TimeSpan.FromSeconds(15), Linger: TimeSpan.FromMilliseconds(1))
            {
                InstanceId = configuration["Kafka:InstanceId"],
                Tls = KafkaTls.From(name => configuration["Kafka:Tls:" + name]),
                TopicPrefix = KafkaSettings.PrefixOf(configuration["Kafka:TopicPrefix"]),
            },
            new(
                RabbitSettings.WithPassword(
                    new(Required(configuration, "RabbitMq:Uri", "amqp://user:password@host:port/vhost")),
                    configuration["RabbitMq:PasswordFile"]),
                name,
                MaxUnconfirmed: 2_000, TimeSpan.FromSeconds(10)),
            Required(configuration, "Postgres:ConnectionString", "an Npgsql connection string"),
            batch,
            new(
                TimeSpan.FromSeconds(configuration.GetValue("Payments:CheckEverySeconds", 300.0)),
                TimeSpan.FromSeconds(configuration.GetValue("Payments:ResendAfterSeconds", 60.0)))
            {
                Region = RegionOf(configuration),
                Channels = ProfilesOf(configuration),
                MaxOpenPerContact = configuration.GetValue("Orders:MaxOpenPerContact", ShopSettings.Default.MaxOpenPerContact),
                MaxOpenPerNetwork = configuration.GetValue("Orders:MaxOpenPerNetwork", ShopSettings.Default.MaxOpenPerNetwork),
                HoldSharePercent = configuration.GetValue("Orders:HoldSharePercent", ShopSettings.Default.HoldSharePercent),
            },
            (ushort)Number(configuration, "Payments:Prefetch", 500, 1, ushort.MaxValue),
            (ushort)Number(configuration, "Delivery:Prefetch", 1_000, 1, ushort.MaxValue),
            checks,
            (configuration.GetSection(ResilienceOptions.Section).Get<ResilienceOptions>() ?? ResilienceOptions.Default).Checked())
        {
            MaxQueuedPayments = Number(configuration, "Payments:MaxQueued", 1_000, 100, 1_000_000),
            MaxPaymentCalls = Number(configuration, "Payments:MaxCalls", 200, 1, 10_000),
            Links = RegionLinks.From(
                configuration.GetSection(RegionLinks.Section).GetChildren()
                    .Select(s => (s.Key, (Func<string, string?>)(name => s[name]))),
                name),
            Webhooks = WebhooksOf(configuration),
            SurveyEvery = configuration.GetValue("Metrics:SurveySeconds", 15.0) is >= 0.5 and <= 300 and var seconds
                ? TimeSpan.FromSeconds(seconds)
                : throw new InvalidOperationException("Metrics__SurveySeconds must be 0.5 to 300."),
            Mail = MailOf(configuration),
            Housekeeping = ((configuration.GetSection(HousekeepingOptions.Section).Get<HousekeepingOptions>() ?? new()) with
            {
                ArchiveDirectory = configuration["Archive:Directory"] is { Length: > 0 } folder ? folder : null,
            }).Checked(),
            Days = ShopDays.Of(configuration["Statistics:TimeZone"]),
            SecretsDirectory = fleets.HasFlag(Fleets.Notifications)
                ? Required(configuration, "Secrets:Directory", "the directory of the installation's secrets")
                : null,
        };
    }

    private static string RegionOf(IConfiguration configuration) =>
        configuration["Region"] is not { Length: > 0 } region ? Regions.Default
        : Regions.IsLetter(region) ? region
        : throw new InvalidOperationException("Setting Region must be one letter from a to z.");

    /// <summary>On a developer's machine the endpoint is there too.</summary>
    private static WebhookOptions WebhooksOf(IConfiguration configuration)
    {
        var isLocal = configuration.GetValue("Local", false);
        var options = configuration.GetSection(WebhookOptions.Section).Get<WebhookOptions>() ?? new();
        return (options with
        {
            AllowHttp = configuration.GetValue(WebhookOptions.Section + ":AllowHttp", isLocal),
            AllowPrivateAddresses = configuration.GetValue(WebhookOptions.Section + ":AllowPrivateAddresses", isLocal),
        }).Checked();
    }

    /// <summary>A setting that is not known is refused: with a mistyped one mail would be less safe than it was meant to be.</summary>
    private static MailOptions MailOf(IConfiguration configuration) =>
        (configuration.GetSection(MailOptions.Section).Get<MailOptions>(o => o.ErrorOnUnknownConfiguration = true) ?? new())
            .Opened();

    /// <summary>The merchant profiles of each channel that has any; null where none is set up.</summary>
    private static IReadOnlyDictionary<string, IReadOnlyList<string>>? ProfilesOf(IConfiguration configuration) =>
        PaymentChannels.Profiles(
            configuration.GetSection(PaymentChannelOptions.Section).Get<PaymentChannelOptions>() ?? new())
            is { Count: > 0 } profiles ? profiles : null;

    private static Fleets Parse(string text) => text switch
    {
        "orders" => Fleets.Orders,
        "payments" => Fleets.Payments,
        "delivery" => Fleets.Delivery,
        "notifications" => Fleets.Notifications,
        "all" => Fleets.All,
        _ => throw new InvalidOperationException(
            $"--fleet {text} is not known: say orders, payments, delivery, notifications, all or mirror."),
    };

    private static int Number(IConfiguration configuration, string key, int usual, int least, int most) =>
        configuration.GetValue(key, usual) is var value && value >= least && value <= most
            ? value
            : throw new InvalidOperationException(
                $"{key.Replace(":", "__", StringComparison.Ordinal)} must be {least} to {most}.");

    private static string Required(IConfiguration configuration, string key, string what) =>
        configuration[key] is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException(
                $"Setting {key.Replace(":", "__", StringComparison.Ordinal)} is missing: it holds {what}.");
}
