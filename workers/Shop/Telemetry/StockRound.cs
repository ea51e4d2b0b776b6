using CardShop.Shop.Stock;

namespace CardShop.Shop.Telemetry;

/// <summary>
/// Goes round all products, some at each look, so that a look costs the same however many products there are. What a
/// whole round has found is shown until the next is complete; a drift at once. Pure but for what it remembers.
/// </summary>
public sealed class StockRound
{
    /// <summary>Products per look.</summary>
    public const int Step = 50;

    /// <summary>Products that get series of their own.</summary>
    public const int Shown = 100;

    private static readonly StockKey Start = new(string.Empty, string.Empty);

    private IReadOnlyList<StockLook> _complete = [];
    private IReadOnlyList<StockLook> _growing = [];

    /// <summary>The product after which the next look begins.</summary>
    public StockKey After { get; private set; } = Start;

    /// <summary>The products with the fewest units left.</summary>
    public IReadOnlyList<StockLook> Lowest => Fewest(_complete.Count > 0 ? _complete : _growing);

    /// <summary>Products whose row and keys disagree.</summary>
    public IReadOnlyList<StockLook> Drifting =>
    [
        .. _growing.Concat(_complete).DistinctBy(p => p.Key).Where(p => p.Drift != 0).Take(Shown),
    ];

    /// <param name="looks">The products after <see cref="After"/>, in the database's order, <see cref="Step"/> at most.</param>
    public void Take(IReadOnlyList<StockLook> looks)
    {
        var all = _growing.Concat(looks).ToList();
        _growing = [.. Fewest(all).Concat(all.Where(p => p.Drift != 0).Take(Shown)).Distinct()];
        After = looks.Count == 0 ? Start : looks[^1].Key;
        if (looks.Count < Step)
        {
            (_complete, _growing, After) = (_growing, [], Start);
        }
    }

    private static IReadOnlyList<StockLook> Fewest(IEnumerable<StockLook> looks) =>
        [.. looks.OrderBy(p => p.Available).ThenBy(p => p.Key).Take(Shown)];
}
