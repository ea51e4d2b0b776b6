using System.Security.Cryptography;
using System.Text;
using CardShop.Local.Processes;

namespace CardShop.Local.Supervision;

/// <summary>The supervisor's own files below one folder (.local).</summary>
/// <param name="folder">The folder; created by <see cref="Create"/>.</param>
public sealed class SupervisorFiles(string folder)
{
    // The kernel takes 108 bytes for the path of a socket.
    private const int LongestSocketPath = 100;

    /// <summary>Held by the running supervisor.</summary>
    public string LockFile => Path.Combine(folder, "run", "lock");

    /// <summary>The process of the supervisor.</summary>
    public string HolderFile => Path.Combine(folder, "run", "supervisor");

    /// <summary>starting, ready, failed or stopped.</summary>
    public string StateFile => Path.Combine(folder, "run", "state");

    /// <summary>The output of a supervisor without a terminal.</summary>
    public string DetachedLog => Path.Combine(folder, "logs", "up.log");

    /// <summary>The control channel: a Unix socket that only the owner can reach.</summary>
    public string Socket
    {
        get
        {
            var wanted = Path.Combine(folder, "control.sock");
            if (Encoding.UTF8.GetByteCount(wanted) <= LongestSocketPath)
            {
                return wanted;
            }

            var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..16];
            return Path.Combine(Path.GetTempPath(), $"cardshop-{name}", "control.sock");
        }
    }

    /// <summary>The log of a part.</summary>
    public string Log(string part) => Path.Combine(folder, "logs", part + ".log");

    /// <summary>The process of a part.</summary>
    public string Pid(string part) => Path.Combine(folder, "run", part + ".pid");

    /// <summary>All files that name a process.</summary>
    public IReadOnlyList<string> Pids() => Directory.GetFiles(Path.Combine(folder, "run"), "*.pid");

    /// <summary>Creates the folders.</summary>
    public void Create()
    {
        PrivateFile.CreateFolder(Path.Combine(folder, "run"));
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        PrivateFile.CreateFolder(Path.GetDirectoryName(Socket)!);
    }

    /// <summary>What <see cref="StateFile"/> says; empty when there is none.</summary>
    public string State()
    {
        try
        {
            return File.ReadAllText(StateFile).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
