namespace CardShop.Shop.Channels.Alipay;

/// <summary>
/// Verifies a notification. The order matters: first whose it claims to be (that picks the key), then the signature,
/// and only then what it says. Old ones are good: the provider repeats for a day, and repeats are told by their id.
/// </summary>
internal static class AlipayNotification
{
    private const int MaxBytes = 64 * 1024;
    private const string TradeType = "trade_status_sync";

    public static NotificationCheck Verify(IReadOnlyList<AlipayProfile> profiles, ReadOnlySpan<byte> body)
    {
        if (body.Length is 0 or > MaxBytes)
        {
            return Refuse("the body is empty or too large");
        }

        var fields = AlipayForm.Read(body);
        if (fields is null)
        {
            return Refuse("the body is not a sound form");
        }

        if (Field(fields, "sign_type") != "RSA2")
        {
            return Refuse("sign_type is not RSA2");
        }

        var appId = Field(fields, "app_id");
        var seller = Field(fields, "seller_id");
        var ours = profiles.Where(one => one.AppId == appId).ToList();
        if (ours.Count == 0)
        {
            return Refuse("app_id is not ours");
        }

        ours = ours.Where(one => seller is null || one.SellerId is null || one.SellerId == seller).ToList();
        if (ours.Count == 0)
        {
            return Refuse("seller_id is not ours");
        }

        // A profile that names the seller comes before one that takes any.
        var profile = ours.OrderBy(one => one.SellerId is null).FirstOrDefault(one => IsSigned(one, fields));
        return profile is null ? Refuse("the signature does not fit") : Understand(profile, fields);
    }

    private static NotificationCheck Understand(AlipayProfile profile, Dictionary<string, string> fields)
    {
        if ((Field(fields, "notify_type") ?? TradeType) != TradeType)
        {
            return Refuse("notify_type is not about a trade");
        }

        if (Field(fields, "notify_id") is not { } notifyId)
        {
            return Refuse("notify_id is missing");
        }

        var trade = AlipayTrades.FromNotification(fields, out var fault);
        return trade is null
            ? Refuse(fault + " is missing or not understood")
            : new NotificationCheck(
                null, profile.Name, profile.AlipayPublicKey.Fingerprint, notifyId,
                Field(fields, "seller_id") ?? profile.AppId, trade);
    }

    private static bool IsSigned(AlipayProfile profile, Dictionary<string, string> fields)
    {
        var signature = Field(fields, "sign");
        if (AlipaySignature.Verify(profile.AlipayPublicKey, AlipaySignature.OfNotification(fields), signature))
        {
            return true;
        }

        return fields.ContainsValue("") && AlipaySignature.Verify(
            profile.AlipayPublicKey, AlipaySignature.OfNotification(fields, keepEmpty: true), signature);
    }

    private static string? Field(Dictionary<string, string> fields, string name) => AlipayTrades.Field(fields, name);

    private static NotificationCheck Refuse(string reason) => new(reason);
}
