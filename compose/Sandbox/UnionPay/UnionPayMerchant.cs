namespace CardShop.Sandbox.UnionPay;

/// <summary>Which merchant account UnionPay knows: the section <c>Sandbox:UnionPay</c>.</summary>
public sealed class UnionPayMerchant
{
    public string MerchantId { get; init; } = "777290058110048";

    /// <summary>The certId that goes with the merchant's key: its certificate's serial number in decimal digits.</summary>
    public string CertificateId { get; init; } = "68759663125";

    /// <summary>Whom the signing certificate names; counts when the certificates are made.</summary>
    public string CertificateName { get; init; } = "00040000:SIGN";
}
