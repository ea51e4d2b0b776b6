using CardShop.Api.Tables;

namespace CardShop.Api.Payments;

/// <summary>A payment channel as buyers see it.</summary>
/// <param name="Up">False while its provider is down: orders that name it are refused.</param>
public sealed record ChannelView(string Name, bool Up);

/// <summary>Which channels a buyer can choose now.</summary>
/// <param name="names">The channels of this shop, in the order in which they are shown.</param>
public sealed class ChannelChoice(IReadOnlyList<string> names, ShopTables tables)
{
    /// <summary>The channels of this shop, up or not.</summary>
    public IReadOnlyList<string> Names => names;

    public IReadOnlyList<ChannelView> View() => [.. names.Select(n => new ChannelView(n, tables.IsUp(n)))];

    /// <returns>Null when the channel can be chosen; else what is wrong with it, and which ones can.</returns>
    public string? Refusal(string? channel)
    {
        var isKnown = channel is not null && names.Contains(channel);
        if (isKnown && tables.IsUp(channel!))
        {
            return null;
        }

        string[] up = [.. names.Where(tables.IsUp)];
        var choice = up.Length > 0
            ? "Choose one of: " + string.Join(", ", up) + "."
            : "No other one is up either; try again in a moment.";
        return isKnown ? $"{channel} is down at this moment. {choice}"
            : up.Length > 0 ? choice
            : "Choose one of: " + string.Join(", ", names) + ".";
    }
}
