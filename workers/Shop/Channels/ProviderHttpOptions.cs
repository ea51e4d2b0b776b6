namespace CardShop.Shop.Channels;

/// <summary>The bounds of calls to a provider: the same settings for every channel.</summary>
public abstract class ProviderHttpOptions
{
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>For the whole call: connect, send, and read the answer to its end.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(8);

    public int MaxResponseBytes { get; init; } = 64 * 1024;

    public int MaxConnections { get; init; } = 64;
}
