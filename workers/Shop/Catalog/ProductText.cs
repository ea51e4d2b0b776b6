using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CardShop.Contracts;

namespace CardShop.Shop.Catalog;

/// <summary>A product in words.</summary>
public static class ProductText
{
    /// <summary>As the audit keeps it before and after a change: one line, of a description only a mark that changes with it.</summary>
    public static string Describe(Product product) => string.Create(
        CultureInfo.InvariantCulture,
        $"{product.Name}: {product.Price} fen {product.Currency}{Tiers(product)}, at most {product.MaxQuantity}, " +
        $"{(product.OnSale ? "on sale" : "off sale")}, holds {product.HoldSeconds} s at {product.Hold}, waits {product.WaitSeconds} s" +
        $"{(product.Home is { } home ? $", home {home}" : string.Empty)}" +
        $"{(product.Category is { } category ? $", category {category}" : string.Empty)}" +
        $"{(product.Description is { } text ? $", description {Mark(text)}" : string.Empty)}");

    private static string Tiers(Product product) => string.Concat((product.Tiers ?? []).Select(
        t => string.Create(CultureInfo.InvariantCulture, $", from {t.From}: {t.Price}")));

    private static string Mark(string text) => string.Create(
        CultureInfo.InvariantCulture,
        $"of {text.Length} characters ({Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4))})");
}
