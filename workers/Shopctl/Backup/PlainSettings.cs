using System.Text.RegularExpressions;
using Npgsql;

namespace CardShop.Shopctl.Backup;

/// <summary>The settings of an installation as they may be written down: nothing that opens a door. Pure.</summary>
public static partial class PlainSettings
{
    public const string Hidden = "(not written down)";

    private static readonly string[] Sections =
    [
        "Kafka", "RabbitMq", "Postgres", "Secrets", "Batch", "Channels", "Region", "Local", "Payments", "Orders", "Delivery", "Webhooks",
        "Mail", "Backup", "Archive", "Housekeeping", "RateLimits", "Limits", "PublicUrl", "Partners", "Resilience", "Telemetry",
    ];

    /// <param name="variables">The environment.</param>
    /// <returns>Settings by name; where a value holds a password, or may, only the rest of it or none.</returns>
    public static IReadOnlyDictionary<string, string> Of(IEnumerable<KeyValuePair<string, string>> variables) =>
        new SortedDictionary<string, string>(
            variables.Where(v => Sections.Contains(v.Key.Split("__")[0], StringComparer.OrdinalIgnoreCase))
                .ToDictionary(v => v.Key, v => Plain(v.Key, v.Value)),
            StringComparer.Ordinal);

    private static string Plain(string name, string value)
    {
        var last = name.Split("__")[^1];
        if (value.Length == 0 || NamesAPlace().IsMatch(last))
        {
            return value;
        }

        if (last.Equals("ConnectionString", StringComparison.OrdinalIgnoreCase))
        {
            return Connection(value);
        }

        if (NamesASecret().IsMatch(last))
        {
            return Hidden;
        }

        return value.Contains("://", StringComparison.Ordinal) ? UserInfo().Replace(value, "://") : value;
    }

    private static string Connection(string value)
    {
        try
        {
            var server = new NpgsqlConnectionStringBuilder(value);
            return $"Host={server.Host};Port={server.Port};Database={server.Database};Username={server.Username}";
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return Hidden;
        }
    }

    [GeneratedRegex("(file|directory|folder|path|config)$", RegexOptions.IgnoreCase)]
    private static partial Regex NamesAPlace();

    [GeneratedRegex("(pass|secret|key|token|credential|pin$|cipher)", RegexOptions.IgnoreCase)]
    private static partial Regex NamesASecret();

    [GeneratedRegex("://[^/@]*@")]
    private static partial Regex UserInfo();
}
