using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Shop.Channels.UnionPay;

namespace CardShop.Sandbox.UnionPay;

/// <summary>The business behind the gateway: each request's fields in, each answer's fields out.</summary>
internal sealed class UnionPayTerminal(SandboxBooks books, TimeProvider clock)
{
    public const string Provider = "unionpay";
    private const int QueryIdLength = 21;
    private const string Failed = "01";

    /// <summary>The buyer's bank said no: too little money on the card.</summary>
    public const string Declined = "64";

    /// <summary>Opens a trade: a QR code's, or that of the page to which a browser posted.</summary>
    /// <param name="onPage">The trade is there at once; a QR code's is there once it is scanned.</param>
    public UnionPayReply Create(IReadOnlyDictionary<string, string> request, bool onPage, string site)
    {
        foreach (var name in (string[])["orderId", "txnTime", "txnAmt", "currencyCode", "backUrl", "payTimeout"])
        {
            if (!request.ContainsKey(name))
            {
                return UnionPayReply.Of(request, "13");
            }
        }

        if (!UnionPayText.IsNumber(request["orderId"]) || UnionPayText.ParseTime(request["txnTime"]) is null
            || !UnionPayText.TryFen(request["txnAmt"], out var amount) || amount == 0
            || request["currencyCode"] != UnionPayText.Yuan
            || UnionPayText.ParseTime(request["payTimeout"]) is not { } until || until <= clock.GetUtcNow()
            || !Uri.TryCreate(request["backUrl"], UriKind.Absolute, out _))
        {
            return UnionPayReply.Of(request, "10");
        }

        var number = request["orderId"];
        var order = new OpenTrade(
            number, Provider, request["merId"], amount, SubjectOf(request), until, request["backUrl"])
        {
            ExistsAtOnce = onPage,
            TellsFailures = !onPage,
            TradeNoLength = QueryIdLength,
            Detail = request["txnTime"],
        };
        return books.Open(order, out _) switch
        {
            OpenOutcome.Opened => UnionPayReply.Of(request, "00", ("qrCode", $"{site}/pay/{number}")),

            // A browser that comes back to the page may go on; another call under the same number may not.
            OpenOutcome.Repeated when onPage => UnionPayReply.Of(request, "00"),
            OpenOutcome.Repeated or OpenOutcome.Differs or OpenOutcome.AlreadyPaid or OpenOutcome.AlreadyClosed =>
                UnionPayReply.Of(request, "12"),
            OpenOutcome.Full => UnionPayReply.Of(request, "06"),
            _ => throw new InvalidOperationException(),
        };
    }

    /// <summary>What is asked about: a payment, or a refund. Null where the number and time fit neither.</summary>
    public (SandboxTrade Trade, SandboxRefund? Refund)? Find(IReadOnlyDictionary<string, string> request)
    {
        var number = request.GetValueOrDefault("orderId") ?? "";
        var time = request.GetValueOrDefault("txnTime");
        if (books.Find(number) is { } trade && trade.Order.Provider == Provider && trade.Order.Detail == time)
        {
            return (trade, null);
        }

        var refund = books.FindByRefund(Provider, number)?.Refunds.First(one => one.RefundNumber == number);
        return refund is not null && UnionPayRefund.Of(refund).Time == time
            ? (books.FindByRefund(Provider, number)!, refund)
            : null;
    }

    /// <summary>The trade that a code's or a refund's request is about; null where no trade is refunded.</summary>
    public string? NumberOf(IReadOnlyDictionary<string, string> request) =>
        request.GetValueOrDefault("origQryId") is { Length: > 0 } original
            ? books.FindByTradeNo(Provider, original)?.Number
            : request.GetValueOrDefault("orderId");

    /// <param name="fault">What to get wrong in the answer.</param>
    public UnionPayReply Query(IReadOnlyDictionary<string, string> request, FaultKind? fault)
    {
        if (Find(request) is not { } found
            || (found.Refund is null && found.Trade.State == SandboxState.Offered))
        {
            return UnionPayReply.Of(request, "34");
        }

        var told = ToldTrade.Of(found.Trade, fault, books);
        var isOther = told.Number != found.Trade.Number;
        return found.Refund is { } refund
            ? UnionPayReply.Of(
                request, "00",
                [
                    .. Outcome(fault == FaultKind.UnknownState ? "04" : "00"),
                    ("orderId", isOther ? told.Number : refund.RefundNumber), ("txnType", "04"), ("txnSubType", "00"),
                    ("queryId", UnionPayRefund.QueryId(refund)), ("origQryId", told.TradeNo),
                    .. Money(refund.AmountMinor + told.AmountMinor - found.Trade.AmountMinor, refund.At),
                ])
            : UnionPayReply.Of(
                request, "00",
                [
                    .. Outcome(fault == FaultKind.UnknownState ? "04" : CodeOf(told)),
                    ("orderId", told.Number), ("txnType", "01"), ("txnSubType", told.Order.ExistsAtOnce ? "01" : "07"),
                    ("queryId", told.TradeNo), .. Money(told.AmountMinor, told.PaidAt ?? told.OpenedAt),
                ]);
    }

