namespace CardShop.Shop.Channels.UnionPay;

/// <summary>From the provider's fields to a trade.</summary>
internal static class UnionPayTrades
{
    /// <summary>
    /// The trade that a query's answer shows; null where it does not say what it must, and where the provider itself
    /// does not know.
    /// </summary>
    /// <param name="isOver">
    /// Whether payTimeout had passed before the query was sent. Until then an attempt that failed may be followed by one
    /// that does not; after it, whatever is not a success is final.
    /// </param>
    public static ProviderTrade? FromQuery(UnionPayAnswer answer, PaymentRequest request, bool isOver)
    {
        if (answer.Text("orderId") != request.Number)
        {
            return null;
        }

        var state = UnionPayCodes.TradeStateOf(answer.Text("origRespCode"));
        var hasAmount = UnionPayText.TryFen(answer.Text("txnAmt"), out var amount);
        var trade = new ProviderTrade(
            request.Number, answer.Text("queryId"), TradeStatus.Waiting, hasAmount ? amount : request.AmountMinor,
            UnionPayText.Currency(answer.Text("currencyCode")), PaidAt: null);
        return state switch
        {
            UnionPayTradeState.Succeeded when hasAmount && trade.TradeNo is not null => trade with
            {
                Status = TradeStatus.Paid,
                PaidAt = UnionPayText.TraceTime(answer.Text("traceTime"), answer.Text("txnTime")),
            },
            UnionPayTradeState.Succeeded or UnionPayTradeState.Unknown => null,
            UnionPayTradeState.Returned => trade with { Status = TradeStatus.Closed, RefundedMinor = trade.AmountMinor },
            UnionPayTradeState.Failed => isOver ? trade with { Status = TradeStatus.Closed } : trade,
            UnionPayTradeState.Waiting => trade,
            _ => throw new InvalidOperationException(),
        };
    }

    /// <summary>A payment's notification; null, with the field at fault, where it cannot be understood.</summary>
    public static ProviderTrade? FromNotification(IReadOnlyDictionary<string, string> fields, out string fault)
    {
        var number = Field(fields, "orderId");
        var queryId = Field(fields, "queryId");
        var state = UnionPayCodes.TradeStateOf(Field(fields, "respCode"));
        fault = number is null ? "orderId"
            : !UnionPayText.TryFen(Field(fields, "txnAmt"), out _) ? "txnAmt"
            : Field(fields, "currencyCode") is null ? "currencyCode"
            : queryId is null && state == UnionPayTradeState.Succeeded ? "queryId"
            : "";
        if (fault.Length > 0)
        {
            return null;
        }

        UnionPayText.TryFen(Field(fields, "txnAmt"), out var amount);
        var currency = UnionPayText.Currency(Field(fields, "currencyCode"));

        // A failed attempt leaves the trade open: only a query after payTimeout closes it.
        var trade = new ProviderTrade(number!, queryId, TradeStatus.Waiting, amount, currency, PaidAt: null);
        return state switch
        {
            UnionPayTradeState.Succeeded => trade with
            {
                Status = TradeStatus.Paid,
                PaidAt = UnionPayText.TraceTime(Field(fields, "traceTime"), Field(fields, "txnTime")),
            },
            UnionPayTradeState.Returned => trade with { Status = TradeStatus.Closed, RefundedMinor = amount },
            UnionPayTradeState.Waiting or UnionPayTradeState.Unknown or UnionPayTradeState.Failed => trade,
            _ => throw new InvalidOperationException(),
        };
    }

    /// <summary>
    /// The payment of a refund's notification. The notification names the refund alone: the payment's number and amount
    /// come back in reqReserved. Without it the refund's own number stands, which no order has.
    /// </summary>
    public static ProviderTrade FromRefund(IReadOnlyDictionary<string, string> fields, ProviderRefund refund)
    {
        var given = refund.Done ? refund.AmountMinor : 0;
        var tradeNo = Field(fields, "origQryId");
        return UnionPayReserved.Read(Field(fields, "reqReserved")) is { } payment
            ? new ProviderTrade(
                payment.Number, tradeNo, given >= payment.AmountMinor ? TradeStatus.Closed : TradeStatus.Paid,
                payment.AmountMinor, "CNY", PaidAt: null, given)
            : new ProviderTrade(refund.RefundNumber, tradeNo, TradeStatus.Closed, refund.AmountMinor, "CNY", null, given);
    }

    private static string? Field(IReadOnlyDictionary<string, string> fields, string name) =>
        UnionPayAnswer.Field(fields, name);
}
