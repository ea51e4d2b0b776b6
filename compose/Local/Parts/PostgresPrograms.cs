using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>Where PostgreSQL's programs are, and as whom they run: they refuse root.</summary>
public static class PostgresPrograms
{
    // In a user namespace root's own files belong to user 1000: no extra user, no rights on any folder above.
    private static readonly IReadOnlyList<string> Namespace = ["unshare", "-U", "--map-user=1000", "--map-group=1000"];
    private static readonly IReadOnlyList<string> SystemUser = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"];
    private static readonly Lazy<bool> NamespaceWorks = new(() => Succeeds([.. Namespace, "true"]));
    private static readonly TimeSpan TrialLimit = TimeSpan.FromSeconds(10);

    /// <summary>The path of a program of the newest version that Debian has installed.</summary>
    public static string Find(string program)
    {
        const string Versions = "/usr/lib/postgresql";
        var newest = (Directory.Exists(Versions) ? Directory.GetDirectories(Versions) : [])
            .Select(path => (Path: Path.Combine(path, "bin", program), Version: VersionOf(path)))
            .Where(found => found.Version >= 15 && File.Exists(found.Path))
            .OrderByDescending(found => found.Version)
            .FirstOrDefault();
        return newest.Path ?? throw new PartFailedException(
            "postgres", $"There is no {program} of PostgreSQL 15 or later below {Versions}; install the Debian package postgresql");
    }

    /// <summary>What to put before a command so that it runs as the owner of the data directory, and not as root.</summary>
    public static IReadOnlyList<string> RunAs(string dataDirectory)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return [];
        }

        return OwnedByRoot(dataDirectory) && NamespaceWorks.Value ? Namespace : SystemUser;
    }

    /// <summary>The same for a data directory that the next start creates.</summary>
    public static IReadOnlyList<string> RunAsForNew() =>
        !Environment.IsPrivilegedProcess ? [] : NamespaceWorks.Value ? Namespace : SystemUser;

    /// <summary>Gives a new data directory to the user that will run the server, where that is another than this one.</summary>
    public static async Task HandOverAsync(string dataDirectory, RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess || NamespaceWorks.Value)
        {
            return;
        }

        var code = await ChildProcess.RunAsync(
            new ChildCommand("chown", "postgres:postgres", dataDirectory), log, TrialLimit, time, cancellationToken);
        if (code != 0 || !Succeeds([.. SystemUser, "test", "-w", dataDirectory]))
        {
            throw new PartFailedException(
                "postgres",
                $"PostgreSQL refuses to run as root, this machine allows no user namespaces, and the user postgres cannot reach {dataDirectory}."
                + " Start as an ordinary user, or from a folder that everybody may enter",
                log.Path);
        }
    }

    private static int VersionOf(string path) =>
        int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static bool OwnedByRoot(string directory) => Succeeds(["test", "-O", directory]);

    private static bool Succeeds(IReadOnlyList<string> command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        return process.WaitForExit(TrialLimit) && process.ExitCode == 0;
    }
}
