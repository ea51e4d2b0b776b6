using System.Net;
using System.Text;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Notices;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Sandbox.Alipay;

/// <summary>Alipay's notifications: a signed form, eight deliveries, the answer <c>success</c>.</summary>
internal sealed class AlipayNotices(SandboxOptions options, AlipayKeys keys) : INoticeFormat
{
    public const string Buyer = "2088000000000002";

    public IReadOnlyList<TimeSpan> Waits { get; } =
    [
        TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1),
        TimeSpan.FromHours(2), TimeSpan.FromHours(6), TimeSpan.FromHours(15),
    ];

    public NoticeMessage? Write(SandboxTrade trade, SandboxNotice notice, bool forged)
    {
        var total = AlipayText.Yuan(trade.AmountMinor);
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["notify_time"] = AlipayText.Time(notice.At),
            ["notify_type"] = "trade_status_sync",
            ["notify_id"] = notice.Id,
            ["app_id"] = trade.Order.Merchant,
            ["auth_app_id"] = trade.Order.Merchant,
            ["charset"] = "utf-8",
            ["version"] = "1.0",
            ["trade_no"] = trade.TradeNo,
            ["out_trade_no"] = trade.Number,
            ["buyer_id"] = Buyer,
            ["seller_id"] = options.Alipay.SellerId,
            ["trade_status"] = AlipayTerminal.StatusOf(notice.State),
            ["total_amount"] = total,
            ["receipt_amount"] = total,
            ["invoice_amount"] = total,
            ["buyer_pay_amount"] = total,
            ["point_amount"] = "0.00",
            ["subject"] = trade.Order.Subject,
            ["gmt_create"] = AlipayText.Time(trade.ScannedAt ?? trade.OpenedAt),
            ["fund_bill_list"] = $$"""[{"amount":"{{total}}","fundChannel":"ALIPAYACCOUNT"}]""",
        };
        if (trade.PaidAt is { } paidAt)
        {
            fields["gmt_payment"] = AlipayText.Time(paidAt);
        }

        if (notice.Refund is { } refund)
        {
            fields["out_biz_no"] = refund.RefundNumber;
            fields["refund_fee"] = AlipayText.Yuan(notice.RefundedMinor);
            fields["gmt_refund"] = AlipayText.Time(refund.At);
        }

        if (notice.State == SandboxState.Closed)
        {
            fields["gmt_close"] = AlipayText.Time(notice.At);
        }

        var key = forged ? keys.Forger : keys.Provider;
        fields["sign"] = AlipaySignature.Sign(key, AlipaySignature.OfNotification(fields));
        fields["sign_type"] = "RSA2";
        return new NoticeMessage(
            new Uri(trade.Order.NotifyUrl), "application/x-www-form-urlencoded; charset=utf-8",
            Encoding.ASCII.GetBytes(AlipayForm.Write(fields)));
    }

    public bool IsAcknowledged(HttpStatusCode status, ReadOnlySpan<byte> body) =>
        status == HttpStatusCode.OK && body.SequenceEqual("success"u8);
}
