using CardShop.Api.Orders;
using CardShop.Api.Payments;
using CardShop.Api.Tables;
using CardShop.Contracts;

namespace CardShop.Api.Products;

/// <param name="Stock">Advisory; null where nothing is known, and for manual goods, which have none.</param>
/// <param name="Kind">unique, reusable or manual.</param>
public sealed record ProductView(
    string Sku, string Name, MoneyView Price, long? Stock, int MaxQuantity, bool OnSale, int HoldSeconds, ProductKind Kind);

/// <param name="Channels">By what can be paid.</param>
public sealed record ProductList(IReadOnlyList<ProductView> Products, IReadOnlyList<ChannelView> Channels);

/// <summary><c>GET /v1/products</c>: the catalog as it stands in memory.</summary>
public sealed class ProductsEndpoint(ShopTables tables, ChannelChoice channels)
{
    public IResult List() => !tables.Ready
        ? Results.Json(
            Problem.Unavailable("The catalog is still being read. Try again in a moment."), ApiJson.Default.Problem,
            "application/problem+json", StatusCodes.Status503ServiceUnavailable)
        : Results.Json(
            new ProductList(
                [.. tables.Products.Where(p => !p.Hidden).OrderBy(p => p.Sku, StringComparer.Ordinal).Select(p => new ProductView(
                    p.Sku, p.Name, new(p.Currency, p.Price),
                    p.Kind == ProductKind.Manual ? null : tables.Available(p.Sku), p.MaxQuantity, p.OnSale, p.HoldSeconds,
                    p.Kind))],
                channels.View()),
            ApiJson.Default.ProductList);
}
