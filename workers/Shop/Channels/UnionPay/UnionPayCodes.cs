using System.Collections.Frozen;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>The calls whose codes differ in meaning.</summary>
public enum UnionPayCall
{
    Create,
    Query,
    Refund,
}

/// <summary>What a respCode says about the call that it answers.</summary>
public enum UnionPayMeaning
{
    Done,

    /// <summary>An earlier call did it, this one with the same number or another one.</summary>
    AlreadyDone,

    /// <summary>Not done; the identical call may be made later.</summary>
    Wait,

    /// <summary>Whether it was done, a query tells.</summary>
    Unknown,

    NotFound,
    WrongState,

    /// <summary>No repeat will do it: an operator must look.</summary>
    Permanent,
}

/// <summary>What an origRespCode (in a query's answer) or a notification's respCode says about the trade itself.</summary>
public enum UnionPayTradeState
{
    /// <summary>The money moved.</summary>
    Succeeded,

    /// <summary>Taken in, not decided.</summary>
    Waiting,

    /// <summary>The provider itself does not know: ask again.</summary>
    Unknown,

    /// <summary>The money moved and goes back, or went back.</summary>
    Returned,

    /// <summary>This attempt failed. The buyer may make another until payTimeout.</summary>
    Failed,
}

/// <summary>What every response code comes to: the one table.</summary>
public static class UnionPayCodes
{
    // A code missing here is Unknown, for the call and for the trade: an answer that nobody has seen before proves
    // neither that something was done nor that it was not.
    private static readonly FrozenDictionary<string, Row> Rows = new Dictionary<string, Row>
    {
        ["00"] = new(UnionPayMeaning.Done, UnionPayTradeState.Succeeded),
        ["A6"] = new(UnionPayMeaning.Done, UnionPayTradeState.Succeeded), // with a defect that the buyer does not see
        ["01"] = Failure(), // failed, no reason given
        ["02"] = new(UnionPayMeaning.Wait, UnionPayTradeState.Unknown), // the system is closed
        ["03"] = new(UnionPayMeaning.Unknown, UnionPayTradeState.Unknown), // timed out
        ["04"] = new(UnionPayMeaning.Unknown, UnionPayTradeState.Unknown), // state unknown
        ["05"] = new(UnionPayMeaning.Unknown, UnionPayTradeState.Waiting), // accepted, result later
        ["06"] = new(UnionPayMeaning.Wait, UnionPayTradeState.Unknown), // busy
        ["10"] = Failure(), // format
        ["11"] = Failure(), // signature
        ["12"] = new(UnionPayMeaning.AlreadyDone, UnionPayTradeState.Failed), // the number was used before
        ["13"] = Failure(), // a field is missing
        ["30"] = Failure(), // not passed
        ["31"] = Failure(), // the merchant's state
        ["32"] = Failure(), // no permission
        ["33"] = Failure(), // amount limit
        ["34"] = new(UnionPayMeaning.NotFound, UnionPayTradeState.Failed), // before the buyer came, this is no error
        ["35"] = new(UnionPayMeaning.WrongState, UnionPayTradeState.Failed), // the original does not allow it
        ["36"] = Failure(), // differs from the original
        ["37"] = new(UnionPayMeaning.Wait, UnionPayTradeState.Unknown), // too many queries
        ["38"] = Failure(), // risk
        ["39"] = Failure(), // out of the time for it
        ["40"] = Failure(), // binding of the card
        ["42"] = new(UnionPayMeaning.WrongState, UnionPayTradeState.Returned), // paid too late; goes back by itself
        ["45"] = new(UnionPayMeaning.AlreadyDone, UnionPayTradeState.Returned), // refunded or cancelled before
        ["46"] = new(UnionPayMeaning.WrongState, UnionPayTradeState.Returned), // reversed
        ["60"] = Failure(), // 60 to 68: the card and its issuer
        ["61"] = Failure(),
        ["62"] = Failure(),
        ["63"] = Failure(),
        ["64"] = Failure(),
        ["65"] = Failure(),
        ["66"] = Failure(),
        ["67"] = Failure(),
        ["68"] = Failure(),
        ["98"] = Failure(), // no such file
        ["99"] = new(UnionPayMeaning.Unknown, UnionPayTradeState.Unknown), // a general error, of whatever kind
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Every code that has a row.</summary>
    public static IEnumerable<string> Known => Rows.Keys;

    public static UnionPayMeaning MeaningOf(string? code) =>
        code is not null && Rows.TryGetValue(code, out var row) ? row.Meaning : UnionPayMeaning.Unknown;

    public static UnionPayTradeState TradeStateOf(string? code) =>
        code is not null && Rows.TryGetValue(code, out var row) ? row.Trade : UnionPayTradeState.Unknown;

    /// <summary>What a respCode means for the call it answers.</summary>
    public static ChannelResult Classify(UnionPayCall call, string? code) => MeaningOf(code) switch
    {
        UnionPayMeaning.Done => ChannelResult.Done,

        // The number is taken, most likely by the same call whose answer was lost: a query tells how the trade stands.
        // What came of a refund, its own query tells.
        UnionPayMeaning.AlreadyDone => call == UnionPayCall.Create ? ChannelResult.WrongState : ChannelResult.Unknown,
        UnionPayMeaning.Wait or UnionPayMeaning.Unknown => ChannelResult.Unknown,
        UnionPayMeaning.NotFound => ChannelResult.NotFound,
        UnionPayMeaning.WrongState => ChannelResult.WrongState,
        UnionPayMeaning.Permanent => ChannelResult.Refused,
        _ => throw new ArgumentOutOfRangeException(nameof(code)),
    };

    private static Row Failure() => new(UnionPayMeaning.Permanent, UnionPayTradeState.Failed);

    private sealed record Row(UnionPayMeaning Meaning, UnionPayTradeState Trade);
}
