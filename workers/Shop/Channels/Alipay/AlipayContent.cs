using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>Builds each call's <c>biz_content</c>. The same request always gives the same text.</summary>
internal static class AlipayContent
{
    private const int SubjectLimit = 256;
    private const int ReasonLimit = 256;
    private const int LongestMinutes = 15 * 24 * 60;

    private static readonly JsonWriterOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it goes into a form, not into a page
    };

    public static string Precreate(PaymentRequest request, string? sellerId) => Write(json =>
    {
        json.WriteString("out_trade_no", request.Number);
        if (sellerId is not null)
        {
            json.WriteString("seller_id", sellerId);
        }

        json.WriteString("total_amount", AlipayText.Yuan(request.AmountMinor));
        json.WriteString("subject", RequestText.Clean(request.Subject, SubjectLimit));
        json.WriteString("product_code", "FACE_TO_FACE_PAYMENT");

        // The limit that counts is the absolute one. The relative ones stand beside it because timeout_express alone
        // runs from the scan and leaves the QR code itself payable for two hours.
        var lifetime = request.ExpiresAt - request.OpenedAt;
        var minutes = Math.Clamp((long)Math.Ceiling(lifetime.TotalMinutes), 1, LongestMinutes);
        var span = minutes.ToString(CultureInfo.InvariantCulture) + "m";
        json.WriteString("time_expire", AlipayText.Time(request.ExpiresAt));
        json.WriteString("timeout_express", span);
        json.WriteString("qr_code_timeout_express", span);
    });

    /// <summary>For Alipay's page. The limit is the absolute one: a relative one would run from the buyer's coming.</summary>
    public static string Page(PaymentRequest request) => Write(json =>
    {
        json.WriteString("out_trade_no", request.Number);
        json.WriteString("product_code", "FAST_INSTANT_TRADE_PAY");
        json.WriteString("total_amount", AlipayText.Yuan(request.AmountMinor));
        json.WriteString("subject", RequestText.Clean(request.Subject, SubjectLimit));
        json.WriteString("time_expire", AlipayText.Time(request.ExpiresAt));
    });

    public static string Trade(PaymentRequest request) =>
        Write(json => json.WriteString("out_trade_no", request.Number));

    public static string Refund(RefundRequest request) => Write(json =>
    {
        json.WriteString("out_trade_no", request.Payment.Number);
        json.WriteString("refund_amount", AlipayText.Yuan(request.AmountMinor));
        json.WriteString("refund_reason", RequestText.Clean(request.Reason, ReasonLimit));
        json.WriteString("out_request_no", request.RefundNumber);
    });

    public static string RefundQuery(RefundRequest request) => Write(json =>
    {
        json.WriteString("out_trade_no", request.Payment.Number);
        json.WriteString("out_request_no", request.RefundNumber);
    });

    private static string Write(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Relaxed))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
