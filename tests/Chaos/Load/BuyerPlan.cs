using CardShop.Tests.Chaos.Shop;

namespace CardShop.Tests.Chaos.Load;

/// <summary>What a buyer does after ordering.</summary>
public enum BuyerKind
{
    /// <summary>Pays soon.</summary>
    Pays,

    /// <summary>Sends the order twice under one key, and pays once.</summary>
    Repeats,

    /// <summary>Changes the payment channel, and pays both.</summary>
    PaysTwice,

    /// <summary>Lets the time run out, and pays then.</summary>
    PaysLate,

    /// <summary>Never pays.</summary>
    GoesAway,

    /// <summary>Cancels instead of paying.</summary>
    Cancels,

    /// <summary>Pays and cancels at the same time.</summary>
    PaysAndCancels,
}

/// <summary>One buyer of the run.</summary>
/// <param name="ThinkMs">Between seeing how to pay and paying.</param>
public sealed record BuyerPlan(string Sku, int Quantity, BuyerKind Kind, int ThinkMs)
{
    private const string Hasty = "CHAOS-HASTY";

    /// <summary>The plan of buyer <paramref name="number"/>: the same for the same seed. Pure.</summary>
    public static BuyerPlan Of(int seed, int number, IReadOnlyList<Good> goods)
    {
        var random = new Random(unchecked((seed * 31) + (number * 7_919)));
        var kind = random.Next(1_000) switch
        {
            < 800 => BuyerKind.Pays,
            < 820 => BuyerKind.Repeats,
            < 850 => BuyerKind.PaysTwice,
            < 870 => BuyerKind.PaysLate,
            < 940 => BuyerKind.GoesAway,
            < 985 => BuyerKind.Cancels,
            _ => BuyerKind.PaysAndCancels,
        };

        // Who pays late orders where there is little time: the run is not as long as a usual one.
        var sku = kind == BuyerKind.PaysLate ? Hasty : Draw(random, goods);
        var quantity = random.Next(10) == 0 ? random.Next(2, Goods.MaxQuantity + 1) : 1;
        return new(sku, quantity, kind, random.Next(100, 2_500));
    }

    private static string Draw(Random random, IReadOnlyList<Good> goods)
    {
        var at = random.Next(goods.Sum(g => g.Weight));
        foreach (var good in goods)
        {
            at -= good.Weight;
            if (at < 0)
            {
                return good.Sku;
            }
        }

        throw new InvalidOperationException();
    }
}
