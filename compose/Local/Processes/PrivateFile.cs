using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace CardShop.Local.Processes;

/// <summary>Files and folders that only their owner may read.</summary>
[SuppressMessage("Interoperability", "CA1416", Justification = "The local mode is for Linux; Windows has no file modes.")]
public static class PrivateFile
{
    /// <summary>Opens a file; a new one gets mode 0600.</summary>
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share)
    {
        return new FileStream(path, new FileStreamOptions
        {
            Mode = mode,
            Access = access,
            Share = share,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    /// <summary>Puts a file in place whole or not at all, readable by its owner alone.</summary>
    public static void Write(string path, string text)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = Open(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Creates a folder with mode 0700 where there is none.</summary>
    public static void CreateFolder(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Lets others read a file that holds no secret.</summary>
    public static void MakeReadable(string path)
    {
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }
}
