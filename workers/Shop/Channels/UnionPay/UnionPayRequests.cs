using System.Globalization;
using System.Text;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>
/// Builds each call's signed fields. The same request always gives the same bytes: txnTime is the saved time of the
/// payment or refund, and the signature has nothing random.
/// </summary>
internal static class UnionPayRequests
{
    private const int NameLimit = 64;
    private const string NoProduct = "000000";
    private const string PageProduct = "000201";

    /// <summary>Asks for a code that the buyer scans.</summary>
    public static Dictionary<string, string> Qr(UnionPayProfile profile, PaymentRequest request)
    {
        var fields = Common(profile, "01", "07", NoProduct, request.Number, request.OpenedAt);
        AddMoney(fields, profile, request.AmountMinor);
        fields["payTimeout"] = UnionPayText.Time(request.ExpiresAt);
        return Signed(profile, fields);
    }

    /// <summary>What the buyer's browser posts to open UnionPay's page.</summary>
    public static Dictionary<string, string> Page(UnionPayProfile profile, PaymentRequest request)
    {
        var fields = Common(profile, "01", "01", PageProduct, request.Number, request.OpenedAt);
        AddMoney(fields, profile, request.AmountMinor);
        fields["frontUrl"] = profile.FrontUrl!;
        fields["payTimeout"] = UnionPayText.Time(request.ExpiresAt);
        fields["riskRateInfo"] = "{commodityName=" + Clean(request.Subject) + "}";
        return Signed(profile, fields);
    }

    /// <summary>Asks about a payment or a refund: its number, and the time that it was sent with.</summary>
    public static Dictionary<string, string> Query(UnionPayProfile profile, string number, DateTimeOffset sentAt) =>
        Signed(profile, Common(profile, "00", "00", NoProduct, number, sentAt));

    /// <param name="originalId">The payment's queryId.</param>
    public static Dictionary<string, string> Refund(UnionPayProfile profile, RefundRequest request, string originalId)
    {
        var fields = Common(
            profile, "04", "00", profile.IsPage ? PageProduct : NoProduct, request.RefundNumber, request.AskedAt);
        AddMoney(fields, profile, request.AmountMinor);
        fields["origQryId"] = originalId;
        fields["reqReserved"] = UnionPayReserved.Write(request.Payment);
        return Signed(profile, fields);
    }

    /// <summary>The form's bytes as text; every value encoded.</summary>
    public static string Form(Dictionary<string, string> fields) => AlipayForm.Write(fields);

    private static Dictionary<string, string> Common(
        UnionPayProfile profile, string type, string subType, string product, string number, DateTimeOffset sentAt) =>
        new(StringComparer.Ordinal)
        {
            ["version"] = "5.1.0",
            ["encoding"] = "UTF-8",
            ["signMethod"] = "01",
            ["txnType"] = type,
            ["txnSubType"] = subType,
            ["bizType"] = product,
            ["channelType"] = profile.IsPage ? "07" : "08",
            ["accessType"] = "0",
            ["merId"] = profile.MerchantId,
            ["orderId"] = number,
            ["txnTime"] = UnionPayText.Time(sentAt),
        };

    private static void AddMoney(Dictionary<string, string> fields, UnionPayProfile profile, long amountMinor)
    {
        fields["txnAmt"] = UnionPayText.Fen(amountMinor);
        fields["currencyCode"] = UnionPayText.Yuan;
        fields["backUrl"] = profile.NotifyUrl;
    }

    private static Dictionary<string, string> Signed(UnionPayProfile profile, Dictionary<string, string> fields)
    {
        fields["certId"] = profile.CertificateId;
        fields["signature"] = UnionPaySignature.Sign(profile.PrivateKey, UnionPaySignature.TextOf(fields));
        return fields;
    }

    /// <summary>Whole characters up to the limit, and none that has a meaning in riskRateInfo.</summary>
    private static string Clean(string text)
    {
        var clean = new StringBuilder(NameLimit);
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > NameLimit)
            {
                break;
            }

            var isPlain = !Rune.IsControl(rune) && !"{}[]&=;|\"<>".Contains(rune.ToString(), StringComparison.Ordinal);
            clean.Append(isPlain ? rune.ToString() : " ");
        }

        return clean.ToString();
    }
}

/// <summary>
/// What a refund says of its payment in reqReserved. The provider gives it back in the refund's notification, which
/// else names the refund alone.
/// </summary>
internal static class UnionPayReserved
{
    public static string Write(PaymentRequest payment) =>
        string.Create(CultureInfo.InvariantCulture, $"{payment.Number};{payment.AmountMinor}");

    /// <summary>The payment's number and amount; null for a text of another's.</summary>
    public static (string Number, long AmountMinor)? Read(string? text) =>
        text?.Split(';') is [var number, var amountText] && UnionPayText.IsNumber(number)
            && UnionPayText.TryFen(amountText, out var amount)
            ? (number, amount)
            : null;
}
