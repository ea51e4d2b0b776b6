using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Products;

/// <summary>What an operator says about a product; what is left out stays as it is, or is the default of a new one.</summary>
/// <param name="Name">A new product needs one.</param>
/// <param name="Price">Per unit, fen. A new product needs one.</param>
public sealed partial record ProductChange(
    string Sku, string? Name = null, long? Price = null, int? MaxQuantity = null, string? Currency = null, HoldPolicy? Hold = null,
    int? HoldSeconds = null, int? WaitSeconds = null, bool? OnSale = null, ProductKind? Kind = null)
{
    private const int DefaultMaxQuantity = 10;
    private const int DefaultHoldSeconds = 15 * 60;
    private const int LongestSeconds = 366 * 24 * 3600;

    /// <summary>False: kept off the public list, but sold to whoever knows the SKU.</summary>
    public bool? Listed { get; init; }

    /// <summary>Fewer available than this are pointed out; 0 = never.</summary>
    public int? LowStock { get; init; }

    /// <summary>What can be known to be wrong before the product has been looked up.</summary>
    /// <exception cref="ShopctlException">A value is out of its bounds; the text names each.</exception>
    public void Check() => ApplyTo(Plain("-", 1));

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

        var before = present ?? Plain(Name!, Price!.Value);
        if (Kind is { } kind && kind != before.Kind)
        {
            // Its keys, its stock and its orders are of the other kind.
            throw new ShopctlException(
                ExitCodes.Usage, "--kind of a product never changes: take the product off sale and add another SKU");
        }

        var product = Merge(before);
        string[] errors = [.. Errors(product)];
        return errors.Length == 0
            ? product
            : throw new ShopctlException(ExitCodes.Usage, string.Join(Environment.NewLine, errors));
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
    };

    /// <summary>True for text that can name a product.</summary>
    public static bool IsSku(string? sku) => sku is not null && SkuPattern().IsMatch(sku);

    /// <exception cref="ShopctlException">It cannot name a product.</exception>
    public static string RequireSku(string? sku) => IsSku(sku)
        ? sku!
        : throw new ShopctlException(ExitCodes.Usage, "SKU must be 1 to 64 of A-Z a-z 0-9 . _ -");

    private Product Plain(string name, long price) => new(
        Sku, name, price, "CNY", DefaultMaxQuantity, OnSale: true, HoldPolicy.Order, DefaultHoldSeconds, WaitSeconds: 0,
        Version: 0, Kind ?? ProductKind.Unique);

    private static IEnumerable<string> Errors(Product product)
    {
        (bool Holds, string Text)[] rules =
        [
            (IsSku(product.Sku), "SKU must be 1 to 64 of A-Z a-z 0-9 . _ -"),
            (product.Name.Length is >= 1 and <= 120 && !product.Name.Any(char.IsControl),
                "--name must be 1 to 120 characters, none of them a control character"),
            (product.Price is >= 1 and <= 10_000_000_000, "--price must be 1 to 10000000000 fen"),
            (CurrencyPattern().IsMatch(product.Currency), "--currency must be three capital letters, such as CNY"),
            (product.MaxQuantity is >= 1 and <= 10_000, "--max-quantity must be 1 to 10000"),
            (product.HoldSeconds is >= 1 and <= LongestSeconds, "--hold-seconds or --hold-minutes must be 1 s to 366 days"),
            (product.WaitSeconds is >= 0 and <= LongestSeconds, "--wait-seconds or --wait-minutes must be 0 to 366 days"),
            (product.LowStock is >= 0 and <= 1_000_000_000, "--low-stock must be 0 to 1000000000"),
        ];
        return rules.Where(r => !r.Holds).Select(r => r.Text);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex SkuPattern();

    [GeneratedRegex(@"\A[A-Z]{3}\z")]
    private static partial Regex CurrencyPattern();
}
