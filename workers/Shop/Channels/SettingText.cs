namespace CardShop.Shop.Channels;

/// <summary>A text, mostly a secret, that a setting gives itself or by the name of a file.</summary>
internal static class SettingText
{
    private const int MaximumFileBytes = 64 * 1024;

    /// <summary>Reads it from where it is; exactly one of the two must be set.</summary>
    /// <param name="setting">Path of the inline setting; the file's is the same with <c>File</c> after it.</param>
    /// <returns>The text, and the path of the setting that gave it.</returns>
    public static (string Text, string Setting) Read(string setting, string? inline, string? file)
    {
        var hasInline = !string.IsNullOrWhiteSpace(inline);
        var hasFile = !string.IsNullOrWhiteSpace(file);
        if (hasInline == hasFile)
        {
            throw new ChannelSettingsException(
                setting + "File",
                hasInline
                    ? "both the file and the inline value are set; keep one of them"
                    : "nothing is set; name a file here, or give the value itself in the setting without \"File\"");
        }

        return hasFile ? (ReadFile(setting + "File", file!), setting + "File") : (inline!, setting);
    }

    public static string ReadFile(string setting, string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.Exists && info.Length > MaximumFileBytes)
            {
                throw new ChannelSettingsException(setting, "the file is far too large for this; check the path");
            }

            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ChannelSettingsException(
                setting, "the file cannot be read; check that it exists and that this user may read it", failure);
        }
    }
}
