using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Products;

/// <summary>What an operator says about a product with the words of a command: a draft whose faults name options.</summary>
/// <param name="Name">A new product needs one.</param>
/// <param name="Price">Per unit, fen. A new product needs one.</param>
public sealed record ProductChange(
    string Sku, string? Name = null, long? Price = null, int? MaxQuantity = null, string? Currency = null, HoldPolicy? Hold = null,
    int? HoldSeconds = null, int? WaitSeconds = null, bool? OnSale = null, ProductKind? Kind = null)
{
    /// <summary>False: kept off the public list, but sold to whoever knows the SKU.</summary>
    public bool? Listed { get; init; }

    /// <summary>Fewer available than this are pointed out; 0 = never.</summary>
    public int? LowStock { get; init; }

    /// <summary>Under what buyers find it; empty = in no category any more.</summary>
    public string? Category { get; init; }

    /// <summary>What the key is and how it is redeemed; empty = nothing is said any more.</summary>
    public string? Description { get; init; }

    /// <summary>The region where alone its keys are imported, by its letter.</summary>
    public string? Home { get; init; }

    /// <summary>Prices by quantity, all of them; an empty list = none any more.</summary>
    public IReadOnlyList<PriceTier>? Tiers { get; init; }

    /// <summary>What can be known to be wrong before the product has been looked up.</summary>
    /// <exception cref="ShopctlException">A value is out of its bounds; the text names each.</exception>
    public void Check() => (this with
    {
        Name = Name ?? "-",
        // Tiers are measured against what the product has: here, against the most that one can have.
        Price = Price ?? ProductDraft.HighestPrice,
        MaxQuantity = MaxQuantity ?? ProductDraft.LargestQuantity,
    }).ApplyTo(null);

    /// <summary>The product as it will be.</summary>
    /// <param name="present">As it is; null for a new one.</param>
    /// <exception cref="ShopctlException">A value is out of its bounds; the text names each.</exception>
    public Product ApplyTo(Product? present)
    {
        if (present is null && (Name is null || Price is null))
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"There is no product {Sku} yet: a new one needs --name and --price");
        }

        var draft = new ProductDraft(
            Sku, Name, Price, MaxQuantity, Currency, Hold, HoldSeconds, WaitSeconds, OnSale, Kind, Listed, LowStock)
        {
            Category = Category,
            Description = Description,
            Tiers = Tiers,
            Home = Home,
        };
        var (product, faults) = draft.ApplyTo(present);
        return faults.Count == 0
            ? product
            : throw new ShopctlException(
                ExitCodes.Usage, string.Join(Environment.NewLine, faults.Select(f => $"{OptionOf(f.Field)} {f.Message}")));
    }

    /// <summary>True for text that can name a product.</summary>
    public static bool IsSku(string? sku) => ProductDraft.IsSku(sku);

    /// <exception cref="ShopctlException">It cannot name a product.</exception>
    public static string RequireSku(string? sku) => IsSku(sku)
        ? sku!
        : throw new ShopctlException(ExitCodes.Usage, "SKU must be 1 to 64 of A-Z a-z 0-9 . _ -");

    private static string OptionOf(string field) => field switch
    {
        "sku" => "SKU",
        "maxQuantity" => "--max-quantity",
        "holdSeconds" => "--hold-seconds or --hold-minutes",
        "waitSeconds" => "--wait-seconds or --wait-minutes",
        "lowStock" => "--low-stock",
        "tiers" => "--tier",
        _ => "--" + field,
    };
}
