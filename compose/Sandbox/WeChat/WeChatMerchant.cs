namespace CardShop.Sandbox.WeChat;

/// <summary>Which merchant account WeChat Pay knows: the section <c>Sandbox:WeChat</c>.</summary>
public sealed class WeChatMerchant
{
    public string AppId { get; init; } = "wx0000000000000001";

    public string MerchantId { get; init; } = "1900000001";

    /// <summary>Serial of the merchant's certificate, hex: requests name it.</summary>
    public string MerchantSerial { get; init; } = "5A0D0B0C00000000000000000000000000000001";

    /// <summary>
    /// Serial of WeChat Pay's key: a certificate's, or <c>PUB_KEY_ID_…</c>, which requests must name then.
    /// </summary>
    public string PlatformSerial { get; init; } = "PUB_KEY_ID_0119000000010000000000000000000001";
}
