using System.Globalization;
using CardShop.Shopctl.Settings;
using Npgsql;

namespace CardShop.Shopctl.Backup;

/// <summary>Where pgBackRest's configuration is, and how its programs are run. PostgreSQL is on this host.</summary>
/// <param name="Config">pgBackRest's configuration file; setting <c>Backup__Config</c>.</param>
/// <param name="Stanza">Its section; setting <c>Backup__Stanza</c>.</param>
/// <param name="RunAs">Words before each program: who owns the data is seldom who runs shopctl; setting <c>Backup__RunAs</c>.</param>
public sealed record BackupSettings(string Config, string Stanza, IReadOnlyList<string> RunAs)
{
    public const string ConfigName = "Backup__Config";

    /// <summary>For the programs: which server, and its password.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public static BackupSettings From(ShopctlSettings settings)
    {
        var config = settings.Required(ConfigName, "the path of pgBackRest's configuration file");
        if (!File.Exists(config))
        {
            throw new ShopctlException(
                ExitCodes.Usage,
                $"There is no {config}, which setting {ConfigName} names. The local instance writes it when PostgreSQL starts.");
        }

        var server = new NpgsqlConnectionStringBuilder(settings.Postgres);
        return new(
            Path.GetFullPath(config), settings.Optional("Backup__Stanza") ?? "cardshop",
            settings.Optional("Backup__RunAs")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            // libpq's own names: pgBackRest's configuration holds no password.
            Environment = new Dictionary<string, string>
            {
                ["PGHOST"] = server.Host!.Split(',')[0].Split(':')[0],
                ["PGPASSWORD"] = server.Password ?? "",
                ["LC_ALL"] = "C.UTF-8",
                ["TZ"] = "UTC",
            },
        };
    }

    /// <summary>The data directory that is backed up.</summary>
    public string DataDirectory => Option("pg1-path") ?? throw Missing("pg1-path");

    /// <summary>The port of the server that is backed up.</summary>
    public int Port => int.TryParse(Option("pg1-port") ?? "5432", NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        ? port
        : throw Missing("pg1-port");

    /// <summary>The repository's folder; null where it is no folder of this host.</summary>
    public string? RepositoryFolder =>
        Option("repo1-type") is null or "posix" && Option("repo1-host") is null ? Option("repo1-path") : null;

    /// <summary>An option of the stanza, or of all.</summary>
    private string? Option(string name)
    {
        string? section = null, global = null, own = null;
        foreach (var line in File.ReadLines(Config).Select(l => l.Trim()))
        {
            if (line is ['[', .. var title, ']'])
            {
                section = title;
            }
            else if (line.StartsWith(name + "=", StringComparison.Ordinal))
            {
                var value = line[(name.Length + 1)..].Trim();
                (own, global) = section == Stanza ? (value, global) : section == "global" ? (own, value) : (own, global);
            }
        }

        return own ?? global;
    }

    private ShopctlException Missing(string option) =>
        new(ExitCodes.Usage, $"{Config} has no usable {option} for stanza {Stanza} (settings {ConfigName}, Backup__Stanza).");
}
