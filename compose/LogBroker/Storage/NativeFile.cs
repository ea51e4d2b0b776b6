using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CardShop.LogBroker.Storage;

/// <summary>The two durability calls that the framework lacks. A failure is an IOException, never ignored.</summary>
internal static partial class NativeFile
{
    /// <summary>Returns when the file's bytes are on the disk.</summary>
    public static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        var started = BrokerMeter.IsOn ? Stopwatch.GetTimestamp() : 0;
        if (Fdatasync(file) != 0)
        {
            throw new IOException($"fdatasync failed, errno {Marshal.GetLastPInvokeError()}");
        }

        if (started != 0)
        {
            BrokerMeter.Synced(Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>Returns when the directory's entries (new, renamed and deleted files) are on the disk.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals its entries and offers no such call
        }

        var descriptor = Open(path, 0);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open directory '{path}', errno {Marshal.GetLastPInvokeError()}");
        }

        var result = Fsync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (result != 0)
        {
            throw new IOException($"fsync of directory '{path}' failed, errno {error}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Close(int descriptor);
}
