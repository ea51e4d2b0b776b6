namespace CardShop.Tests.Chaos.Machine;

/// <summary>A file system of its own in a file (a loop mount), which can be filled up and given space again.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    /// <summary>What is left free when it is "full": less than one segment needs.</summary>
    private const long Left = 64 << 10;

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

    /// <summary>Takes all space but a little.</summary>
    public async Task FillAsync()
    {
        var free = new DriveInfo(Path).AvailableFreeSpace - Left;
        if (free > 0)
        {
            await HostCommand.RunAsync("fallocate", "-l", $"{free}", Ballast);
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
