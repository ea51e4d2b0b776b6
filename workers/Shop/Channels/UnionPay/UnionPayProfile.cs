using CardShop.Shop.Channels.Rsa;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>A merchant account with its keys and certificates loaded and its settings checked.</summary>
internal sealed class UnionPayProfile
{
    private const int UrlLimit = 256;
    private const int MerchantIdLength = 15;

    private UnionPayProfile(
        UnionPayProfileOptions options, bool isPage, Uri gateway, RsaKey privateKey, string certificateId, UnionPayTrust trust)
    {
        Name = options.Name;
        MerchantId = options.MerchantId;
        IsPage = isPage;
        NotifyUrl = options.NotifyUrl;
        FrontUrl = options.FrontUrl;
        PrivateKey = privateKey;
        CertificateId = certificateId;
        Trust = trust;
        var root = gateway.AbsoluteUri.TrimEnd('/');
        Front = new Uri(root + UnionPayPaths.Front);
        Back = new Uri(root + UnionPayPaths.Back);
        Query = new Uri(root + UnionPayPaths.Query);
    }

    public string Name { get; }

    public string MerchantId { get; }

    /// <summary>Whether buyers pay on UnionPay's page; else by a code that they scan.</summary>
    public bool IsPage { get; }

    public string NotifyUrl { get; }

    public string? FrontUrl { get; }

    public RsaKey PrivateKey { get; }

    public string CertificateId { get; }

    public UnionPayTrust Trust { get; }

    public Uri Front { get; }

    public Uri Back { get; }

    public Uri Query { get; }

    /// <summary>Loads all profiles, or says which setting is wrong.</summary>
    public static IReadOnlyList<UnionPayProfile> LoadAll(UnionPayOptions options)
    {
        if (options.Profiles.Count == 0)
        {
            throw new ChannelSettingsException(
                UnionPayOptions.Section + ":Profiles:0:Name", "no profile is set; one merchant account is needed");
        }

        var profiles = options.Profiles.Select(Load).ToList();
        for (var i = 0; i < profiles.Count; i++)
        {
            var earlier = profiles.Take(i).ToList();
            if (earlier.Exists(one => one.Name == profiles[i].Name))
            {
                throw new ChannelSettingsException(Path(i, "Name"), "another profile has the same name");
            }

            if (earlier.Exists(one => one.MerchantId == profiles[i].MerchantId && one.IsPage == profiles[i].IsPage))
            {
                throw new ChannelSettingsException(
                    Path(i, "MerchantId"), "another profile has the same MerchantId and Product");
            }
        }

        return profiles;
    }

    private static UnionPayProfile Load(UnionPayProfileOptions options, int index)
    {
        string At(string name) => Path(index, name);
        if (string.IsNullOrWhiteSpace(options.Name))
        {
            throw new ChannelSettingsException(At("Name"), "the profile needs a name; orders refer to it");
        }

        if (options.MerchantId.Length != MerchantIdLength || !options.MerchantId.All(char.IsAsciiLetterOrDigit))
        {
            throw new ChannelSettingsException(
                At("MerchantId"), $"set the merchant's number (merId, {MerchantIdLength} digits) from the contract");
        }

        if (options.Product is not ("qr" or "page"))
        {
            throw new ChannelSettingsException(At("Product"), "set qr (a code to scan) or page (UnionPay's page)");
        }

        if (string.IsNullOrWhiteSpace(options.CertificateName))
        {
            throw new ChannelSettingsException(
                At("CertificateName"), "set the name that UnionPay's certificate carries, or leave the setting out");
        }

        var isPage = options.Product == "page";
        var gateway = Gateway(At, options);
        var (key, certificateId) = UnionPayCredentials.LoadMerchant(options, At);
        var trust = new UnionPayTrust(
            UnionPayCredentials.LoadCertificates(
                At("RootCertificate"), options.RootCertificate, options.RootCertificateFile, needed: true),
            UnionPayCredentials.LoadCertificates(
                At("MiddleCertificate"), options.MiddleCertificate, options.MiddleCertificateFile, needed: false),
            options.CertificateName);
        return new UnionPayProfile(options, isPage, gateway, key, certificateId, trust);
    }

    private static Uri Gateway(Func<string, string> at, UnionPayProfileOptions options)
    {
        var gateway = AbsoluteUrl(at("Gateway"), options.Gateway, "https://gateway.95516.com");
        if (gateway.Scheme != Uri.UriSchemeHttps && !gateway.IsLoopback)
        {
            throw new ChannelSettingsException(at("Gateway"), "use https; plain http is for loopback only");
        }

        AbsoluteUrl(at("NotifyUrl"), options.NotifyUrl, "https://shop.example/v1/payments/unionpay/notify");
        if (options.Product == "page" || !string.IsNullOrWhiteSpace(options.FrontUrl))
        {
            AbsoluteUrl(at("FrontUrl"), options.FrontUrl, "https://shop.example/");
        }

        return gateway;
    }

    /// <summary>The provider would add a query's fields to those of its own, and none of them would verify.</summary>
    private static Uri AbsoluteUrl(string setting, string? value, string example)
    {
        if (value is { Length: <= UrlLimit } && Uri.TryCreate(value, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
            && url.Query.Length == 0 && url.Fragment.Length == 0)
        {
            return url;
        }

        throw new ChannelSettingsException(
            setting, $"set a whole web address of at most {UrlLimit} characters without a query, such as {example}");
    }

    private static string Path(int index, string name) => $"{UnionPayOptions.Section}:Profiles:{index}:{name}";
}
