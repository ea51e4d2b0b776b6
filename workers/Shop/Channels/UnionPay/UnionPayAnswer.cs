namespace CardShop.Shop.Channels.UnionPay;

/// <summary>
/// A verified answer's fields, or why there are none. <see cref="Failure"/> is set exactly when nothing is known of
/// the call's effect: the network, an unreadable answer, a signature or certificate that does not fit.
/// </summary>
internal sealed record UnionPayAnswer(
    IReadOnlyDictionary<string, string> Fields, string? Failure = null, string? Detail = null)
{
    private const int CodeLimit = 64;
    private const int MessageLimit = 200;

    private static readonly Dictionary<string, string> None = [];

    /// <summary>The call's own code.</summary>
    public string? Code => Text("respCode");

    public static UnionPayAnswer Failed(string failure, string? detail = null) => new(None, failure, detail);

    /// <summary>Null where the field is missing or empty.</summary>
    public string? Text(string name) => Field(Fields, name);

    public static string? Field(IReadOnlyDictionary<string, string> fields, string name) =>
        fields.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>What the answer means for <paramref name="call"/>, with the provider's code for operators.</summary>
    public ChannelAnswer ToChannelAnswer(UnionPayCall call) => Failure is not null
        ? new ChannelAnswer(ChannelResult.Unknown, Code: Failure, Message: Detail)
        : new ChannelAnswer(
            UnionPayCodes.Classify(call, Code), Code: Shorten(Code, CodeLimit),
            Message: Shorten(Text("respMsg"), MessageLimit));

    /// <summary>Cut to length and without control characters: it goes to logs and terminals.</summary>
    public static string? Shorten(string? text, int limit) => text is null
        ? null
        : string.Concat(text.Take(limit).Select(one => char.IsControl(one) || char.IsSurrogate(one) ? '?' : one));
}
