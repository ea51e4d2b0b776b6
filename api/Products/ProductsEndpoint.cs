using CardShop.Api.Orders;
using CardShop.Api.Payments;
using CardShop.Api.Tables;
using CardShop.Contracts;

namespace CardShop.Api.Products;

/// <param name="Price">Of one unit, where no tier is reached.</param>
/// <param name="Stock">Advisory; null where nothing is known, and for manual goods, which have none.</param>
/// <param name="Kind">unique, reusable or manual.</param>
/// <param name="Category">Plain text; null = in no category.</param>
/// <param name="Tiers">Prices by quantity, minor units; the highest tier reached holds for every unit. Null = none.</param>
/// <param name="Description">What it is and how it is redeemed, plain text with line breaks. Not in the list of all products.</param>
public sealed record ProductView(
    string Sku, string Name, MoneyView Price, long? Stock, int MaxQuantity, bool OnSale, int HoldSeconds, ProductKind Kind,
    string? Category, IReadOnlyList<PriceTier>? Tiers, string? Description = null);

/// <param name="Channels">By what can be paid.</param>
public sealed record ProductList(IReadOnlyList<ProductView> Products, IReadOnlyList<ChannelView> Channels);

/// <param name="Channels">By what can be paid.</param>
public sealed record ProductDetails(ProductView Product, IReadOnlyList<ChannelView> Channels);

/// <summary>The catalog as it stands in memory.</summary>
public sealed class ProductsEndpoint(ShopTables tables, ChannelChoice channels)
{
    /// <summary><c>GET /v1/products</c>: what is listed, without descriptions, so that it stays light with many products.</summary>
    public IResult List() => NotYet() ?? Results.Json(
        new ProductList(
            [.. tables.Products.Where(p => !p.Hidden).OrderBy(p => p.Sku, StringComparer.Ordinal).Select(View)], channels.View()),
        ApiJson.Default.ProductList);

    /// <summary><c>GET /v1/products/{sku}</c>: one product with all that a buyer reads, also one that is not listed.</summary>
    public IResult Show(string sku) => NotYet() ?? (tables.Find(sku) is { } product
        ? Results.Json(
            new ProductDetails(View(product) with { Description = product.Description }, channels.View()),
            ApiJson.Default.ProductDetails)
        : Problem.Of(StatusCodes.Status404NotFound, "There is no such product", "GET /v1/products lists those on offer."));

    private IResult? NotYet() => tables.Ready
        ? null
        : Problem.Unavailable("The catalog is still being read. Try again in a moment.");

    private ProductView View(Product product) => new(
        product.Sku, product.Name, new(product.Currency, product.Price),
        product.Kind == ProductKind.Manual ? null : tables.Available(product.Sku), product.MaxQuantity, product.OnSale,
        product.HoldSeconds, product.Kind, product.Category, product.Tiers);
}
