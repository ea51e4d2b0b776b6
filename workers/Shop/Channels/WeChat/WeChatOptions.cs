namespace CardShop.Shop.Channels.WeChat;

/// <summary>The channel's settings, bound from the configuration section <c>Channels:wechat</c>.</summary>
public sealed class WeChatOptions : ProviderHttpOptions
{
    /// <summary>Where the settings stand; error messages name it.</summary>
    public const string Section = "Channels:wechat";

    public IReadOnlyList<WeChatProfileOptions> Profiles { get; init; } = [];
}

/// <summary>
/// One merchant account. Keys come from files or the environment. A class, not a record: a record would print the keys.
/// </summary>
public sealed class WeChatProfileOptions
{
    /// <summary>The name that orders keep; never reuse it for another account.</summary>
    public string Name { get; init; } = "";

    /// <summary>The app (wx…) that is bound to the merchant.</summary>
    public string AppId { get; init; } = "";

    /// <summary>The merchant's number (mchid), digits.</summary>
    public string MerchantId { get; init; } = "";

    /// <summary>Serial of the merchant's API certificate, hex, as the console shows it; or name the file below.</summary>
    public string? SerialNo { get; init; }

    /// <summary>The merchant's API certificate (<c>apiclient_cert.pem</c>): its serial is taken from it.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>https://api.mch.weixin.qq.com or the spare host; plain http only on loopback.</summary>
    public string Gateway { get; init; } = "";

    /// <summary>Where payments and refunds are notified, without a query: …/v1/payments/wechat/notify.</summary>
    public string NotifyUrl { get; init; } = "";

    public string? PrivateKeyFile { get; init; }

    public string? PrivateKey { get; init; }

    /// <summary>A file with the APIv3 key: 32 characters, by which notifications are encrypted.</summary>
    public string? ApiV3KeyFile { get; init; }

    public string? ApiV3Key { get; init; }

    /// <summary>
    /// WeChat Pay's keys by serial, several while they change. Where the first is a public key (<c>PUB_KEY_ID_…</c>),
    /// requests name it, and WeChat Pay answers by it.
    /// </summary>
    public IReadOnlyList<WeChatPlatformKeyOptions> PlatformKeys { get; init; } = [];
}

/// <summary>One key of WeChat Pay: a platform certificate or a public key.</summary>
public sealed class WeChatPlatformKeyOptions
{
    /// <summary>The certificate's serial (may be left to the certificate) or <c>PUB_KEY_ID_…</c>.</summary>
    public string? Serial { get; init; }

    /// <summary>PEM: a certificate or a public key.</summary>
    public string? KeyFile { get; init; }

    public string? Key { get; init; }
}
