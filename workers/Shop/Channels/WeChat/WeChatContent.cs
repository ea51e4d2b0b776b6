namespace CardShop.Shop.Channels.WeChat;

/// <summary>Builds each call's body. The same request always gives the same bytes.</summary>
internal static class WeChatContent
{
    private const int DescriptionLimit = 127;
    private const int ReasonLimit = 80;

    public static byte[] Native(PaymentRequest request, WeChatProfile profile) => WeChatJson.Write(json =>
    {
        json.WriteString("appid", profile.AppId);
        json.WriteString("mchid", profile.MerchantId);
        json.WriteString("description", RequestText.Clean(request.Subject, DescriptionLimit));
        json.WriteString("out_trade_no", request.Number);
        json.WriteString("time_expire", WeChatText.Time(request.ExpiresAt));
        json.WriteString("notify_url", profile.NotifyUrl);
        json.WriteStartObject("amount");
        json.WriteNumber("total", request.AmountMinor);
        json.WriteString("currency", request.Currency);
        json.WriteEndObject();
    });

    public static byte[] Close(WeChatProfile profile) =>
        WeChatJson.Write(json => json.WriteString("mchid", profile.MerchantId));

    /// <summary>
    /// Names the payment by our number alone: the provider's may become known between two repeats, which must be equal.
    /// </summary>
    public static byte[] Refund(RefundRequest request, WeChatProfile profile) => WeChatJson.Write(json =>
    {
        json.WriteString("out_trade_no", request.Payment.Number);
        json.WriteString("out_refund_no", request.RefundNumber);
        if (RequestText.Clean(request.Reason, ReasonLimit) is { Length: > 0 } reason)
        {
            json.WriteString("reason", reason);
        }

        json.WriteString("notify_url", profile.NotifyUrl);
        json.WriteStartObject("amount");
        json.WriteNumber("refund", request.AmountMinor);
        json.WriteNumber("total", request.Payment.AmountMinor);
        json.WriteString("currency", request.Payment.Currency);
        json.WriteEndObject();
    });
}
