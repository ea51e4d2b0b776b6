using System.Text;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>A merchant account with its keys loaded and its settings checked.</summary>
internal sealed class WeChatProfile
{
    private const int NotifyUrlLimit = 255;
    private const int IdLimit = 32;
    private const int SerialLimit = 64;

    private WeChatProfile(
        WeChatProfileOptions options, Uri gateway, string serialNo, RsaKey privateKey, byte[] apiV3Key,
        IReadOnlyList<WeChatPlatformKey> platformKeys)
    {
        Name = options.Name;
        AppId = options.AppId;
        MerchantId = options.MerchantId;
        NotifyUrl = options.NotifyUrl;
        Gateway = gateway;
        SerialNo = serialNo;
        PrivateKey = privateKey;
        ApiV3Key = apiV3Key;
        PlatformKeys = platformKeys;
    }

    public string Name { get; }

    public string AppId { get; }

    public string MerchantId { get; }

    public string NotifyUrl { get; }

    /// <summary>Without a slash at its end, in front of every path.</summary>
    public Uri Gateway { get; }

    /// <summary>Names <see cref="PrivateKey"/> to WeChat Pay.</summary>
    public string SerialNo { get; }

    public RsaKey PrivateKey { get; }

    public byte[] ApiV3Key { get; }

    public IReadOnlyList<WeChatPlatformKey> PlatformKeys { get; }

    /// <summary>What requests say in <c>Wechatpay-Serial</c>: only in public-key mode.</summary>
    public string? AskedSerial => PlatformKeys[0].IsPublicKey ? PlatformKeys[0].Serial : null;

    /// <summary>Null for a serial that no setting knows.</summary>
    public RsaKey? KeyOf(string serial) => PlatformKeys.FirstOrDefault(one => one.IsNamed(serial))?.Key;

    /// <summary>Loads all profiles, or says which setting is wrong.</summary>
    public static IReadOnlyList<WeChatProfile> LoadAll(WeChatOptions options)
    {
        if (options.Profiles.Count == 0)
        {
            throw new ChannelSettingsException(
                WeChatOptions.Section + ":Profiles:0:Name", "no profile is set; one merchant account is needed");
        }

        var profiles = options.Profiles.Select(Load).ToList();
        for (var i = 0; i < profiles.Count; i++)
        {
            var earlier = profiles.Take(i).ToList();
            if (earlier.Exists(one => one.Name == profiles[i].Name))
            {
                throw new ChannelSettingsException(Path(i, "Name"), "another profile has the same name");
            }

            if (earlier.Exists(one => one.AppId == profiles[i].AppId && one.MerchantId == profiles[i].MerchantId))
            {
                throw new ChannelSettingsException(
                    Path(i, "MerchantId"), "another profile has the same AppId and MerchantId");
            }
        }

        return profiles;
    }

    private static WeChatProfile Load(WeChatProfileOptions options, int index)
    {
        if (string.IsNullOrWhiteSpace(options.Name))
        {
            throw new ChannelSettingsException(Path(index, "Name"), "the profile needs a name; orders refer to it");
        }

        if (options.AppId.Length is 0 or > IdLimit || !options.AppId.All(char.IsAsciiLetterOrDigit))
        {
            throw new ChannelSettingsException(Path(index, "AppId"), "set the app id (wx…) bound to the merchant");
        }

        if (options.MerchantId.Length is 0 or > IdLimit || !options.MerchantId.All(char.IsAsciiDigit))
        {
            throw new ChannelSettingsException(
                Path(index, "MerchantId"), "set the merchant number (digits) that the merchant platform shows");
        }

        var gateway = AbsoluteUrl(Path(index, "Gateway"), options.Gateway, "https://api.mch.weixin.qq.com");
        if (gateway.Scheme != Uri.UriSchemeHttps && !gateway.IsLoopback)
        {
            throw new ChannelSettingsException(Path(index, "Gateway"), "use https; plain http is for loopback only");
        }

        CheckNotifyUrl(Path(index, "NotifyUrl"), options.NotifyUrl);
        if (options.PlatformKeys.Count == 0)
        {
            throw new ChannelSettingsException(
                Path(index, "PlatformKeys:0:KeyFile"),
                "no key of WeChat Pay is set; name the file of a platform certificate or of the public key");
        }

        var privateKey = RsaKeyReader.Read(
            Path(index, "PrivateKey"), options.PrivateKey, options.PrivateKeyFile, withPrivateKey: true);
        return new WeChatProfile(
            options, gateway, SerialNoOf(index, options), privateKey, ApiV3KeyOf(index, options),
            [.. options.PlatformKeys.Select((one, n) => WeChatPlatformKey.Load(Path(index, $"PlatformKeys:{n}"), one))]);
    }

    private static string SerialNoOf(int index, WeChatProfileOptions options)
    {
        if (!string.IsNullOrWhiteSpace(options.CertificateFile))
        {
            var setting = Path(index, "CertificateFile");
            return WeChatPlatformKey.SerialOf(setting, SettingText.ReadFile(setting, options.CertificateFile));
        }

        return options.SerialNo is { Length: > 0 and <= SerialLimit } serial && serial.All(char.IsAsciiHexDigit)
            ? serial
            : throw new ChannelSettingsException(
                Path(index, "SerialNo"),
                "set the serial (hex) of the merchant's API certificate, or name the certificate in CertificateFile");
    }

    private static byte[] ApiV3KeyOf(int index, WeChatProfileOptions options)
    {
        var (text, setting) = SettingText.Read(Path(index, "ApiV3Key"), options.ApiV3Key, options.ApiV3KeyFile);
        var key = Encoding.UTF8.GetBytes(text.Trim());
        return key.Length == WeChatCipher.KeyBytes
            ? key
            : throw new ChannelSettingsException(
                setting, $"the APIv3 key has {WeChatCipher.KeyBytes} characters, as it was set on the merchant platform");
    }

    private static void CheckNotifyUrl(string setting, string value)
    {
        var url = AbsoluteUrl(setting, value, "https://shop.example/v1/payments/wechat/notify");
        if (value.Length > NotifyUrlLimit)
        {
            throw new ChannelSettingsException(
                setting, $"the provider takes at most {NotifyUrlLimit} characters; shorten it");
        }

        if (url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            throw new ChannelSettingsException(setting, "the provider takes no query or fragment here; remove it");
        }
    }

    private static Uri AbsoluteUrl(string setting, string value, string example)
    {
        if (Uri.TryCreate(value, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp))
        {
            return url;
        }

        throw new ChannelSettingsException(setting, $"set a whole web address, such as {example}");
    }

    private static string Path(int index, string name) => $"{WeChatOptions.Section}:Profiles:{index}:{name}";
}
