namespace CardShop.Shop.Stock;

/// <summary>A product in a region: what a stock row counts.</summary>
public readonly record struct StockKey(string Sku, string Region) : IComparable<StockKey>
{
    public int CompareTo(StockKey other)
    {
        var bySku = string.CompareOrdinal(Sku, other.Sku);
        return bySku != 0 ? bySku : string.CompareOrdinal(Region, other.Region);
    }

    public static bool operator <(StockKey left, StockKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(StockKey left, StockKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(StockKey left, StockKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(StockKey left, StockKey right) => left.CompareTo(right) >= 0;
}

/// <summary>A stock row as decisions look at it.</summary>
/// <param name="Held">The unpaid part of what is reserved.</param>
public readonly record struct StockCount(long Available, long Held);

/// <summary>A change of a stock row. Deltas add up, so that one statement saves a batch.</summary>
/// <param name="Held">The part of <paramref name="Reserved"/> that is not paid yet.</param>
public readonly record struct StockDelta(
    long Available = 0, long Reserved = 0, long Held = 0, long Sold = 0, long Void = 0, long Imported = 0)
{
    public static StockDelta operator +(StockDelta a, StockDelta b) => new(
        a.Available + b.Available, a.Reserved + b.Reserved, a.Held + b.Held, a.Sold + b.Sold, a.Void + b.Void,
        a.Imported + b.Imported);

    public static StockDelta Add(StockDelta left, StockDelta right) => left + right;

    /// <summary>Set aside for an order that is not paid yet.</summary>
    public static StockDelta Hold(int quantity) => new(Available: -quantity, Reserved: quantity, Held: quantity);

    /// <summary>Set aside for an order that is paid.</summary>
    public static StockDelta Reserve(int quantity) => new(Available: -quantity, Reserved: quantity);

    /// <summary>What was held is paid.</summary>
    public static StockDelta Pay(int quantity) => new(Held: -quantity);

    /// <summary>An unpaid order ended.</summary>
    public static StockDelta ReleaseHeld(int quantity) => new(Available: quantity, Reserved: -quantity, Held: -quantity);

    /// <summary>A paid order ended without delivery.</summary>
    public static StockDelta ReleasePaid(int quantity) => new(Available: quantity, Reserved: -quantity);

    /// <summary>Handed over.</summary>
    public static StockDelta Sell(int quantity) => new(Reserved: -quantity, Sold: quantity);

    /// <summary>Never to be sold.</summary>
    public static StockDelta Discard(int quantity) => new(Available: -quantity, Void: quantity);

    /// <summary>New keys.</summary>
    public static StockDelta Import(int quantity) => new(Available: quantity, Imported: quantity);
}
