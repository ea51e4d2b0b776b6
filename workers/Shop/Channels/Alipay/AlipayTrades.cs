namespace CardShop.Shop.Channels.Alipay;

/// <summary>
/// From the provider's fields to a trade. A trade that is Closed with <see cref="ProviderTrade.PaidAt"/> or refunded
/// money was paid and wholly given back; Closed without either was never paid.
/// </summary>
internal static class AlipayTrades
{
    private const string DefaultCurrency = "CNY";

    public static TradeStatus? Status(string? text) => text switch
    {
        "WAIT_BUYER_PAY" => TradeStatus.Waiting,
        "TRADE_SUCCESS" or "TRADE_FINISHED" => TradeStatus.Paid,
        "TRADE_CLOSED" => TradeStatus.Closed,
        _ => null,
    };

    /// <summary>Null where the answer does not say what a query must say.</summary>
    public static ProviderTrade? FromQuery(AlipayAnswer answer)
    {
        if (answer.Text("out_trade_no") is not { } number
            || Status(answer.Text("trade_status")) is not { } status
            || !AlipayText.TryFen(answer.Text("total_amount"), out var amount))
        {
            return null;
        }

        var paidAt = AlipayText.ParseTime(answer.Text("send_pay_date"));
        return new ProviderTrade(
            number, answer.Text("trade_no"), status, amount, answer.Text("trans_currency") ?? DefaultCurrency, paidAt,
            status == TradeStatus.Closed && paidAt is not null ? amount : 0);
    }

    /// <summary>After a refund; null where the total refunded is not readable.</summary>
    public static ProviderTrade? FromRefund(AlipayAnswer answer, RefundRequest request)
    {
        if (!AlipayText.TryFen(answer.Text("refund_fee"), out var refunded))
        {
            return null;
        }

        var payment = request.Payment;
        return new ProviderTrade(
            payment.Number, answer.Text("trade_no"),
            refunded >= payment.AmountMinor ? TradeStatus.Closed : TradeStatus.Paid,
            payment.AmountMinor, payment.Currency, PaidAt: null, refunded);
    }

    /// <summary>Null, with the field at fault, where a genuine notification cannot be understood.</summary>
    public static ProviderTrade? FromNotification(IReadOnlyDictionary<string, string> fields, out string fault)
    {
        fault = "";
        var number = Field(fields, "out_trade_no");
        var status = Status(Field(fields, "trade_status"));
        var amountText = Field(fields, "total_amount");
        var refundText = Field(fields, "refund_fee");
        long refunded = 0;
        if (number is null)
        {
            fault = "out_trade_no";
        }
        else if (status is null)
        {
            fault = "trade_status";
        }
        else if (!AlipayText.TryFen(amountText, out _))
        {
            fault = "total_amount";
        }
        else if (refundText is not null && !AlipayText.TryFen(refundText, out refunded))
        {
            fault = "refund_fee";
        }

        if (fault.Length > 0)
        {
            return null;
        }

        AlipayText.TryFen(amountText, out var amount);
        return new ProviderTrade(
            number!, Field(fields, "trade_no"), status!.Value, amount,
            Field(fields, "trans_currency") ?? DefaultCurrency,
            AlipayText.ParseTime(Field(fields, "gmt_payment")), refunded);
    }

    public static string? Field(IReadOnlyDictionary<string, string> fields, string name) =>
        fields.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
