namespace CardShop.Api.Payments;

/// <summary>A payment channel as buyers see it.</summary>
/// <param name="Up">False while its provider is down: orders that name it are refused.</param>
public sealed record ChannelView(string Name, bool Up);

/// <summary>Which channels a buyer can choose now.</summary>
/// <param name="names">The channels of this shop, in the order in which they are shown.</param>
/// <param name="isUp">Whether a channel's provider answers.</param>
public sealed class ChannelChoice(IReadOnlyList<string> names, Func<string, bool> isUp)
{
    /// <summary>The channels of this shop, up or not.</summary>
    public IReadOnlyList<string> Names => names;

    public IReadOnlyList<ChannelView> View() => [.. names.Select(n => new ChannelView(n, isUp(n)))];

    /// <returns>
    /// Null when the channel can be chosen; else 400 with what is wrong with it and which ones can, or 503 while none can:
    /// the request is right, and will be taken later.
    /// </returns>
    public Problem? Refusal(string? channel)
    {
        var isKnown = channel is not null && names.Contains(channel);
        if (isKnown && isUp(channel!))
        {
            return null;
        }

        string[] up = [.. names.Where(isUp)];
        if (isKnown && up.Length == 0)
        {
            return Problem.Of(
                StatusCodes.Status503ServiceUnavailable, "No payment channel is up at this moment",
                "Nothing was charged. Send the same request again in a moment.");
        }

        var choice = "Choose one of: " + string.Join(", ", up.Length > 0 ? up : names) + ".";
        return Problem.Field("channel", isKnown ? $"{channel} is down at this moment. {choice}" : choice);
    }
}