    /// <param name="fault">What to get wrong in the answer; the deed itself is done rightly.</param>
    public UnionPayReply Refund(IReadOnlyDictionary<string, string> request, FaultKind? fault)
    {
        var number = request.GetValueOrDefault("orderId");
        if (!UnionPayText.IsNumber(number) || !UnionPayText.TryFen(request.GetValueOrDefault("txnAmt"), out var amount)
            || amount == 0 || UnionPayText.ParseTime(request.GetValueOrDefault("txnTime")) is null)
        {
            return UnionPayReply.Of(request, "10");
        }

        if (books.Find(number!) is not null || books.FindByRefund(Provider, number!) is not null)
        {
            return UnionPayReply.Of(request, "12");
        }

        if (books.FindByTradeNo(Provider, request.GetValueOrDefault("origQryId") ?? "") is not { } known)
        {
            return UnionPayReply.Of(request, "35");
        }

        var detail = new UnionPayRefund(request["txnTime"], request.GetValueOrDefault("reqReserved") ?? "");
        var outcome = books.Refund(
            known.Number, number!, amount, detail.ToString(), out var trade, request.GetValueOrDefault("backUrl"));
        var told = ToldTrade.Of(known, fault, books);
        return outcome switch
        {
            RefundOutcome.Refunded => UnionPayReply.Of(
                request, fault == FaultKind.UnknownState ? "04" : "00",
                ("orderId", told.Number == known.Number ? number! : told.Number), ("origQryId", known.TradeNo),
                ("queryId", UnionPayRefund.QueryId(trade!.Refunds[^1])),
                ("txnAmt", UnionPayText.Fen(amount + told.AmountMinor - known.AmountMinor))),
            RefundOutcome.Repeated or RefundOutcome.Differs => UnionPayReply.Of(request, "12"),
            RefundOutcome.TooMuch => UnionPayReply.Of(request, "36"),
            RefundOutcome.NotPaid => UnionPayReply.Of(request, known.PaidAt is null ? "35" : "45"),
            RefundOutcome.NotFound => UnionPayReply.Of(request, "35"),
            _ => throw new InvalidOperationException(),
        };
    }

    /// <summary>Money, currency and settlement, as queries and notifications tell them.</summary>
    public static (string Name, string Value)[] Money(long amountMinor, DateTimeOffset at)
    {
        var fen = UnionPayText.Fen(amountMinor);
        var time = UnionPayText.Time(at)[4..]; // MMddHHmmss
        return
        [
            ("txnAmt", fen), ("currencyCode", UnionPayText.Yuan), ("settleAmt", fen),
            ("settleCurrencyCode", UnionPayText.Yuan), ("settleDate", time[..4]), ("traceNo", time[^6..]),
            ("traceTime", time),
        ];
    }

    private static (string Name, string Value)[] Outcome(string code) =>
        [("origRespCode", code), ("origRespMsg", UnionPayReply.MessageOf(code))];

    /// <summary>What was paid stays a success, refunded or not.</summary>
    private static string CodeOf(SandboxTrade trade) => trade.State switch
    {
        SandboxState.Paid => "00",
        SandboxState.Closed => trade.PaidAt is null ? Failed : "00",
        SandboxState.Offered or SandboxState.Waiting => trade.Declines.Count > 0 ? Declined : "05",
        _ => throw new ArgumentOutOfRangeException(nameof(trade)),
    };

    private static string SubjectOf(IReadOnlyDictionary<string, string> request)
    {
        const string Start = "{commodityName=";
        return request.GetValueOrDefault("riskRateInfo") is { } info
            && info.StartsWith(Start, StringComparison.Ordinal) && info.EndsWith('}')
            ? info[Start.Length..^1]
            : "银联支付 UnionPay " + request["orderId"];
    }
}

/// <summary>What a refund's request said beside number and amount; the books keep it as the reason.</summary>
/// <param name="Time">Its txnTime.</param>
internal sealed record UnionPayRefund(string Time, string Reserved)
{
    public static UnionPayRefund Of(SandboxRefund refund)
    {
        var parts = refund.Reason.Split(' ', 2);
        return new UnionPayRefund(parts[0], parts.Length > 1 ? parts[1] : "");
    }

    public static string QueryId(SandboxRefund refund) =>
        UnionPayText.Time(refund.At) + TradeHistory.Digits(refund.RefundNumber, 7);

    public override string ToString() => Time + " " + Reserved;
}
