namespace CardShop.Shopctl.Settings;

/// <summary>A file that this command makes, for the eyes of its owner.</summary>
public static class PrivateOutput
{
    /// <summary>Creates it, mode 0600. Throws <see cref="IOException"/> where it is there already.</summary>
    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new(path, options);
    }
}
