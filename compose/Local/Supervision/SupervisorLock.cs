using System.Globalization;
using CardShop.Local.Processes;

namespace CardShop.Local.Supervision;

/// <summary>Only one supervisor may run in a folder. The lock ends with the process that holds it, also by SIGKILL.</summary>
public sealed class SupervisorLock : IDisposable
{
    private readonly FileStream _file;

    private SupervisorLock(FileStream file)
    {
        _file = file;
    }

    /// <summary>Takes the lock; null when another process holds it.</summary>
    /// <param name="files">The folder's files.</param>
    public static SupervisorLock? TryTake(SupervisorFiles files)
    {
        try
        {
            // An exclusive share is flock(2): a shell can ask for it too.
            return new SupervisorLock(PrivateFile.Open(files.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Writes down who holds the lock, for those who must end it without its help.</summary>
    public static void Sign(SupervisorFiles files) =>
        PrivateFile.Write(files.HolderFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    /// <summary>The process that signed last, when it still runs.</summary>
    public static ProcessIdentity? Holder(SupervisorFiles files) =>
        File.Exists(files.HolderFile)
        && int.TryParse(File.ReadAllText(files.HolderFile), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            ? ProcessTable.Find(pid)
            : null;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
