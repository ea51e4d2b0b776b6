using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Catalog;

/// <summary>What is wrong with one field of a draft.</summary>
/// <param name="Field">As JSON names it: <c>maxQuantity</c>.</param>
/// <param name="Message">Follows the field's name: <c>must be 1 to 10000</c>.</param>
public sealed record ProductFault(string Field, string Message);

/// <summary>What an operator says about a product; what is left out stays as it is, or is the default of a new one.</summary>
/// <param name="Name">A new product needs one.</param>
/// <param name="Price">Per unit, fen. A new product needs one.</param>
/// <param name="Listed">False: kept off the public list, but sold to whoever knows the SKU.</param>
/// <param name="LowStock">Fewer available than this are pointed out; 0 = never.</param>
public sealed partial record ProductDraft(
    string Sku, string? Name, long? Price, int? MaxQuantity = null, string? Currency = null, HoldPolicy? Hold = null,
    int? HoldSeconds = null, int? WaitSeconds = null, bool? OnSale = null, ProductKind? Kind = null, bool? Listed = null,
    int? LowStock = null)
{
    /// <summary>Of a unit, fen.</summary>
    public const long HighestPrice = 10_000_000_000;

    /// <summary>Of an order.</summary>
    public const int LargestQuantity = 10_000;

    private const int LongestCategory = 40;
    private const int LongestDescription = 4_000;
    private const int DefaultMaxQuantity = 10;
    private const int DefaultHoldSeconds = 15 * 60;
    private const int LongestSeconds = 366 * 24 * 3600;

    /// <summary>Under what buyers find it; empty = in no category any more.</summary>
    public string? Category { get; init; }

    /// <summary>What the key is and how it is redeemed, plain text; empty = nothing is said any more.</summary>
    public string? Description { get; init; }

    /// <summary>The region where alone its keys are imported, by its letter.</summary>
    public string? Home { get; init; }

    /// <summary>Prices by quantity, all of them; an empty list = none any more.</summary>
    public IReadOnlyList<PriceTier>? Tiers { get; init; }

    /// <summary>The product as it will be, and what stands against it: nothing may be written while there is a fault.</summary>
    /// <param name="present">As it is; null for a new one.</param>
    public (Product Product, IReadOnlyList<ProductFault> Faults) ApplyTo(Product? present)
    {
        var before = present ?? new(
            Sku, Name ?? string.Empty, Price ?? 0, "CNY", DefaultMaxQuantity, OnSale: true, HoldPolicy.Order, DefaultHoldSeconds,
            WaitSeconds: 0, Version: 0, Kind ?? ProductKind.Unique);
        if (Kind is { } kind && kind != before.Kind)
        {
            // Its keys, its stock and its orders are of the other kind.
            return (before, [new("kind", "of a product never changes: take the product off sale and add another SKU")]);
        }

        var product = Merge(before) with { Home = Home ?? before.Home };
        return (product, [.. FaultsOf(product)]);
    }

    private Product Merge(Product before) => before with
    {
        Name = Name?.Trim() ?? before.Name,
        Price = Price ?? before.Price,
        Currency = Currency ?? before.Currency,
        MaxQuantity = MaxQuantity ?? before.MaxQuantity,
        OnSale = OnSale ?? before.OnSale,
        Hold = Hold ?? before.Hold,
        HoldSeconds = HoldSeconds ?? before.HoldSeconds,
        WaitSeconds = WaitSeconds ?? before.WaitSeconds,
        Hidden = Listed is { } listed ? !listed : before.Hidden,
        LowStock = LowStock ?? before.LowStock,
        Category = Category is null ? before.Category : TextOf(Category),
        Description = Description is null ? before.Description : TextOf(Description),
        Tiers = Tiers ?? before.Tiers,
    };

    /// <summary>As it is kept: line breaks of one kind, nothing around it; null where nothing is left.</summary>
    private static string? TextOf(string text) =>
        text.ReplaceLineEndings("\n").Trim() is { Length: > 0 } kept ? kept : null;

    /// <summary>True for text that can name a product.</summary>
    public static bool IsSku(string? sku) => sku is not null && SkuPattern().IsMatch(sku);

    private static IEnumerable<ProductFault> FaultsOf(Product product)
    {
        (bool Holds, string Field, string Text)[] rules =
        [
            (IsSku(product.Sku), "sku", "must be 1 to 64 of A-Z a-z 0-9 . _ -"),
            (product.Name.Length is >= 1 and <= 120 && !product.Name.Any(char.IsControl), "name",
                "must be 1 to 120 characters, none of them a control character"),
            (product.Price is >= 1 and <= HighestPrice, "price", "must be 1 to 10000000000 fen"),
            (CurrencyPattern().IsMatch(product.Currency), "currency", "must be three capital letters, such as CNY"),
            (product.MaxQuantity is >= 1 and <= LargestQuantity, "maxQuantity", "must be 1 to 10000"),
            (product.HoldSeconds is >= 1 and <= LongestSeconds, "holdSeconds", "must be 1 s to 366 days"),
            (product.WaitSeconds is >= 0 and <= LongestSeconds, "waitSeconds", "must be 0 to 366 days"),
            (product.Home is not { } home || Regions.IsLetter(home), "home", "must be a region's letter, a to z"),
            (product.LowStock is >= 0 and <= 1_000_000_000, "lowStock", "must be 0 to 1000000000"),
            (product.Category is not { } category || (category.Length <= LongestCategory && !category.Any(char.IsControl)), "category",
                "must be at most 40 characters, none of them a control character"),
            (product.Description is not { } text
                || (text.Length <= LongestDescription && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t'))), "description",
                "must be at most 4000 characters, none of them a control character but line breaks and tabs"),
        ];
        return rules.Where(r => !r.Holds).Select(r => new ProductFault(r.Field, r.Text)).Concat(TierRules.FaultsOf(product));
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex SkuPattern();

    [GeneratedRegex(@"\A[A-Z]{3}\z")]
    private static partial Regex CurrencyPattern();
}
