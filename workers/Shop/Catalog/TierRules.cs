using System.Globalization;
using CardShop.Contracts;

namespace CardShop.Shop.Catalog;

/// <summary>What prices by quantity must keep to: who orders more never pays more for a unit, and every tier can be reached.</summary>
internal static class TierRules
{
    private const int Most = 10;

    /// <summary>The first thing that is wrong with a product's tiers, if anything is.</summary>
    public static IEnumerable<ProductFault> FaultsOf(Product product)
    {
        if (product.Tiers is not { } tiers)
        {
            yield break;
        }

        if (tiers.Count > Most)
        {
            yield return Fault($"must be at most {Most}, not {tiers.Count}");
            yield break;
        }

        var before = new PriceTier(1, product.Price);
        foreach (var tier in tiers)
        {
            if (tier.From <= before.From || tier.From > product.MaxQuantity)
            {
                yield return Fault(
                    $"must start at 2 to {product.MaxQuantity} units (the most per order), each later than the one before: {tier.From} does not");
                yield break;
            }

            if (tier.Price < 1 || tier.Price > before.Price)
            {
                yield return Fault(
                    $"must cost at least 1 fen a unit and no more than fewer units do: from {tier.From} it is {tier.Price}, before {before.Price}");
                yield break;
            }

            before = tier;
        }
    }

    private static ProductFault Fault(FormattableString text) => new("tiers", text.ToString(CultureInfo.InvariantCulture));
}
