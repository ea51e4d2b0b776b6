using System.Text.Json;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Sandbox.WeChat;

/// <summary>The business behind the endpoints: each call's content in, each call's answer out.</summary>
internal sealed class WeChatTerminal(SandboxBooks books, WeChatMerchant merchant, TimeProvider clock)
{
    public const string Provider = "wechat";
    private const int DescriptionLimit = 127;
    private const int NotifyUrlLimit = 255;
    private const int RefundNumberLimit = 64;
    private const int ReasonLimit = 80;
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(7);

    /// <param name="site">The address below which each trade has its pay page.</param>
    public WeChatReply Native(JsonElement content, string site)
    {
        var number = WeChatJson.Text(content, "out_trade_no");
        var description = WeChatJson.Text(content, "description");
        var amount = WeChatJson.Inner(content, "amount") ?? default;
        var total = WeChatJson.Integer(amount, "total") ?? 0;
        var notifyUrl = WeChatJson.Text(content, "notify_url");
        if (!WeChatText.IsNumber(number) || description is null or { Length: > DescriptionLimit }
            || total is <= 0 or > WeChatText.LargestMinor || !IsCurrency(amount) || !IsNotifyUrl(notifyUrl))
        {
            return WeChatReply.Parameter("参数错误");
        }

        if (WeChatJson.Text(content, "appid") != merchant.AppId
            || WeChatJson.Text(content, "mchid") != merchant.MerchantId)
        {
            return WeChatReply.Failed(
                StatusCodes.Status400BadRequest, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配");
        }

        if (ExpiresAt(content, number!) is not { } expiresAt || expiresAt <= clock.GetUtcNow())
        {
            return WeChatReply.Parameter("time_expire参数错误");
        }

        var order = new OpenTrade(number!, Provider, merchant.MerchantId, total, description!, expiresAt, notifyUrl!)
        {
            ExistsAtOnce = true,
        };
        return books.Open(order, out _) switch
        {
            OpenOutcome.Opened or OpenOutcome.Repeated =>
                WeChatReply.Success(json => json.WriteString("code_url", $"{site}/pay/{number}")) with
                {
                    Number = number,
                },
            OpenOutcome.Differs => Invalid("商户订单号重复，且与原请求参数不一致"),
            OpenOutcome.AlreadyPaid => Paid(),
            OpenOutcome.AlreadyClosed => WeChatReply.Failed(
                StatusCodes.Status400BadRequest, "ORDER_CLOSED", "订单已关闭"),
            OpenOutcome.Full => WeChatReply.Failed(
                StatusCodes.Status500InternalServerError, "SYSTEM_ERROR", "系统错误"),
            _ => throw new InvalidOperationException(),
        };
    }

    /// <param name="trade">Null where no trade has the number that was asked for.</param>
    public WeChatReply Query(SandboxTrade? trade, string merchantId, FaultKind? fault)
    {
        if (merchantId != merchant.MerchantId)
        {
            return WeChatReply.Parameter("mchid参数错误");
        }

        return trade is null
            ? WeChatReply.Failed(StatusCodes.Status404NotFound, "ORDER_NOT_EXIST", "订单不存在")
            : WeChatReply.Success(json => WeChatObjects.Payment(
                json, ToldTrade.Of(trade, fault, books), merchant,
                fault == FaultKind.UnknownState ? "USERPAYING" : StateOf(trade)));
    }

    /// <summary>As the provider does: yes to everything but a paid trade, to numbers that it never saw too.</summary>
    public WeChatReply Close(string number, JsonElement content)
    {
        if (WeChatJson.Text(content, "mchid") != merchant.MerchantId)
        {
            return WeChatReply.Parameter("mchid参数错误");
        }

        var outcome = Find(number) is null ? CloseOutcome.NotFound : books.Close(number);
        return outcome switch
        {
            CloseOutcome.Closed => WeChatReply.Nothing() with { Number = number },
            CloseOutcome.AlreadyClosed or CloseOutcome.NotFound => WeChatReply.Nothing(),
            CloseOutcome.AlreadyPaid => Paid(),
            _ => throw new InvalidOperationException(),
        };
    }

    public WeChatReply Refund(JsonElement content, FaultKind? fault)
    {
        var refundNumber = WeChatJson.Text(content, "out_refund_no");
        var amount = WeChatJson.Inner(content, "amount") ?? default;
        var wanted = WeChatJson.Integer(amount, "refund") ?? 0;
        var reason = WeChatJson.Text(content, "reason") ?? "";
        var notifyUrl = WeChatJson.Text(content, "notify_url");
        if (refundNumber is null or { Length: > RefundNumberLimit } || wanted <= 0 || !IsCurrency(amount)
            || reason.Length > ReasonLimit || (notifyUrl is not null && !IsNotifyUrl(notifyUrl)))
        {
            return WeChatReply.Parameter("参数错误");
        }

        if (Paying(content) is not { } known)
        {
            return WeChatReply.Failed(StatusCodes.Status404NotFound, "RESOURCE_NOT_EXISTS", "订单不存在");
        }

        if (WeChatJson.Integer(amount, "total") != known.AmountMinor
            || (books.FindByRefund(Provider, refundNumber) is { } other && other.Number != known.Number))
        {
            return Invalid("订单金额或退款单号与之前的请求不一致");
        }

        // No address of its own: the trade's is not used, and nothing is notified.
        var outcome = books.Refund(known.Number, refundNumber, wanted, reason, out var trade, notifyUrl ?? "");
        return outcome switch
        {
            // Accepted, as the provider says; the result comes by notification and to whoever asks again.
            RefundOutcome.Refunded => Refunded(trade!, refundNumber, "PROCESSING", fault),
            RefundOutcome.Repeated => Refunded(trade!, refundNumber, "SUCCESS", fault),
            RefundOutcome.Differs => Invalid("退款金额与之前的请求不一致"),
            RefundOutcome.TooMuch => Invalid("申请退款金额超过订单可退金额"),
            RefundOutcome.NotPaid => WeChatReply.Failed(
                StatusCodes.Status403Forbidden, "TRADE_ERROR", "订单状态不允许退款"),
            RefundOutcome.NotFound => WeChatReply.Failed(
                StatusCodes.Status404NotFound, "RESOURCE_NOT_EXISTS", "订单不存在"),
            _ => throw new InvalidOperationException(),
        };
    }

    /// <summary>The number that a native payment's content names, or that of the trade which a refund's names.</summary>
    public string? NumberOf(JsonElement content) =>
        Paying(content)?.Number ?? WeChatJson.Text(content, "out_trade_no");

    public SandboxTrade? FindByRefund(string refundNumber) => books.FindByRefund(Provider, refundNumber);

    public WeChatReply RefundQuery(string refundNumber, FaultKind? fault) =>
        books.FindByRefund(Provider, refundNumber) is { } trade
            ? Refunded(trade, refundNumber, "SUCCESS", fault)
            : WeChatReply.Failed(StatusCodes.Status404NotFound, "RESOURCE_NOT_EXISTS", "退款单不存在");

    public SandboxTrade? Find(string number) =>
        books.Find(number) is { } trade && trade.Order.Provider == Provider ? trade : null;

    public SandboxTrade? FindByTradeNo(string tradeNo) =>
        books.FindByTradeNo(Provider, tradeNo) is { PaidAt: not null } trade ? trade : null;

    private WeChatReply Refunded(SandboxTrade trade, string refundNumber, string status, FaultKind? fault)
    {
        var refund = trade.Refunds.First(one => one.RefundNumber == refundNumber);
        return WeChatReply.Success(json =>
        {
            json.WriteString("channel", "ORIGINAL");
            json.WriteString("create_time", WeChatText.Time(refund.At));
            json.WriteString("funds_account", "AVAILABLE");
            WeChatObjects.Refund(
                json, ToldTrade.Of(trade, fault, books), refund, "status",
                fault == FaultKind.UnknownState ? "PROCESSING" : status);
        });
    }

    private SandboxTrade? Paying(JsonElement content) =>
        WeChatJson.Text(content, "transaction_id") is { } tradeNo ? FindByTradeNo(tradeNo)
        : WeChatJson.Text(content, "out_trade_no") is { } number ? Find(number)
        : null;

    /// <summary>Null where it is unreadable. A repeat without a limit asks for the same trade.</summary>
    private DateTimeOffset? ExpiresAt(JsonElement content, string number) =>
        content.TryGetProperty("time_expire", out _)
            ? WeChatText.ParseTime(WeChatJson.Text(content, "time_expire"))
            : Find(number)?.Order.ExpiresAt ?? clock.GetUtcNow() + LongestLife;

    private static string StateOf(SandboxTrade trade) => trade.State switch
    {
        SandboxState.Offered or SandboxState.Waiting => "NOTPAY",
        SandboxState.Paid => trade.Refunds.Count > 0 ? "REFUND" : "SUCCESS",
        SandboxState.Closed => trade.PaidAt is null ? "CLOSED" : "REFUND",
        _ => throw new ArgumentOutOfRangeException(nameof(trade)),
    };

    private static bool IsCurrency(JsonElement amount) =>
        (WeChatJson.Text(amount, "currency") ?? WeChatObjects.Currency) == WeChatObjects.Currency;

    private static bool IsNotifyUrl(string? text) =>
        text is { Length: <= NotifyUrlLimit } && Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.Query.Length == 0
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));

    private static WeChatReply Invalid(string message) =>
        WeChatReply.Failed(StatusCodes.Status400BadRequest, "INVALID_REQUEST", message);

    private static WeChatReply Paid() =>
        WeChatReply.Failed(StatusCodes.Status400BadRequest, "ORDERPAID", "该订单已支付");
}
