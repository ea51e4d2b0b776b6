using System.Globalization;
using System.Text;
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
    public static SupervisorLock? TryTake(string path)
    {
        // FileShare other than None: .NET's own advisory lock must not stand in the way of this one.
        var file = PrivateFile.Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (NativeMethods.TryLock(file.SafeFileHandle))
        {
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new SupervisorLock(file);
        }

        file.Dispose();
        return null;
    }

    /// <summary>The process that holds the lock, when it can be known.</summary>
    public static ProcessIdentity? Holder(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return int.TryParse(reader.ReadToEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? ProcessTable.Find(pid) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
