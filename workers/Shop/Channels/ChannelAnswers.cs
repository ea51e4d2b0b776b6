namespace CardShop.Shop.Channels;

/// <summary>The answers that channels give of themselves, whatever the provider.</summary>
internal static class ChannelAnswers
{
    /// <summary>No gateway takes a limit in the past; what an earlier, identical call came to, a query tells.</summary>
    public static ChannelAnswer Expired() => new(ChannelResult.WrongState, Code: "EXPIRED");

    public static ChannelAnswer Refuse(string code, string message) =>
        new(ChannelResult.Refused, Code: code, Message: message);

    /// <summary>A refund number of ours has one amount for ever, so an answer with another one proves nothing.</summary>
    public static ChannelAnswer OfAnotherAmount() => new(
        ChannelResult.Unknown, Code: "REFUND_AMOUNT_DIFFERS", Message: "the answer is about a refund of another amount");

    public static ChannelAnswer Unreadable() => new(ChannelResult.Unknown, Code: "ANSWER_UNREADABLE");
}
