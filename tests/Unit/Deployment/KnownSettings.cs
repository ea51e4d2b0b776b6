using System.Collections;
using System.Reflection;
using System.Text.RegularExpressions;
using CardShop.Api.Partners;
using CardShop.Pipeline.Log;
using CardShop.Sandbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Mail;
using CardShop.Shop.Partners;
using CardShop.Tests.Unit.Partners;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>
/// The settings that the programs read: the names in their sources, and the properties of the classes that sections are bound to.
/// A setting that nobody reads does nothing, and nobody says so: here it is a fault.
/// </summary>
internal static partial class KnownSettings
{
    /// <summary>Of settings by region: the letter is the place's own.</summary>
    private const string AnyRegion = RegionLinks.Section + "__x__";

    private static readonly (string Section, Type Type)[] Bound =
    [
        (PartnerSettings.Section, typeof(PartnerSettings)), (WebhookOptions.Section, typeof(WebhookOptions)),
        (HousekeepingOptions.Section, typeof(HousekeepingOptions)), (MailOptions.Section, typeof(MailOptions)),
        (ResilienceOptions.Section, typeof(ResilienceOptions)), (PaymentChannelOptions.Section, typeof(PaymentChannelOptions)),
        (SandboxOptions.Section, typeof(SandboxOptions)), ("Kafka__Tls", typeof(KafkaTls)), (AnyRegion + RegionLinks.Tls, typeof(KafkaTls)),
    ];

    private static readonly Lazy<HashSet<string>> Names = new(Collect);

    /// <summary>What the runtime, ASP.NET Core and OpenTelemetry read by themselves.</summary>
    private static readonly string[] Framework =
    [
        "ASPNETCORE_FORWARDEDHEADERS_ENABLED", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_URLS", "DOTNET_EnableDiagnostics", "DOTNET_gcServer",
        "DOTNET_GCgen0size", "DOTNET_GCGen0MaxBudget", "DOTNET_GCGen1MaxBudget", "MALLOC_ARENA_MAX",
        "SSL_CERT_DIR", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
    ];

    /// <param name="name">As an environment variable: <c>Kafka__BootstrapServers</c>.</param>
    public static bool Has(string name) =>
        Framework.Contains(name) || Names.Value.Contains(Region().Replace(Index().Replace(name, "__0"), AnyRegion).ToUpperInvariant());

    private static HashSet<string> Collect()
    {
        var names = new HashSet<string> { "REGION", "LOCAL", "PUBLICURL" };
        var sources = new[] { "api", "workers", "compose/Sandbox" }.SelectMany(f => Directory.EnumerateFiles(
            Repository.Folder(f.Split('/')), "*.cs", SearchOption.AllDirectories));
        foreach (var text in sources.Select(File.ReadAllText))
        {
            names.UnionWith(Literal().Matches(text).Select(m => m.Groups[1].Value.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant()));
        }

        names.UnionWith(new[] { RegionLinks.Servers, RegionLinks.Prefix, RegionLinks.Alias }.Select(n => (AnyRegion + n).ToUpperInvariant()));
        foreach (var (section, type) in Bound)
        {
            Add(names, section, type);
        }

        return names;
    }

    private static void Add(HashSet<string> names, string path, Type type)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var name = path + "__" + property.Name;
            var item = property.PropertyType != typeof(string) && typeof(IEnumerable).IsAssignableFrom(property.PropertyType)
                ? property.PropertyType.GetGenericArguments()[^1] : null;
            if ((item ?? property.PropertyType) is { IsClass: true, Namespace: { } space } nested
                && space.StartsWith("CardShop", StringComparison.Ordinal) && nested != type)
            {
                Add(names, item is null ? name : name + "__0", nested);
            }
            else
            {
                names.Add(name.ToUpperInvariant());
            }
        }
    }

    [GeneratedRegex("\"([A-Z][A-Za-z]+(?:(?::|__)[A-Za-z0-9]+)+|CARDSHOP_[A-Z_]+)\"")]
    private static partial Regex Literal();

    [GeneratedRegex("__[0-9]+")]
    private static partial Regex Index();

    [GeneratedRegex("^Regions__[a-z]__")]
    private static partial Regex Region();
}
