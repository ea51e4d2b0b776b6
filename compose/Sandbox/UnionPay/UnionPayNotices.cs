using System.Net;
using System.Text;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Notices;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Sandbox.UnionPay;

/// <summary>UnionPay's notifications: a signed form with the certificate in it, five deliveries, any answer of 200.</summary>
internal sealed class UnionPayNotices(SandboxBooks books, UnionPayKeys keys) : INoticeFormat
{
    public IReadOnlyList<TimeSpan> Waits { get; } =
        [TimeSpan.Zero, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(4)];

    public NoticeMessage? Write(SandboxTrade trade, SandboxNotice notice, bool forged)
    {
        // Front trades notify success alone, and have no other notices here.
        var code = notice.State == SandboxState.Waiting ? UnionPayTerminal.Declined : "00";
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["version"] = "5.1.0",
            ["encoding"] = "UTF-8",
            ["signMethod"] = "01",
            ["bizType"] = trade.Order.ExistsAtOnce ? "000201" : "000000",
            ["accessType"] = "0",
            ["accNo"] = "6216***********0018",
            ["merId"] = trade.Order.Merchant,
            ["respCode"] = code,
            ["respMsg"] = UnionPayReply.MessageOf(code),
        };
        foreach (var (name, value) in notice.Refund is { } refund ? Refund(trade, refund) : Payment(trade, notice))
        {
            fields[name] = value;
        }

        var signed = UnionPayReply.Sign(fields, forged ? keys.Forger : keys.Provider, keys.Certificate);
        return new NoticeMessage(
            new Uri(notice.Refund?.NotifyUrl ?? trade.Order.NotifyUrl),
            "application/x-www-form-urlencoded;charset=UTF-8", Encoding.ASCII.GetBytes(AlipayForm.Write(signed)));
    }

    public bool IsAcknowledged(HttpStatusCode status, ReadOnlySpan<byte> body) =>
        status is HttpStatusCode.OK or HttpStatusCode.Found;

    private static IEnumerable<(string Name, string Value)> Payment(SandboxTrade trade, SandboxNotice notice) =>
    [
        ("txnType", "01"), ("txnSubType", trade.Order.ExistsAtOnce ? "01" : "07"), ("orderId", trade.Number),
        ("txnTime", trade.Order.Detail ?? ""), ("queryId", trade.TradeNo),
        .. UnionPayTerminal.Money(trade.AmountMinor, notice.At),
    ];

    /// <summary>Of its payment the notification gives back only what the merchant had said in reqReserved.</summary>
    private IEnumerable<(string Name, string Value)> Refund(SandboxTrade told, SandboxRefund refund)
    {
        var truth = books.FindByRefund(UnionPayTerminal.Provider, refund.RefundNumber) ?? told;
        var detail = UnionPayRefund.Of(refund);
        return
        [
            ("txnType", "04"), ("txnSubType", "00"), ("orderId", refund.RefundNumber), ("txnTime", detail.Time),
            ("queryId", UnionPayRefund.QueryId(refund)), ("origQryId", told.TradeNo),
            ("reqReserved", detail.Reserved.Replace(truth.Number, told.Number, StringComparison.Ordinal)),
            .. UnionPayTerminal.Money(refund.AmountMinor + told.AmountMinor - truth.AmountMinor, refund.At),
        ];
    }
}
