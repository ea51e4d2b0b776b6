using System.Collections;
using System.Globalization;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Shop.Mail;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Preflight;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace CardShop.Shopctl.Settings;

/// <summary>
/// The settings, from environment variables. Each is checked when a command first needs it, so that a command asks for
/// nothing that it does not use. No value of a setting that holds a password is ever repeated.
/// </summary>
/// <param name="variable">One of them by its name; null where it is not set.</param>
/// <param name="all">All of them, for settings that are lists; null: there are no such settings.</param>
public sealed class ShopctlSettings(
    Func<string, string?> variable, Func<IReadOnlyDictionary<string, string?>>? all = null)
{
    public const string KafkaName = "Kafka__BootstrapServers";
    public const string RabbitName = "RabbitMq__Uri";
    public const string PostgresName = "Postgres__ConnectionString";
    public const string SecretsName = "Secrets__Directory";
    public const string ApiName = "CARDSHOP_API";
    public const string SandboxName = "CARDSHOP_SANDBOX";
    public const string OperatorKeyName = "CARDSHOP_OPERATOR_KEY";
    public const string PrometheusName = "Prometheus__Url";

    /// <summary>Set by a program that runs this one: see <see cref="HasParent"/>.</summary>
    public const string ParentName = "CARDSHOP_PARENT";
    private const string ReplicationName = "Kafka__Replication";
    private const string RegionName = "Region";

    /// <summary>host:port of the Kafka brokers.</summary>
    public string Kafka => Required(KafkaName, "host:port of the Kafka brokers");

    /// <summary>How Kafka is spoken to privately; null = in the clear.</summary>
    public KafkaTls? KafkaTls =>
        Guarded(() => Pipeline.Log.KafkaTls.From(name => variable(Pipeline.Log.KafkaTls.Prefix + name)));

    /// <summary>What stands before the names of topics and groups; empty, but for a region that was taken over.</summary>
    public string TopicPrefix => Guarded(() => KafkaSettings.PrefixOf(variable("Kafka__TopicPrefix")));

    /// <summary>The ways to other regions' Kafkas, by region letter.</summary>
    public IReadOnlyDictionary<string, KafkaSettings> RegionLinks => Guarded(() => Pipeline.Log.RegionLinks.From(
        from letter in "abcdefghijklmnopqrstuvwxyz"
        let prefix = $"{Pipeline.Log.RegionLinks.Section}__{letter}__"
        where variable(prefix + Pipeline.Log.RegionLinks.Servers) is { Length: > 0 }
        select (letter.ToString(), (Func<string, string?>)(
            name => variable(prefix + name.Replace(":", "__", StringComparison.Ordinal)))),
        "cardshop-shopctl"));

    /// <summary>The regions that are mirrored here.</summary>
    public IReadOnlyList<MirroredRegion> Mirrors => Guarded<IReadOnlyList<MirroredRegion>>(() =>
    [
        .. from letter in "abcdefghijklmnopqrstuvwxyz"
           let alias = variable($"{Pipeline.Log.RegionLinks.Section}__{letter}__{Pipeline.Log.RegionLinks.Alias}")
           where alias is { Length: > 0 }
           select new MirroredRegion(letter.ToString(), PrefixOfCopies(letter, alias)),
    ]);

    /// <summary>Copies of each topic that migrate creates.</summary>
    public short Replication => variable(ReplicationName) is not { Length: > 0 } text
        ? (short)1
        : short.TryParse(text, CultureInfo.InvariantCulture, out var value) && value is >= 1 and <= 32
            ? value
            : throw new ShopctlException(ExitCodes.Usage, $"Setting {ReplicationName} must be a number from 1 to 32.");

    /// <summary>With user and password: never shown.</summary>
    public Uri Rabbit =>
        Uri.TryCreate(Required(RabbitName, "amqp://user:password@host:port/vhost"), UriKind.Absolute, out var uri)
            && uri.Scheme is "amqp" or "amqps"
            ? Guarded(() => RabbitSettings.WithPassword(uri, variable(RabbitSettings.PasswordFileName)))
            : throw new ShopctlException(
                ExitCodes.Usage, $"Setting {RabbitName} must have the form amqp://user:password@host:port/vhost.");

    /// <summary>With a password: never shown.</summary>
    public string Postgres
    {
        get
        {
            var text = Required(PostgresName, "an Npgsql connection string");
            try
            {
                return new NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 } ? text : throw WrongPostgres();
            }
            catch (Exception e) when (e is ArgumentException or FormatException)
            {
                throw WrongPostgres();
            }
        }
    }

    /// <summary>Where PostgreSQL is, without user and password.</summary>
    public string PostgresPlace
    {
        get
        {
            var settings = new NpgsqlConnectionStringBuilder(Postgres);
            return string.Create(CultureInfo.InvariantCulture, $"{settings.Host}:{settings.Port}");
        }
    }

    /// <summary>Where RabbitMQ is, without user and password.</summary>
    public string RabbitPlace =>
        string.Create(CultureInfo.InvariantCulture, $"{Rabbit.Host}:{(Rabbit.Port > 0 ? Rabbit.Port : 5672)}");

    /// <summary>The folder of the installation's secrets.</summary>
    public string SecretsDirectory => Required(SecretsName, "the folder of the installation's secrets");

    /// <summary>False where no Kafka is named at all: a machine on which secrets are made, and nothing else.</summary>
    public bool HasKafka => variable(KafkaName) is { Length: > 0 };

    /// <summary>True where the secrets are named at all.</summary>
    public bool HasSecrets => variable(SecretsName) is { Length: > 0 };

    /// <summary>True for one machine: copies and standbys are not asked for.</summary>
    public bool IsLocal => string.Equals(variable("Local"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// True where a program runs this one and holds its standard input: the end of that input says stop, as Ctrl-C does, so
    /// that a command does not outlive who asked for it; and what it is to read off is said in a line of its own.
    /// </summary>
    public bool HasParent => variable(ParentName) is { Length: > 0 };

    /// <summary>Prometheus' address, by which alerts of the past are known; null where it is not set.</summary>
    public Uri? Prometheus => OptionalAddress(PrometheusName);

    /// <summary>All settings, as the fleets and the API read them: sections, lists.</summary>
    public IConfiguration Configuration() => new ConfigurationBuilder()
        .AddInMemoryCollection((all?.Invoke() ?? new Dictionary<string, string?>()).Select(s => KeyValuePair.Create(
            s.Key.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal), s.Value)))
        .Build();

    /// <summary>The region letter that stock belongs to.</summary>
    public string Region => RegionOf(variable);

    internal static string RegionOf(Func<string, string?> variable) => variable(RegionName) is not { Length: > 0 } text
        ? Regions.Default
        : Regions.IsLetter(text)
            ? text
            : throw new ShopctlException(ExitCodes.Usage, $"Setting {RegionName} must be one letter from a to z.");

    /// <summary>The settings that fleets decide by, from the same variables as theirs; channels are null where none is named.</summary>
    public ShopSettings Shop => FleetRules.Read(variable);

    /// <summary>Whether buyers are mailed, and how long that is remembered, from the same variables as the fleets'.</summary>
    public MailOptions Mail => FleetRules.ReadMail(variable);

    /// <summary>The bearer key of who runs this command: never shown. Null where there is none.</summary>
    public string? OperatorKey => variable(OperatorKeyName)?.Trim() is { Length: > 0 } key ? key : null;

    /// <summary>The shop's address.</summary>
    public Uri Api => Address(ApiName, "the shop's address, as http://127.0.0.1:8080");

    /// <summary>The sandbox's address.</summary>
    public Uri Sandbox => Address(SandboxName, "the sandbox's address, as http://127.0.0.1:8090");

    /// <summary>The settings of this process.</summary>
    public static ShopctlSettings FromEnvironment() => new(
        Environment.GetEnvironmentVariable,
        () => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value));

    /// <summary>An address by HTTP that may be absent.</summary>
    public Uri? OptionalAddress(string name) => Optional(name) is null ? null : Address(name, "an address such as http://127.0.0.1:9090");

    private static ShopctlException WrongPostgres() =>
        new(ExitCodes.Usage, $"Setting {PostgresName} is no Npgsql connection string with a Host.");

    /// <summary>A setting that may be missing; null where it is empty too.</summary>
    public string? Optional(string name) => variable(name) is { Length: > 0 } value ? value : null;

    /// <summary>These settings, one of them another.</summary>
    public ShopctlSettings With(string name, string value) => new(n => n == name ? value : variable(n));

    /// <summary>A setting without which a command cannot be. Throws with its name and what it should hold.</summary>
    public string Required(string name, string what) => variable(name) is { Length: > 0 } value
        ? value
        : throw new ShopctlException(
            ExitCodes.Usage, $"Setting {name} is missing: it holds {what}. compose/shopctl sets it for the local instance.");

    private static string PrefixOfCopies(char letter, string alias)
    {
        try
        {
            return KafkaSettings.PrefixOf(alias + ".");
        }
        catch (InvalidOperationException)
        {
            throw new InvalidOperationException(
                $"Setting {Pipeline.Log.RegionLinks.Section}__{letter}__{Pipeline.Log.RegionLinks.Alias} must be small letters, digits and " +
                "hyphens, as in north: the name that its mirror puts before the topics' own.");
        }
    }

    private static T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException e)
        {
            throw new ShopctlException(ExitCodes.Usage, e.Message);
        }
    }

    private Uri Address(string name, string what) =>
        Uri.TryCreate(Required(name, what), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new ShopctlException(ExitCodes.Usage, $"Setting {name} must be {what}.");
}
