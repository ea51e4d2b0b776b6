using System.Net;
using System.Security.Cryptography;
using System.Text;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Notices;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Sandbox.WeChat;

/// <summary>
/// WeChat Pay's notifications: encrypted JSON, signed anew for each delivery, sixteen deliveries, the answer 200 or 204.
/// </summary>
internal sealed class WeChatNotices(WeChatMerchant merchant, WeChatKeys keys, TimeProvider clock) : INoticeFormat
{
    private const int NonceLength = 12;

    public IReadOnlyList<TimeSpan> Waits { get; } =
    [
        TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(3),
        TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(30),
        TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(3), TimeSpan.FromHours(3),
        TimeSpan.FromHours(3), TimeSpan.FromHours(6), TimeSpan.FromHours(6),
    ];

    public NoticeMessage? Write(SandboxTrade trade, SandboxNotice notice, bool forged)
    {
        var address = notice.Refund is { } refund ? refund.NotifyUrl : trade.Order.NotifyUrl;
        if (string.IsNullOrEmpty(address))
        {
            return null;
        }

        var body = Body(trade, notice);
        var timestamp = WeChatSignature.Timestamp(clock.GetUtcNow());
        var nonce = RandomNumberGenerator.GetHexString(32);
        var signature = WeChatSignature.Sign(
            forged ? keys.Forger : keys.Platform, WeChatSignature.OfMessage(timestamp, nonce, body));
        return new NoticeMessage(new Uri(address), "application/json; charset=utf-8", body)
        {
            Headers =
            [
                KeyValuePair.Create(WeChatHeaders.Serial, merchant.PlatformSerial),
                KeyValuePair.Create(WeChatHeaders.Timestamp, timestamp),
                KeyValuePair.Create(WeChatHeaders.Nonce, nonce),
                KeyValuePair.Create(WeChatHeaders.Signature, signature),
                KeyValuePair.Create(WeChatHeaders.SignatureType, WeChatSignature.Scheme),
            ],
        };
    }

    public bool IsAcknowledged(HttpStatusCode status, ReadOnlySpan<byte> body) =>
        status is HttpStatusCode.OK or HttpStatusCode.NoContent;

    /// <summary>The same for every delivery: what is random elsewhere derives from the notification here.</summary>
    private byte[] Body(SandboxTrade trade, SandboxNotice notice)
    {
        var kind = notice.Refund is null ? "transaction" : "refund";
        var plain = WeChatJson.Write(json =>
        {
            if (notice.Refund is { } refund)
            {
                json.WriteString("mchid", merchant.MerchantId);
                WeChatObjects.Refund(json, trade, refund, "refund_status", "SUCCESS");
            }
            else
            {
                WeChatObjects.Payment(json, trade, merchant, "SUCCESS");
            }
        });

        // Derived from what is sealed too: under a fault one notification has two contents, and a nonce seals only one.
        var nonce = Convert.ToHexStringLower(
            SHA256.HashData([.. Encoding.UTF8.GetBytes(notice.Id), .. plain]))[..NonceLength];
        return WeChatJson.Write(json =>
        {
            json.WriteString("id", new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(notice.Id)).AsSpan(0, 16)));
            json.WriteString("create_time", WeChatText.Time(notice.At));
            json.WriteString("resource_type", "encrypt-resource");
            json.WriteString("event_type", notice.Refund is null ? "TRANSACTION.SUCCESS" : "REFUND.SUCCESS");
            json.WriteString("summary", notice.Refund is null ? "支付成功" : "退款成功");
            json.WriteStartObject("resource");
            json.WriteString("original_type", kind);
            json.WriteString("algorithm", WeChatCipher.Algorithm);
            json.WriteString("ciphertext", WeChatCipher.Encrypt(keys.ApiV3, nonce, kind, plain));
            json.WriteString("associated_data", kind);
            json.WriteString("nonce", nonce);
            json.WriteEndObject();
        });
    }
}
