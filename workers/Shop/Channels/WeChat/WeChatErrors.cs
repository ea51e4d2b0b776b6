using System.Collections.Frozen;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>The calls whose errors differ in meaning.</summary>
public enum WeChatCall
{
    Create,
    Query,
    Close,
    Refund,
}

/// <summary>
/// What every error code comes to: the one table. Older pages write the codes without underscores; both are the same.
/// </summary>
public static class WeChatErrors
{
    // A code missing here is Unknown: an answer that nobody has seen before proves neither that something was done nor
    // that it was not.
    private static readonly Dictionary<string, Row> Rows = new()
    {
        // Nobody knows, or later: query, or the identical call again.
        ["SYSTEM_ERROR"] = Row.All(ChannelResult.Unknown),
        ["BANK_ERROR"] = Row.All(ChannelResult.Unknown),
        ["FREQUENCY_LIMITED"] = Row.All(ChannelResult.Unknown),
        ["FREQUENCY_LIMIT_EXCEED"] = Row.All(ChannelResult.Unknown),

        // The buyer is paying at this moment.
        ["USER_PAYING"] = Row.All(ChannelResult.Unknown),

        // The merchant's balance does not cover the refund now; the same refund number may succeed once it does.
        ["NOT_ENOUGH"] = Row.All(ChannelResult.Unknown),

        ["ORDER_NOT_EXIST"] = Row.All(ChannelResult.NotFound),
        ["RESOURCE_NOT_EXISTS"] = Row.All(ChannelResult.NotFound),

        // The trade is past the state that the call needs: a query tells which, then the saga decides.
        ["ORDER_PAID"] = Row.All(ChannelResult.WrongState),

        // Closed already is what a close wanted.
        ["ORDER_CLOSED"] = Row.All(ChannelResult.WrongState) with { Close = ChannelResult.Done },

        // The number is taken by other content. Ours derive from the order, so somebody must look at it.
        ["OUT_TRADE_NO_USED"] = Row.All(ChannelResult.Refused),
        ["INVALID_REQUEST"] = Row.All(ChannelResult.Refused),

        ["PARAM_ERROR"] = Row.All(ChannelResult.Refused),
        ["APPID_MCHID_NOT_MATCH"] = Row.All(ChannelResult.Refused),
        ["MCH_NOT_EXISTS"] = Row.All(ChannelResult.Refused),
        ["SIGN_ERROR"] = Row.All(ChannelResult.Refused),
        ["NO_AUTH"] = Row.All(ChannelResult.Refused),
        ["RULE_LIMIT"] = Row.All(ChannelResult.Refused),
        ["TRADE_ERROR"] = Row.All(ChannelResult.Refused),
        ["ACCOUNT_ERROR"] = Row.All(ChannelResult.Refused),
        ["USER_ACCOUNT_ABNORMAL"] = Row.All(ChannelResult.Refused),
    };

    private static readonly FrozenDictionary<string, Row> ByCode =
        Rows.ToFrozenDictionary(one => WithoutUnderscores(one.Key), one => one.Value, StringComparer.OrdinalIgnoreCase);

    /// <summary>Every code that has a row.</summary>
    public static IEnumerable<string> Known => Rows.Keys;

    /// <summary>What an error code means for the call that it answers.</summary>
    public static ChannelResult Classify(WeChatCall call, string? code) =>
        code is not null && ByCode.TryGetValue(WithoutUnderscores(code), out var row)
            ? row.Of(call)
            : ChannelResult.Unknown;

    private static string WithoutUnderscores(string code) => code.Replace("_", "", StringComparison.Ordinal);

    private sealed record Row(ChannelResult Create, ChannelResult Query, ChannelResult Close, ChannelResult Refund)
    {
        public static Row All(ChannelResult result) => new(result, result, result, result);

        public ChannelResult Of(WeChatCall call) => call switch
        {
            WeChatCall.Create => Create,
            WeChatCall.Query => Query,
            WeChatCall.Close => Close,
            WeChatCall.Refund => Refund,
            _ => throw new ArgumentOutOfRangeException(nameof(call)),
        };
    }
}
