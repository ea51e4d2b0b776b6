namespace CardShop.Contracts;

/// <summary>A price by quantity: an order of so many units or more pays it for each of them.</summary>
/// <param name="From">Units.</param>
/// <param name="Price">Per unit, minor units (fen).</param>
public readonly record struct PriceTier(int From, long Price);

/// <summary>
/// The tiers of a product, lowest quantity first. Equal where they say the same, so that a record that has them is compared
/// by value (an array is equal to itself alone).
/// </summary>
internal readonly struct PriceTiers(IReadOnlyList<PriceTier>? items) : IEquatable<PriceTiers>
{
    private readonly PriceTier[]? _items = items is { Count: > 0 } ? [.. items] : null;

    /// <summary>Null where there are none.</summary>
    public IReadOnlyList<PriceTier>? Items => _items;

    /// <summary>The highest tier that a quantity reaches; null below the first. It allocates nothing: every order asks.</summary>
    public PriceTier? Find(int quantity)
    {
        for (var i = (_items?.Length ?? 0) - 1; i >= 0; i--)
        {
            if (quantity >= _items![i].From)
            {
                return _items[i];
            }
        }

        return null;
    }

    public bool Equals(PriceTiers other) => _items.AsSpan().SequenceEqual(other._items);

    public override bool Equals(object? obj) => obj is PriceTiers other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var tier in _items.AsSpan())
        {
            hash.Add(tier);
        }

        return hash.ToHashCode();
    }
}
