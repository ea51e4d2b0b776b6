using System.Text.Json;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>From the provider's fields to a trade or a refund.</summary>
internal static class WeChatTrades
{
    public const string Currency = "CNY";

    /// <summary>Null for a state that says nothing definite: unknown ones, and a buyer who is paying right now.</summary>
    public static TradeStatus? Status(string? state) => state switch
    {
        "NOTPAY" or "PAYERROR" => TradeStatus.Waiting, // after a failed payment the buyer may try again

        // Refunded in part or in whole, which this state does not tell: what was given back, the refunds tell.
        "SUCCESS" or "REFUND" => TradeStatus.Paid,
        "CLOSED" or "REVOKED" => TradeStatus.Closed,
        _ => null,
    };

    /// <summary>Null, with the field at fault, where the object cannot be understood.</summary>
    /// <param name="trade">What a query answers and a payment's notification holds.</param>
    /// <param name="unpaidAmount">The total of a trade that nobody paid yet, which need not be named; null: it must.</param>
    public static ProviderTrade? Read(JsonElement trade, long? unpaidAmount, out string fault)
    {
        fault = "";
        var number = WeChatJson.Text(trade, "out_trade_no");
        var status = Status(WeChatJson.Text(trade, "trade_state"));
        var amount = WeChatJson.Inner(trade, "amount") ?? default;
        var total = WeChatJson.Integer(amount, "total") ?? (status == TradeStatus.Paid ? null : unpaidAmount);
        var paidAt = WeChatText.ParseTime(WeChatJson.Text(trade, "success_time"));
        if (number is null)
        {
            fault = "out_trade_no";
        }
        else if (status is null)
        {
            fault = "trade_state";
        }
        else if (total is null or <= 0 or > WeChatText.LargestMinor)
        {
            fault = "amount.total";
        }
        else if (status == TradeStatus.Paid && paidAt is null)
        {
            fault = "success_time";
        }

        return fault.Length > 0
            ? null
            : new ProviderTrade(
                number!, WeChatJson.Text(trade, "transaction_id"), status!.Value, total!.Value,
                WeChatJson.Text(amount, "currency") ?? Currency, status == TradeStatus.Paid ? paidAt : null);
    }

    /// <summary>Null, with the field at fault, where the object cannot be understood.</summary>
    /// <param name="refund">What a refund's call answers and a refund's notification holds.</param>
    /// <param name="statusName">The two name the status differently.</param>
    public static WeChatRefund? ReadRefund(JsonElement refund, string statusName, out string fault)
    {
        var amount = WeChatJson.Inner(refund, "amount") ?? default;
        var read = new WeChatRefund(
            WeChatJson.Text(refund, "out_trade_no") ?? "", WeChatJson.Text(refund, "transaction_id"),
            WeChatJson.Text(refund, "out_refund_no") ?? "", WeChatJson.Integer(amount, "total") ?? 0,
            WeChatJson.Integer(amount, "refund") ?? 0, WeChatJson.Text(amount, "currency") ?? Currency,
            WeChatJson.Text(refund, statusName) ?? "");
        fault = read.Fault ?? "";
        return fault.Length == 0 ? read : null;
    }
}

/// <summary>A refund as the provider shows it.</summary>
/// <param name="TotalMinor">What was paid.</param>
/// <param name="AmountMinor">What this refund gives back.</param>
internal sealed record WeChatRefund(
    string Number, string? TradeNo, string RefundNumber, long TotalMinor, long AmountMinor, string Currency,
    string Status)
{
    /// <summary>True: the money went back. False: it never will under this number. Null: it is under way.</summary>
    public bool? Done => Status switch { "SUCCESS" => true, "CLOSED" or "ABNORMAL" => false, _ => null };

    /// <summary>The field that is missing or makes no sense; null when all is well.</summary>
    public string? Fault => Number.Length == 0 ? "out_trade_no"
        : RefundNumber.Length == 0 ? "out_refund_no"
        : TotalMinor is <= 0 or > WeChatText.LargestMinor ? "amount.total"
        : AmountMinor <= 0 || AmountMinor > TotalMinor ? "amount.refund"
        : Done is null && Status != "PROCESSING" ? "status"
        : null;

    /// <summary>
    /// The payment as far as the refund tells it: given back is what this refund gave, not what earlier ones did.
    /// </summary>
    public ProviderTrade Trade
    {
        get
        {
            var given = Done == true ? AmountMinor : 0;
            return new ProviderTrade(
                Number, TradeNo, given == TotalMinor ? TradeStatus.Closed : TradeStatus.Paid, TotalMinor, Currency,
                PaidAt: null, given);
        }
    }
}
