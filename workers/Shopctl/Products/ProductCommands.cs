using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Products;

/// <summary><c>shopctl product</c>: add, change, list, show.</summary>
public static class ProductCommands
{
    public static Command Create(Session session) => new("product", "The catalog.")
    {
        ProductAddCommand.Create(session),
        ProductAddCommand.CreateChange(session),
        List(session),
        Show(session),
    };

    private static Command List(Session session)
    {
        var list = new Command("list", "All products with their stock.");
        session.Bind(list, async (servers, _, cancellation) =>
        {
            await servers.RequireDatabaseAsync(cancellation);
            var table = Screen.Table(
                "sku", "name", "category", "kind", "#price (fen)", "on sale", "#available", "#reserved", "#sold", "#version", "published");
            await foreach (var row in ProductQueries.AllAsync(servers.Database, cancellation))
            {
                Screen.Row(
                    table, row.Product.Sku, row.Product.Hidden ? row.Product.Name + " (not listed)" : row.Product.Name,
                    row.Product.Category ?? "-", Kind(row.Product), Price(row.Product), row.Product.OnSale ? "yes" : "no",
                    Number(row.Available), Number(row.Reserved), Number(row.Sold), Number(row.Product.Version),
                    row.Published ? "yes" : "not yet");
            }

            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return list;
    }

    private static Command Show(Session session)
    {
        var sku = new Argument<string>("SKU") { Description = "Which product." };
        var show = new Command("show", "One product with all its settings.") { sku };
        session.Bind(show, async (servers, arguments, cancellation) =>
        {
            var name = ProductChange.RequireSku(arguments.GetValue(sku));
            await servers.RequireDatabaseAsync(cancellation);
            var product = await RequireAsync(servers, name, cancellation);
            var table = Screen.Table("setting", "value");
            foreach (var (setting, value) in Describe(product))
            {
                Screen.Row(table, setting, value);
            }

            await foreach (var stock in ProductQueries.StockAsync(servers.Database, name, cancellation))
            {
                Screen.Row(table, $"stock in region {stock.Region}", stock.Text);
            }

            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return show;
    }

    /// <exception cref="ShopctlException">There is no such product.</exception>
    public static async Task<Product> RequireAsync(ShopServers servers, string sku, CancellationToken cancellation) =>
        await CatalogStore.FindAsync(servers.Database, sku, cancellation)
        ?? throw new ShopctlException(
            ExitCodes.Failed, $"There is no product {sku}. 'shopctl product list' shows all, 'shopctl product add' makes one.");

    private static IEnumerable<(string Setting, string Value)> Describe(Product product) =>
    [
        ("sku", product.Sku),
        ("name", product.Name),
        ("kind", Kind(product)),
        ("category", product.Category ?? "-"),
        ("description", product.Description ?? "-"),
        ("price", string.Create(CultureInfo.InvariantCulture, $"{product.Price} fen {product.Currency}")),
        ("home region", product.Home ?? "this one"),
        ("price by quantity", ProductWords.Describe(product)),
        ("max quantity", Number(product.MaxQuantity)),
        ("on sale", product.OnSale ? "yes" : "no"),
        ("listed", product.Hidden ? "no: sold to whoever knows the SKU" : "yes"),
        ("low stock", product.LowStock == 0 ? "never pointed out" : $"fewer than {Number(product.LowStock)}"),
        ("stock is held", product.Hold == HoldPolicy.Order ? "at order" : "at payment"),
        ("time to pay", string.Create(CultureInfo.InvariantCulture, $"{product.HoldSeconds} s")),
        (product.Kind == ProductKind.Manual ? "operator takes at most" : "paid order waits for stock", product.WaitSeconds == 0
            ? product.Kind == ProductKind.Manual ? "a day" : "no: refund at once"
            : string.Create(CultureInfo.InvariantCulture, $"{product.WaitSeconds} s")),
        ("version", Number(product.Version)),
    ];

    /// <summary>With a sign that more units cost less.</summary>
    private static string Price(Product product) => (product.Tiers is null ? string.Empty : "to ") + Number(product.Price);

    private static string Kind(Product product) => JsonNamingPolicy.KebabCaseLower.ConvertName(product.Kind.ToString());

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
