using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CardShop.Sandbox.Books;

/// <summary>What each event makes of a trade, and which events a trade comes to. Pure.</summary>
public static class TradeHistory
{
    public static SandboxTrade New(TradeOpened opened) =>
        new(opened.Order, TradeNo(opened.Order, opened.At), opened.At)
        {
            State = opened.Order.ExistsAtOnce ? SandboxState.Waiting : SandboxState.Offered,
        };

    /// <summary>The trade after something happened to it.</summary>
    public static SandboxTrade After(SandboxTrade trade, TradeEvent happened) => happened switch
    {
        TradeScanned => trade with { State = SandboxState.Waiting, ScannedAt = happened.At },
        TradeDeclined => WithDecline(
            trade with
            {
                State = SandboxState.Waiting,
                ScannedAt = trade.ScannedAt ?? happened.At,
                Declines = [.. trade.Declines, happened.At],
            },
            happened.At),
        TradePaid => WithNotice(
            trade with
            {
                State = SandboxState.Paid,
                ScannedAt = trade.ScannedAt ?? happened.At,
                PaidAt = happened.At,
                ClosedAt = null, // money that came late undoes the close
            },
            happened.At, refund: null),
        TradeClosed => trade with { State = SandboxState.Closed, ClosedAt = happened.At },
        TradeRefunded refunded => WithRefund(trade, refunded.Refund),
        NoticeAcknowledged told => Change(trade, told.NoticeId, one => one with { Acknowledged = true }),
        _ => throw new InvalidOperationException("unknown event " + happened.GetType().Name),
    };

    private static SandboxTrade WithDecline(SandboxTrade trade, DateTimeOffset at) =>
        trade.Order.TellsFailures ? WithNotice(trade, at, refund: null) : trade;

    private static SandboxTrade WithRefund(SandboxTrade trade, SandboxRefund refund)
    {
        var after = trade with { Refunds = [.. trade.Refunds, refund] };
        return WithNotice(
            after.RefundedMinor == after.AmountMinor
                ? after with { State = SandboxState.Closed, ClosedAt = refund.At }
                : after,
            refund.At, refund);
    }

    private static SandboxTrade WithNotice(SandboxTrade trade, DateTimeOffset at, SandboxRefund? refund)
    {
        var id = Digits($"{trade.TradeNo}/{trade.Notices.Count}", 34);
        var notice = new SandboxNotice(id, trade.State, at, refund, trade.RefundedMinor);
        return trade with { Notices = [.. trade.Notices, notice] };
    }

    /// <summary>The trade with one of its notifications changed.</summary>
    public static SandboxTrade Change(
        SandboxTrade trade, string noticeId, Func<SandboxNotice, SandboxNotice> change) =>
        trade with { Notices = [.. trade.Notices.Select(one => one.Id == noticeId ? change(one) : one)] };

    /// <summary>The events that a trade comes to.</summary>
    public static IEnumerable<TradeEvent> Of(SandboxTrade trade)
    {
        var number = trade.Number;
        yield return new TradeOpened(number, trade.OpenedAt, trade.Order);
        if (trade.ScannedAt is { } scanned)
        {
            yield return new TradeScanned(number, scanned);
        }

        foreach (var declined in trade.Declines)
        {
            yield return new TradeDeclined(number, declined);
        }

        if (trade.PaidAt is { } paid)
        {
            yield return new TradePaid(number, paid);
        }
        else if (trade.ClosedAt is { } closed)
        {
            yield return new TradeClosed(number, closed);
        }

        foreach (var refund in trade.Refunds)
        {
            yield return new TradeRefunded(number, refund.At, refund);
        }

        foreach (var notice in trade.Notices.Where(one => one.Acknowledged))
        {
            yield return new NoticeAcknowledged(number, notice.At, notice.Id);
        }
    }

    /// <summary>Decimal digits that derive from a text: the same after a restart, different for another text.</summary>
    public static string Digits(string text, int count)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        var number = new System.Numerics.BigInteger(hash, isUnsigned: true);
        return number.ToString(CultureInfo.InvariantCulture).PadLeft(count, '0')[^count..];
    }

    /// <summary>The day and digits of the order's number, in all as many as the provider's own numbers have.</summary>
    private static string TradeNo(OpenTrade order, DateTimeOffset at) =>
        at.ToString("yyyyMMdd", CultureInfo.InvariantCulture) + Digits(order.Number, order.TradeNoLength - 8);
}
