using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Sandbox.Alipay;

/// <summary>The business behind the gateway: each method's content in, each method's answer out.</summary>
internal sealed class AlipayTerminal(SandboxBooks books, SandboxOptions options, TimeProvider clock)
{
    public const string Provider = "alipay";
    private const int NumberLimit = 64;
    private const int SubjectLimit = 256;
    private static readonly TimeSpan QrLife = TimeSpan.FromHours(2);

    /// <summary>What a method is called in faults; null for one that the sandbox does not play.</summary>
    public static SandboxCall? CallOf(string method) => method switch
    {
        AlipayMethods.Precreate => SandboxCall.Create,
        AlipayMethods.Query => SandboxCall.Query,
        AlipayMethods.Close => SandboxCall.Close,
        AlipayMethods.Refund => SandboxCall.Refund,
        AlipayMethods.RefundQuery => SandboxCall.RefundQuery,
        _ => null,
    };

    /// <param name="site">The address below which each trade has its pay page.</param>
    /// <param name="fault">What to get wrong in the answer; the deed itself is done rightly.</param>
    public AlipayReply Answer(
        SandboxCall call, string notifyUrl, JsonElement content, string site, FaultKind? fault)
    {
        var answer = call switch
        {
            SandboxCall.Create => Create(notifyUrl, content, site, onPage: false),
            SandboxCall.Query => Query(content, fault),
            SandboxCall.Close => Close(content),
            SandboxCall.Refund => Refund(content, fault),
            SandboxCall.RefundQuery => RefundQuery(content, fault),
            SandboxCall.Notify or SandboxCall.Pay or _ => throw new ArgumentOutOfRangeException(nameof(call)),
        };
        return fault == FaultKind.UnknownState ? AlipayReply.Failed("ACQ.SYSTEM_ERROR", "系统错误") : answer;
    }

