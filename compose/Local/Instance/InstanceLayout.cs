using CardShop.Local.Supervision;

namespace CardShop.Local.Instance;

/// <summary>Where everything of a shop on this machine is.</summary>
/// <param name="root">The folder of the solution.</param>
/// <param name="folder">Where the instance keeps everything; <c>.local</c> in the root when null.</param>
public sealed class InstanceLayout(string root, string? folder = null)
{
    /// <summary>The folder of the solution.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>Everything that the instance keeps.</summary>
    public string Folder { get; } = Path.GetFullPath(folder ?? Path.Combine(root, ".local"));

    /// <summary>Data of the servers, by part.</summary>
    public string Data(string part) => Path.Combine(Folder, "data", part);

    /// <summary>Keys and passwords.</summary>
    public string Secrets => Path.Combine(Folder, "secrets");

    /// <summary>Configuration and, unless it is elsewhere, repository of the backups.</summary>
    public string Backup => Path.Combine(Folder, "backup");

    /// <summary>Orders that ended long ago.</summary>
    public string Archive => Path.Combine(Folder, "archive");

    /// <summary>The ports of the last start.</summary>
    public string PortsFile => Path.Combine(Folder, "ports");

    /// <summary>Addresses for a user's shell.</summary>
    public string EnvFile => Path.Combine(Folder, "env");

    /// <summary>The settings of all parts, for compose/shopctl.</summary>
    public string SettingsFile => Path.Combine(Folder, "settings.env");

    /// <summary>A configuration for a Prometheus that watches this instance.</summary>
    public string PrometheusFile => Path.Combine(Folder, "prometheus.yml");

    /// <summary>There once the demo catalog has been created.</summary>
    public string SeededMark => Path.Combine(Folder, "data", "seeded");

    /// <summary>The supervisor's files.</summary>
    public SupervisorFiles Supervisor => new(Folder);

    /// <summary>The folder of the solution around a folder.</summary>
    /// <param name="start">Any folder inside.</param>
    /// <param name="folder">Where the instance keeps everything; <c>.local</c> when null.</param>
    public static InstanceLayout Around(string start, string? folder = null)
    {
        for (var level = new DirectoryInfo(start); level is not null; level = level.Parent)
        {
            if (File.Exists(Path.Combine(level.FullName, "CardShop.sln")))
            {
                return new InstanceLayout(level.FullName, folder);
            }
        }

        throw new InvalidOperationException($"{start} is not inside a folder with CardShop.sln");
    }
}
