namespace CardShop.Shop.Channels.WeChat;

/// <summary>The protocol's own HTTP headers, in answers and notifications alike.</summary>
public static class WeChatHeaders
{
    public const string Serial = "Wechatpay-Serial";
    public const string Timestamp = "Wechatpay-Timestamp";
    public const string Nonce = "Wechatpay-Nonce";
    public const string Signature = "Wechatpay-Signature";
    public const string SignatureType = "Wechatpay-Signature-Type";

    /// <summary>
    /// What must be kept with a notification's body, so that it can be verified again years later.
    /// </summary>
    public static IReadOnlyList<string> OfProof { get; } = [Serial, Timestamp, Nonce, Signature, SignatureType];
}
