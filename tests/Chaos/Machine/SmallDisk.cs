namespace CardShop.Tests.Chaos.Machine;

/// <summary>A file system of its own in a file (a loop mount), which can be filled up and given space again.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _image;

    private SmallDisk(string image, string path)
    {
        _image = image;
        Path = path;
    }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Can this user mount one?</summary>
    public static bool IsPossible => Environment.IsPrivilegedProcess && File.Exists("/dev/loop-control");

    /// <param name="folder">Where its file and its mount point go.</param>
    /// <param name="megabytes">Its size; only what is written takes space.</param>
    public static async Task<SmallDisk> MountAsync(string folder, int megabytes)
    {
        Directory.CreateDirectory(folder);
        var image = System.IO.Path.Combine(folder, "image");
        var path = System.IO.Path.Combine(folder, "mount");
        Directory.CreateDirectory(path);
        await HostCommand.RunAsync("truncate", "-s", $"{megabytes}M", image);
        await HostCommand.RunAsync("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", image);
        await HostCommand.RunAsync("mount", "-o", "loop,noatime", image, path);
        return new(image, path);
    }

    /// <summary>Takes all space that is left.</summary>
    public async Task FillAsync()
    {
        // Bit by bit: what the file system keeps for itself is not known beforehand.
        for (long bytes = new DriveInfo(Path).AvailableFreeSpace; bytes >= 4 << 10; bytes /= 2)
        {
            try
            {
                await HostCommand.RunAsync("fallocate", "-o", $"{(File.Exists(Ballast) ? new FileInfo(Ballast).Length : 0)}", "-l", $"{bytes}", Ballast);
            }
            catch (ChaosFailedException)
            {
                // Not that much.
            }
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        await HostCommand.RunAsync("umount", "-l", Path);
        File.Delete(_image);
    }
}
