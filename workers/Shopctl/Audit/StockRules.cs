using System.Globalization;
using CardShop.Shop.Stock;

namespace CardShop.Shopctl.Audit;

/// <summary>The counters of one stock row.</summary>
public readonly record struct StockCounters(
    long Imported, long Available, long Reserved, long Held, long Sold, long Void);

/// <summary>What the rows behind the counters say.</summary>
/// <param name="Reserved">Quantities of all sagas that hold a reservation.</param>
/// <param name="Held">The unpaid of them.</param>
public readonly record struct StockEvidence(long Unsold, long Sold, long Void, long Reserved, long Held)
{
    public static StockEvidence operator +(StockEvidence a, StockEvidence b) => new(
        a.Unsold + b.Unsold, a.Sold + b.Sold, a.Void + b.Void, a.Reserved + b.Reserved, a.Held + b.Held);

    public static StockEvidence Add(StockEvidence left, StockEvidence right) => left + right;
}

/// <summary>Invariant 6, for one product and region. Pure.</summary>
public static class StockRules
{
    /// <param name="row">Null where there is evidence of a product without a stock row.</param>
    /// <returns>One text per violation.</returns>
    public static IEnumerable<string> Check(StockKey key, StockCounters? row, StockEvidence evidence)
    {
        var name = $"{key.Sku} in region {key.Region}";
        if (row is not { } counters)
        {
            return [$"{name}: keys or reservations without a stock row"];
        }

        (string What, long Counter, long Rows)[] pairs =
        [
            ("available + reserved + sold + void against imported",
                counters.Available + counters.Reserved + counters.Sold + counters.Void, counters.Imported),
            ("imported against key rows", counters.Imported, evidence.Unsold + evidence.Sold + evidence.Void),
            ("sold against sold keys", counters.Sold, evidence.Sold),
            ("void against void keys", counters.Void, evidence.Void),
            ("reserved against reservations", counters.Reserved, evidence.Reserved),
            ("held against unpaid reservations", counters.Held, evidence.Held),
        ];
        return pairs.Where(p => p.Counter != p.Rows).Select(p => string.Create(
            CultureInfo.InvariantCulture, $"{name}: {p.What}: {p.Counter:N0} and {p.Rows:N0}"));
    }
}
