namespace CardShop.Shop.Channels.UnionPay;

/// <summary>The channel's settings, bound from the configuration section <c>Channels:unionpay</c>.</summary>
public sealed class UnionPayOptions : ProviderHttpOptions
{
    /// <summary>Where the settings stand; error messages name it.</summary>
    public const string Section = "Channels:unionpay";

    public IReadOnlyList<UnionPayProfileOptions> Profiles { get; init; } = [];
}

/// <summary>One merchant account. A class, not a record: a record would print the keys.</summary>
public sealed class UnionPayProfileOptions
{
    /// <summary>The name that the certificates of UnionPay's production gateway carry.</summary>
    public const string ProductionCertificateName = "中国银联股份有限公司";

    /// <summary>The name that orders keep; never reuse it for another account.</summary>
    public string Name { get; init; } = "";

    /// <summary>The 15 digits of the merchant (merId).</summary>
    public string MerchantId { get; init; } = "";

    /// <summary>
    /// How the buyer pays: <c>qr</c> (a code to scan) or <c>page</c> (UnionPay's page, to which the browser posts a form).
    /// </summary>
    public string Product { get; init; } = "qr";

    /// <summary>For example https://gateway.95516.com; plain http only on loopback.</summary>
    public string Gateway { get; init; } = "";

    /// <summary>Where the provider posts notifications: …/v1/payments/unionpay/notify. Without a query.</summary>
    public string NotifyUrl { get; init; } = "";

    /// <summary>Where the buyer's browser comes back to; needed for <c>page</c>. It proves nothing.</summary>
    public string? FrontUrl { get; init; }

    public string? PrivateKeyFile { get; init; }

    public string? PrivateKey { get; init; }

    /// <summary>The merchant's certificate (PEM): its serial number is the certId. Or give the certId itself.</summary>
    public string? CertificateFile { get; init; }

    public string? Certificate { get; init; }

    /// <summary>The certificate's serial number in decimal digits.</summary>
    public string? CertificateId { get; init; }

    /// <summary>Key and certificate in one file, as UnionPay's console hands them out; in place of the PEM files.</summary>
    public string? PfxFile { get; init; }

    public string? PfxPassword { get; init; }

    public string? PfxPasswordFile { get; init; }

    public string? RootCertificateFile { get; init; }

    public string? RootCertificate { get; init; }

    public string? MiddleCertificateFile { get; init; }

    public string? MiddleCertificate { get; init; }

    /// <summary>
    /// Whom UnionPay's signing certificate must name: the whole common name, or the third part of one with <c>@</c>
    /// between its parts. UnionPay's test gateway: 00040000:SIGN.
    /// </summary>
    public string CertificateName { get; init; } = ProductionCertificateName;
}
