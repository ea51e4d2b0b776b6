using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Products;

/// <summary>What an operator says about a product with the words of a command: a draft whose faults name options.</summary>
/// <param name="Price">Per unit, fen.</param>
public sealed record ProductChange(
    string Sku, string Name, long Price, int? MaxQuantity = null, string? Currency = null, HoldPolicy? Hold = null,
    int? HoldSeconds = null, int? WaitSeconds = null, bool? OnSale = null, ProductKind? Kind = null)
{
    /// <summary>The product as it will be.</summary>
    /// <param name="present">As it is; null for a new one.</param>
    /// <exception cref="ShopctlException">A value is out of its bounds; the text names each.</exception>
    public Product ApplyTo(Product? present)
    {
        var draft = new ProductDraft(
            Sku, Name, Price, MaxQuantity, Currency, Hold, HoldSeconds, WaitSeconds, OnSale, Kind);
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
        _ => "--" + field,
    };
}
