using CardShop.Shop.Channels.Alipay;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>
/// Verifies a notification. The order matters: whose it claims to be (that picks the accepted roots), then whether the
/// certificate in it is UnionPay's, then the signature, and only then what it says.
/// </summary>
internal static class UnionPayNotification
{
    private const int MaxBytes = 64 * 1024;

    public static NotificationCheck Verify(
        IReadOnlyList<UnionPayProfile> profiles, ReadOnlySpan<byte> body, DateTimeOffset arrivedAt)
    {
        if (body.Length is 0 or > MaxBytes)
        {
            return Refuse("the body is empty or too large");
        }

        // A name of another make would let one signed text be read in two ways.
        var fields = AlipayForm.Read(body);
        if (fields is null || !fields.Keys.All(one => UnionPayText.IsName(one)))
        {
            return Refuse("the body is not a sound form");
        }

        if (Field(fields, "version") != "5.1.0" || Field(fields, "signMethod") != "01")
        {
            return Refuse("version or signMethod is not 5.1.0 with 01");
        }

        var ours = profiles.Where(one => one.MerchantId == Field(fields, "merId")).ToList();
        if (ours.Count == 0)
        {
            return Refuse("merId is not ours");
        }

        // One merchant may have a profile for each product; they share the roots or do not, so that each checks.
        var isPage = Field(fields, "bizType") == "000201";
        var profile = ours.FirstOrDefault(one => one.IsPage == isPage) ?? ours[0];
        if (profile.Trust.Check(Field(fields, "signPubKeyCert"), arrivedAt, out var fault) is not { } signer)
        {
            return Refuse(fault);
        }

        return UnionPaySignature.IsSigned(signer.Key, fields)
            ? Understand(profile, signer, fields)
            : Refuse("the signature does not fit");
    }

    private static NotificationCheck Understand(
        UnionPayProfile profile, UnionPaySigner signer, Dictionary<string, string> fields)
    {
        var type = Field(fields, "txnType");
        if (type is not ("01" or "04"))
        {
            return Refuse("txnType is neither a payment nor a refund");
        }

        if (Field(fields, "respCode") is not { } code || Field(fields, "txnTime") is not { } time)
        {
            return Refuse("respCode or txnTime is missing");
        }

        // The provider gives its notifications no id: what makes one unlike another is the trade and its outcome.
        var number = Field(fields, "orderId");
        var check = new NotificationCheck(
            null, profile.Name, signer.Serial, $"{type}-{number}-{time}-{code}", profile.MerchantId, QueryFirst: true);
        if (type == "01")
        {
            var trade = UnionPayTrades.FromNotification(fields, out var fault);
            return trade is null
                ? Refuse(fault + " is missing or not understood")
                : check with { Trade = trade, OrderedAt = UnionPayText.ParseTime(time) };
        }

        if (number is null || !UnionPayText.TryFen(Field(fields, "txnAmt"), out var amount))
        {
            return Refuse((number is null ? "orderId" : "txnAmt") + " is missing or not understood");
        }

        return UnionPayCodes.TradeStateOf(code) switch
        {
            UnionPayTradeState.Succeeded => Refunded(check, fields, new ProviderRefund(number, true, amount, code)),
            UnionPayTradeState.Failed or UnionPayTradeState.Returned =>
                Refunded(check, fields, new ProviderRefund(number, false, amount, code)),
            UnionPayTradeState.Waiting or UnionPayTradeState.Unknown => Refuse("respCode decides nothing about the refund"),
            _ => throw new InvalidOperationException(),
        };
    }

    private static NotificationCheck Refunded(
        NotificationCheck check, Dictionary<string, string> fields, ProviderRefund refund) =>
        check with { Trade = UnionPayTrades.FromRefund(fields, refund), Refund = refund };

    private static string? Field(Dictionary<string, string> fields, string name) => UnionPayAnswer.Field(fields, name);

    private static NotificationCheck Refuse(string reason) => new(reason);
}
