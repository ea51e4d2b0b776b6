namespace CardShop.Shop.Channels.Alipay;

/// <summary>The channel's settings, bound from the configuration section <c>Channels:alipay</c>.</summary>
public sealed class AlipayOptions : ProviderHttpOptions
{
    /// <summary>Where the settings stand; error messages name it.</summary>
    public const string Section = "Channels:alipay";

    public IReadOnlyList<AlipayProfileOptions> Profiles { get; init; } = [];
}

/// <summary>One merchant account. A class, not a record: a record would print the keys.</summary>
public sealed class AlipayProfileOptions
{
    /// <summary>The name that orders keep; never reuse it for another account.</summary>
    public string Name { get; init; } = "";

    public string AppId { get; init; } = "";

    /// <summary>
    /// How the buyer pays: <c>qr</c> (a code to scan) or <c>page</c> (Alipay's page, where a browser is sent).
    /// </summary>
    public string Product { get; init; } = "qr";

    /// <summary>The account (2088…) that must be named by notifications; empty: not checked beyond the app.</summary>
    public string? SellerId { get; init; }

    /// <summary>For example https://openapi.alipay.com/gateway.do; plain http only on loopback.</summary>
    public string Gateway { get; init; } = "";

    /// <summary>Where the provider posts notifications: …/v1/payments/alipay/notify.</summary>
    public string NotifyUrl { get; init; } = "";

    /// <summary>Where the buyer's browser comes back to from Alipay's page; empty: it stays there. It proves nothing.</summary>
    public string? ReturnUrl { get; init; }

    public string? PrivateKeyFile { get; init; }

    public string? PrivateKey { get; init; }

    public string? AlipayPublicKeyFile { get; init; }

    public string? AlipayPublicKey { get; init; }
}
