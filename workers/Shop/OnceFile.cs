using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CardShop.Shop;

/// <summary>A private file that the first of several writers creates, whole, and that none replaces.</summary>
public static partial class OnceFile
{
    private const int FileExists = 17;

    /// <summary>Creates the file with this text, readable by its owner alone. False where it is there already.</summary>
    public static bool TryCreate(string path, string text)
    {
        if (File.Exists(path))
        {
            return false;
        }

        // Written aside and linked into place: a reader never sees half a file, and the first writer wins.
        var aside = $"{path}.{Environment.ProcessId}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new StreamWriter(aside, options))
        {
            stream.Write(text);
        }

        try
        {
            return TryLink(aside, path);
        }
        finally
        {
            File.Delete(aside);
        }
    }

    /// <summary>
    /// File.Move without overwriting looks before it renames, so that two movers of one moment may both succeed, and the
    /// second replaces the first. A hard link is refused by the kernel where the name is taken.
    /// </summary>
    private static bool TryLink(string aside, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(aside, path, overwrite: false); // atomic there
                return true;
            }
            catch (IOException) when (File.Exists(path))
            {
                return false;
            }
        }

        if (Link(aside, path) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == FileExists ? false : throw new IOException($"cannot create '{path}', errno {error}");
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Link(string existing, string fresh);
}
