namespace CardShop.Shop.Recovery;

/// <summary>An order that has a claim to units of a product.</summary>
/// <param name="Since">The earlier, the better its claim.</param>
public readonly record struct StockClaim(string OrderId, int Quantity, DateTimeOffset Since);

/// <summary>What changes for orders of one product, so that no more is promised than there is.</summary>
/// <param name="Released">Orders before a person that had a reservation; delivered by one, they take units anew.</param>
/// <param name="Waiting">Paid orders that had a reservation, and wait for stock now.</param>
/// <param name="Unheld">Unpaid orders that had units set aside, and get theirs when they are paid.</param>
/// <param name="Served">Paid orders that waited for stock, and have a reservation now.</param>
/// <param name="Available">Units that are nobody's.</param>
public sealed record Allotted(
    IReadOnlyList<string> Released, IReadOnlyList<string> Waiting, IReadOnlyList<string> Unheld, IReadOnlyList<string> Served, long Available);

/// <summary>
/// Shares out a product's unsold keys after orders were rebuilt without looking at stock. Paid orders come first, those before
/// a person in front, then those that units were set aside for, then paid ones that waited; among equals the older. An order
/// gets all of its units or none. Pure.
/// </summary>
public static class StockAllotment
{
    /// <param name="unsold">Keys that can be sold.</param>
    /// <param name="kept">Reservations of orders that are before a person.</param>
    public static Allotted Share(
        long unsold, IEnumerable<StockClaim> kept, IEnumerable<StockClaim> paid, IEnumerable<StockClaim> held,
        IEnumerable<StockClaim> waiting)
    {
        var left = unsold;
        var (_, released) = Take(kept, ref left);
        var (_, unserved) = Take(paid, ref left);
        var (_, unheld) = Take(held, ref left);
        var (served, _) = Take(waiting, ref left);
        return new(released, unserved, unheld, served, left);
    }

    private static (List<string> Got, List<string> Missed) Take(IEnumerable<StockClaim> claims, ref long left)
    {
        var (got, missed) = (new List<string>(), new List<string>());
        foreach (var claim in claims.OrderBy(c => c.Since).ThenBy(c => c.OrderId, StringComparer.Ordinal))
        {
            if (claim.Quantity <= left)
            {
                left -= claim.Quantity;
                got.Add(claim.OrderId);
            }
            else
            {
                missed.Add(claim.OrderId);
            }
        }

        return (got, missed);
    }
}
