using System.Text.Json;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>
/// A verified answer, or why there is none. <see cref="Failure"/> is set exactly when nothing is known of the call's
/// effect: the network, an unreadable answer, a signature that does not fit.
/// </summary>
/// <param name="Status">HTTP status; 0 with a failure.</param>
/// <param name="Fields">The body's object; of kind Undefined where there is no body.</param>
internal sealed record WeChatAnswer(int Status, JsonElement Fields, string? Failure = null, string? Detail = null)
{
    private const int CodeLimit = 64;
    private const int MessageLimit = 200;

    /// <summary>It was accepted; every other status carries a code.</summary>
    public bool IsSuccess => Failure is null && Status is 200 or 204;

    public string? Code => WeChatJson.Text(Fields, "code");

    public static WeChatAnswer Failed(string failure, string? detail = null) => new(0, default, failure, detail);

    /// <summary>What the answer means for <paramref name="call"/>, with the provider's code for operators.</summary>
    public ChannelAnswer ToChannelAnswer(WeChatCall call)
    {
        if (Failure is not null)
        {
            return new ChannelAnswer(ChannelResult.Unknown, Code: Failure, Message: Detail);
        }

        return IsSuccess
            ? new ChannelAnswer(ChannelResult.Done)
            : new ChannelAnswer(
                WeChatErrors.Classify(call, Code), Code: Shorten(Code, CodeLimit),
                Message: Shorten(WeChatJson.Text(Fields, "message"), MessageLimit));
    }

    /// <summary>Cut to length and without control characters: it goes to logs and terminals.</summary>
    public static string? Shorten(string? text, int limit) => text is null
        ? null
        : string.Concat(text.Take(limit).Select(one => char.IsControl(one) || char.IsSurrogate(one) ? '?' : one));
}
