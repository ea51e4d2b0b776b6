using System.Text.Json;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>
/// A verified answer's fields, or why there are none. <see cref="Failure"/> is set exactly when nothing is known of
/// the call's effect: the network, an unreadable answer, a signature that does not fit.
/// </summary>
internal sealed record AlipayAnswer(JsonElement Fields, string? Failure, string? Detail = null)
{
    private const int CodeLimit = 64;
    private const int MessageLimit = 200;

    public string? Code => Text("code");

    public string? SubCode => Text("sub_code");

    public static AlipayAnswer Failed(string failure, string? detail = null) => new(default, failure, detail);

    /// <summary>A field's text; numbers as they were written; null where it is missing or empty.</summary>
    public string? Text(string name)
    {
        if (Fields.ValueKind != JsonValueKind.Object || !Fields.TryGetProperty(name, out var value))
        {
            return null;
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.Undefined or JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.True
                or JsonValueKind.False or JsonValueKind.Null => null,
            _ => null,
        };
        return string.IsNullOrEmpty(text) ? null : text;
    }

    /// <summary>What the answer means for <paramref name="call"/>, with the provider's codes for operators.</summary>
    public ChannelAnswer ToChannelAnswer(AlipayCall call) => Failure is not null
        ? new ChannelAnswer(ChannelResult.Unknown, Code: Failure, Message: Detail)
        : new ChannelAnswer(
            AlipayErrors.Classify(call, Code, SubCode),
            Code: Shorten(SubCode ?? Code, CodeLimit),
            Message: Shorten(Text("sub_msg") ?? Text("msg"), MessageLimit));

    /// <summary>Cut to length and without control characters: it goes to logs and terminals.</summary>
    public static string? Shorten(string? text, int limit) => text is null
        ? null
        : string.Concat(text.Take(limit).Select(one => char.IsControl(one) || char.IsSurrogate(one) ? '?' : one));
}