    /// <summary>Opens a trade: a QR code's, or that of the page to which a browser was sent.</summary>
    /// <param name="onPage">The trade is there at once; a QR code's is there once it is scanned.</param>
    public AlipayReply Create(string notifyUrl, JsonElement content, string site, bool onPage)
    {
        var number = Text(content, "out_trade_no");
        var subject = Text(content, "subject");
        var amountText = Text(content, "total_amount");
        if (!IsNumber(number) || subject is null || subject.Length > SubjectLimit
            || !AlipayText.TryFen(amountText, out var amount) || amount == 0
            || ExpiresAt(content) is not { } expiresAt || expiresAt <= clock.GetUtcNow()
            || !Uri.TryCreate(notifyUrl, UriKind.Absolute, out _)
            || (onPage && Text(content, "product_code") != "FAST_INSTANT_TRADE_PAY"))
        {
            return AlipayReply.Failed("ACQ.INVALID_PARAMETER", "参数无效");
        }

        if (Text(content, "seller_id") is { } seller && seller != options.Alipay.SellerId)
        {
            return AlipayReply.Failed("ACQ.ACCESS_FORBIDDEN", "无权限使用接口");
        }

        // A repeat whose limit is relative asks for the same trade, though its clock time differs.
        var known = books.Find(number);
        var order = new OpenTrade(
            number, Provider, options.Alipay.AppId, amount, subject,
            known is not null && Text(content, "time_expire") is null ? known.Order.ExpiresAt : expiresAt, notifyUrl)
        {
            ExistsAtOnce = onPage,
        };
        return books.Open(order, out _) switch
        {
            OpenOutcome.Opened or OpenOutcome.Repeated =>
                AlipayReply.Success(("out_trade_no", number), ("qr_code", $"{site}/pay/{number}")),
            OpenOutcome.Differs => AlipayReply.Failed("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
            OpenOutcome.AlreadyPaid => AlipayReply.Failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
            OpenOutcome.AlreadyClosed => AlipayReply.Failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
            OpenOutcome.Full => AlipayReply.Failed("ACQ.SYSTEM_ERROR", "系统错误"),
            _ => throw new InvalidOperationException(),
        };
    }

    private AlipayReply Query(JsonElement content, FaultKind? fault)
    {
        if (Find(content) is not { } known || known.State == SandboxState.Offered)
        {
            return NotExist();
        }

        var trade = ToldTrade.Of(known, fault, books);
        var total = AlipayText.Yuan(trade.AmountMinor);
        var fields = new List<(string, string)>
        {
            ("trade_no", trade.TradeNo), ("out_trade_no", trade.Number), ("buyer_logon_id", "buy***@example.com"),
            ("trade_status", StatusOf(trade.State)), ("total_amount", total),
            ("buyer_pay_amount", trade.PaidAt is null ? "0.00" : total), ("point_amount", "0.00"),
            ("invoice_amount", "0.00"), ("receipt_amount", trade.PaidAt is null ? "0.00" : total),
            ("buyer_user_id", AlipayNotices.Buyer),
        };
        if (trade.PaidAt is { } paidAt)
        {
            fields.Add(("send_pay_date", AlipayText.Time(paidAt)));
        }

        return AlipayReply.Success([.. fields]);
    }

    private AlipayReply Close(JsonElement content)
    {
        if (Find(content) is not { } trade)
        {
            return NotExist();
        }

        return books.Close(trade.Number) switch
        {
            CloseOutcome.Closed => AlipayReply.Success(("out_trade_no", trade.Number), ("trade_no", trade.TradeNo)),
            CloseOutcome.AlreadyClosed => AlipayReply.Failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
            CloseOutcome.AlreadyPaid => AlipayReply.Failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
            CloseOutcome.NotFound => NotExist(),
            _ => throw new InvalidOperationException(),
        };
    }

    private AlipayReply Refund(JsonElement content, FaultKind? fault)
    {
        if (Find(content) is not { } known)
        {
            return NotExist();
        }

        if (!AlipayText.TryFen(Text(content, "refund_amount"), out var amount) || amount == 0)
        {
            return AlipayReply.Failed("ACQ.INVALID_PARAMETER", "参数无效");
        }

        // Without a refund number a trade has one refund, named after the trade.
        var refundNumber = Text(content, "out_request_no") ?? known.Number;
        var reason = Text(content, "refund_reason") ?? "";
        var outcome = books.Refund(known.Number, refundNumber, amount, reason, out var trade);
        return outcome switch
        {
            RefundOutcome.Refunded or RefundOutcome.Repeated => AlipayReply.Success(
                ("trade_no", trade!.TradeNo), ("out_trade_no", ToldTrade.Of(trade, fault, books).Number),
                ("buyer_user_id", AlipayNotices.Buyer),
                ("fund_change", outcome == RefundOutcome.Refunded ? "Y" : "N"),
                ("refund_fee", AlipayText.Yuan(trade.RefundedMinor)),
                ("gmt_refund_pay", AlipayText.Time(trade.Refunds.First(one => one.RefundNumber == refundNumber).At))),
            RefundOutcome.Differs => AlipayReply.Failed("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"),
            RefundOutcome.TooMuch => AlipayReply.Failed("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效"),
            RefundOutcome.NotPaid => AlipayReply.Failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
            RefundOutcome.NotFound => NotExist(),
            _ => throw new InvalidOperationException(),
        };
    }

    private AlipayReply RefundQuery(JsonElement content, FaultKind? fault)
    {
        if (Find(content) is not { } known || known.State == SandboxState.Offered)
        {
            return NotExist();
        }

        var trade = ToldTrade.Of(known, fault, books);
        var wanted = Text(content, "out_request_no");
        var refund = trade.Refunds.FirstOrDefault(one => one.RefundNumber == wanted);
        return refund is null
            ? AlipayReply.Success() // as the provider does: success, and nothing in it
            : AlipayReply.Success(
                ("trade_no", trade.TradeNo), ("out_trade_no", trade.Number), ("out_request_no", refund.RefundNumber),
                ("total_amount", AlipayText.Yuan(trade.AmountMinor)),
                ("refund_amount", AlipayText.Yuan(refund.AmountMinor)), ("refund_status", "REFUND_SUCCESS"));
    }

    public static string StatusOf(SandboxState state) => state switch
    {
        SandboxState.Offered or SandboxState.Waiting => "WAIT_BUYER_PAY",
        SandboxState.Paid => "TRADE_SUCCESS",
        SandboxState.Closed => "TRADE_CLOSED",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    private static bool IsNumber([NotNullWhen(true)] string? text) =>
        text is not null && text.Length <= NumberLimit
        && text.All(one => char.IsAsciiLetterOrDigit(one) || one == '_');

    private static AlipayReply NotExist() => AlipayReply.Failed("ACQ.TRADE_NOT_EXIST", "交易不存在");

    private SandboxTrade? Find(JsonElement content) =>
        Text(content, "out_trade_no") is { } number && books.Find(number) is { } trade
        && trade.Order.Provider == Provider ? trade : null;

    /// <summary>The absolute limit where given, else the QR code's, else the trade's; null if unreadable.</summary>
    private DateTimeOffset? ExpiresAt(JsonElement content)
    {
        if (Text(content, "time_expire") is { } absolute)
        {
            return AlipayText.ParseTime(absolute);
        }

        var text = Text(content, "qr_code_timeout_express") ?? Text(content, "timeout_express");
        return text is null ? clock.GetUtcNow() + QrLife : clock.GetUtcNow() + Span(text);
    }

    private static TimeSpan? Span(string text)
    {
        if (text.Length is < 2 or > 6
            || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }

        TimeSpan? span = text[^1] switch
        {
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            _ => null,
        };
        return span >= TimeSpan.FromMinutes(1) && span <= TimeSpan.FromDays(15) ? span : null;
    }

    private static string? Text(JsonElement content, string name) =>
        content.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.String or JsonValueKind.Number
            && value.ToString() is { Length: > 0 } text ? text : null;
}
