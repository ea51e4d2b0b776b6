namespace CardShop.Shop.Channels;

/// <summary>A payment channel's settings cannot work. The message names the setting and what to do.</summary>
public sealed class ChannelSettingsException : Exception
{
    /// <param name="setting">The setting's path in configuration, parts separated by colons.</param>
    /// <param name="advice">What is wrong and what to do about it; no secrets.</param>
    public ChannelSettingsException(string setting, string advice, Exception? inner = null)
        : base(
            $"{setting}: {advice} (as an environment variable: "
            + $"{setting.Replace(":", "__", StringComparison.Ordinal)})",
            inner)
    {
        Setting = setting;
    }

    public string Setting { get; }
}
