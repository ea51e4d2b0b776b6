using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>A merchant account with its keys loaded and its settings checked.</summary>
internal sealed class AlipayProfile
{
    private const int UrlLimit = 256;
    private const int AppIdLimit = 32;

    private readonly RsaKey? _privateKey;

    private AlipayProfile(AlipayProfileOptions options, Uri endpoint, RsaKey? privateKey, RsaKey publicKey)
    {
        Name = options.Name;
        AppId = options.AppId;
        SellerId = string.IsNullOrWhiteSpace(options.SellerId) ? null : options.SellerId;
        IsPage = options.Product == "page";
        NotifyUrl = options.NotifyUrl;
        ReturnUrl = string.IsNullOrWhiteSpace(options.ReturnUrl) ? null : options.ReturnUrl;
        Endpoint = endpoint;
        _privateKey = privateKey;
        AlipayPublicKey = publicKey;
    }

    public string Name { get; }

    public string AppId { get; }

    public string? SellerId { get; }

    /// <summary>Whether buyers pay on Alipay's page; else by a code that they scan.</summary>
    public bool IsPage { get; }

    public string NotifyUrl { get; }

    public string? ReturnUrl { get; }

    /// <summary>The gateway with <c>charset</c> in its query: else the gateway may read the form as GBK.</summary>
    public Uri Endpoint { get; }

    /// <summary>Throws where the profile was loaded for verifying alone.</summary>
    public RsaKey PrivateKey => _privateKey ?? throw new InvalidOperationException("This process only verifies.");

    public RsaKey AlipayPublicKey { get; }

    /// <summary>Loads all profiles, or says which setting is wrong.</summary>
    public static IReadOnlyList<AlipayProfile> LoadAll(AlipayOptions options, ChannelUse use = ChannelUse.Call)
    {
        if (options.Profiles.Count == 0)
        {
            throw new ChannelSettingsException(
                AlipayOptions.Section + ":Profiles:0:Name", "no profile is set; one merchant account is needed");
        }

        var profiles = options.Profiles.Select((one, i) => Load(one, i, use)).ToList();
        for (var i = 0; i < profiles.Count; i++)
        {
            var earlier = profiles.Take(i).ToList();
            if (earlier.Exists(one => one.Name == profiles[i].Name))
            {
                throw new ChannelSettingsException(Path(i, "Name"), "another profile has the same name");
            }

            if (earlier.Exists(one => one.AppId == profiles[i].AppId && one.SellerId == profiles[i].SellerId))
            {
                throw new ChannelSettingsException(
                    Path(i, "SellerId"), "another profile has the same AppId and SellerId; set the seller of each");
            }
        }

        return profiles;
    }

    private static AlipayProfile Load(AlipayProfileOptions options, int index, ChannelUse use)
    {
        if (string.IsNullOrWhiteSpace(options.Name))
        {
            throw new ChannelSettingsException(Path(index, "Name"), "the profile needs a name; orders refer to it");
        }

        if (options.AppId.Length is 0 or > AppIdLimit || !options.AppId.All(char.IsAsciiLetterOrDigit))
        {
            throw new ChannelSettingsException(
                Path(index, "AppId"), "set the app id (digits) that the open platform's console shows");
        }

        if (options.Product is not ("qr" or "page"))
        {
            throw new ChannelSettingsException(Path(index, "Product"), "set qr (a code to scan) or page (Alipay's page)");
        }

        var gateway = AbsoluteUrl(Path(index, "Gateway"), options.Gateway, "https://openapi.alipay.com/gateway.do");
        if (gateway.Scheme != Uri.UriSchemeHttps && !gateway.IsLoopback)
        {
            throw new ChannelSettingsException(Path(index, "Gateway"), "use https; plain http is for loopback only");
        }

        AbsoluteUrl(Path(index, "NotifyUrl"), options.NotifyUrl, "https://shop.example/v1/payments/alipay/notify");
        RequireShort(Path(index, "NotifyUrl"), options.NotifyUrl);
        if (!string.IsNullOrWhiteSpace(options.ReturnUrl))
        {
            AbsoluteUrl(Path(index, "ReturnUrl"), options.ReturnUrl, "https://shop.example/");
            RequireShort(Path(index, "ReturnUrl"), options.ReturnUrl);
        }

        var privateKey = use == ChannelUse.Verify
            ? null
            : RsaKeyReader.Read(
                Path(index, "PrivateKey"), options.PrivateKey, options.PrivateKeyFile, withPrivateKey: true);
        var publicKey = RsaKeyReader.Read(
            Path(index, "AlipayPublicKey"), options.AlipayPublicKey, options.AlipayPublicKeyFile,
            withPrivateKey: false);
        var endpoint = new UriBuilder(gateway) { Query = "charset=utf-8", Fragment = "" };
        return new AlipayProfile(options, endpoint.Uri, privateKey, publicKey);
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

    private static void RequireShort(string setting, string value)
    {
        if (value.Length > UrlLimit)
        {
            throw new ChannelSettingsException(setting, $"the provider takes at most {UrlLimit} characters; shorten it");
        }
    }

    private static string Path(int index, string name) => $"{AlipayOptions.Section}:Profiles:{index}:{name}";
}
