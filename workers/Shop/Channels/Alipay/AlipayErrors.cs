using System.Collections.Frozen;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>The calls whose errors differ in meaning.</summary>
public enum AlipayCall
{
    Create,
    Query,
    Close,
    Refund,
}

/// <summary>What every code and sub_code of the gateway comes to: the one table.</summary>
public static class AlipayErrors
{
    private const string Success = "10000";
    private const string BusinessFailed = "40004";

    // Gateway codes that say all there is to say. A number missing here and below is Unknown: an answer that
    // nobody has seen before proves neither that something was done nor that it was not.
    private static readonly FrozenDictionary<string, ChannelResult> Codes = new Dictionary<string, ChannelResult>
    {
        ["10003"] = ChannelResult.Unknown, // waiting for the buyer
        ["20000"] = ChannelResult.Unknown, // service unavailable
        ["20001"] = ChannelResult.Refused, // authorisation
        ["40001"] = ChannelResult.Refused, // a parameter is missing
        ["40002"] = ChannelResult.Refused, // a parameter is wrong, the signature too
        ["40003"] = ChannelResult.Refused, // the app is not in a state to call
        ["40006"] = ChannelResult.Refused, // no permission
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Row> SubCodes = new Dictionary<string, Row>
    {
        ["ACQ.SYSTEM_ERROR"] = Row.All(ChannelResult.Unknown),
        ["aop.unknow-error"] = Row.All(ChannelResult.Unknown),
        ["isp.unknow-error"] = Row.All(ChannelResult.Unknown),

        // A QR trade exists only once the buyer has scanned it: while waiting this is no error.
        ["ACQ.TRADE_NOT_EXIST"] = Row.All(ChannelResult.NotFound),

        // The trade is past the state that the call needs: a query tells which, then the saga decides.
        ["ACQ.TRADE_HAS_SUCCESS"] = Row.All(ChannelResult.WrongState),
        ["ACQ.TRADE_STATUS_ERROR"] = Row.All(ChannelResult.WrongState),
        ["ACQ.REASON_TRADE_STATUS_INVALID"] = Row.All(ChannelResult.WrongState),

        // Closed already is what a close wanted.
        ["ACQ.TRADE_HAS_CLOSE"] = Row.All(ChannelResult.WrongState) with { Close = ChannelResult.Done },

        // Paid, and too late to refund: asking again will not help.
        ["ACQ.TRADE_HAS_FINISHED"] = Row.All(ChannelResult.WrongState) with { Refund = ChannelResult.Refused },

        // The number is taken by other content. Ours derive from the order, so somebody must look at it.
        ["ACQ.CONTEXT_INCONSISTENT"] = Row.All(ChannelResult.Refused),
        ["ACQ.TRADE_BUYER_NOT_MATCH"] = Row.All(ChannelResult.Refused),

        ["ACQ.TOTAL_FEE_EXCEED"] = Row.All(ChannelResult.Refused),
        ["ACQ.EXIST_FORBIDDEN_WORD"] = Row.All(ChannelResult.Refused),
        ["ACQ.INVALID_PARAMETER"] = Row.All(ChannelResult.Refused),
        ["ACQ.ACCESS_FORBIDDEN"] = Row.All(ChannelResult.Refused),
        ["ACQ.SELLER_BEEN_BLOCKED"] = Row.All(ChannelResult.Refused),

        // Refunds that a later, identical call may still do.
        ["ACQ.SELLER_BALANCE_NOT_ENOUGH"] = Row.All(ChannelResult.Unknown),
        ["ACQ.REFUND_CHARGE_ERROR"] = Row.All(ChannelResult.Unknown),

        // Refunds that no repeat will do.
        ["ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"] = Row.All(ChannelResult.Refused),
        ["ACQ.REASON_TRADE_REFUND_FEE_ERR"] = Row.All(ChannelResult.Refused),
        ["ACQ.REFUND_FEE_ERROR"] = Row.All(ChannelResult.Refused),
        ["ACQ.REASON_TRADE_BEEN_FREEZEN"] = Row.All(ChannelResult.Refused),
        ["ACQ.TRADE_NOT_ALLOW_REFUND"] = Row.All(ChannelResult.Refused),
        ["ACQ.DISCORDANT_REPEAT_REQUEST"] = Row.All(ChannelResult.Refused),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Every sub_code that has a row.</summary>
    public static IEnumerable<string> Known => SubCodes.Keys;

    /// <summary>What an answer means for the call it answers.</summary>
    public static ChannelResult Classify(AlipayCall call, string? code, string? subCode)
    {
        if (code == Success && string.IsNullOrEmpty(subCode))
        {
            return ChannelResult.Done;
        }

        if (!string.IsNullOrEmpty(subCode) && SubCodes.TryGetValue(subCode, out var row))
        {
            return row.Of(call);
        }

        return code is not null and not BusinessFailed && Codes.TryGetValue(code, out var result)
            ? result
            : ChannelResult.Unknown;
    }

    private sealed record Row(ChannelResult Create, ChannelResult Query, ChannelResult Close, ChannelResult Refund)
    {
        public static Row All(ChannelResult result) => new(result, result, result, result);

        public ChannelResult Of(AlipayCall call) => call switch
        {
            AlipayCall.Create => Create,
            AlipayCall.Query => Query,
            AlipayCall.Close => Close,
            AlipayCall.Refund => Refund,
            _ => throw new ArgumentOutOfRangeException(nameof(call)),
        };
    }
}
