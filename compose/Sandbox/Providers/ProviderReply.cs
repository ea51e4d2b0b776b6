namespace CardShop.Sandbox.Providers;

/// <summary>A provider's finished answer to one call, signed, as it goes out.</summary>
/// <param name="ContentType">Empty for an answer without a body.</param>
public sealed record ProviderReply(int Status, string ContentType, byte[] Body)
{
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The number of the trade for which this answer gives the shop a link; null for other answers.</summary>
    public string? Opened { get; init; }

    /// <summary>The number of the trade that this answer says is closed.</summary>
    public string? Closed { get; init; }
}
