using System.CommandLine;
using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Products;

/// <summary><c>shopctl product add</c> and <c>product change</c>: a new product, or a change of one.</summary>
public static class ProductAddCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary><c>add</c>: a new product; of one that is there, the given settings change.</summary>
    public static Command Create(Session session) => Create(
        session, "add",
        "Adds a product; a new one needs --name and --price. The same SKU again changes what is given, the rest stays as it is.",
        mustBeThere: false);

    /// <summary><c>change</c>: the same, where a mistyped SKU must not become a product.</summary>
    public static Command CreateChange(Session session) => Create(
        session, "change", "Changes what is given of a product that is there; the rest stays as it is.", mustBeThere: true);

    private static Command Create(Session session, string verb, string description, bool mustBeThere)
    {
        var sku = new Argument<string>("SKU") { Description = "1 to 64 of A-Z a-z 0-9 . _ -" };
        var options = new ProductOptions();
        var command = new Command(verb, description) { sku };
        options.AddTo(command);
        command.Takes(OperatorActions.ProductAdd);
        session.Bind(command, (servers, arguments, cancellation) =>
            RunAsync(session, servers, options.Read(arguments, arguments.GetValue(sku)!), mustBeThere, cancellation));
        return command;
    }

    /// <summary>Writes a product and says so.</summary>
    /// <returns>Its new version.</returns>
    public static async Task<int> PutAsync(
        Session session, ShopServers servers, Product product, CancellationToken cancellation)
    {
        var version = await CatalogStore.PutAsync(servers.Database, product, servers.Settings.Region, cancellation);
        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{product.Sku} {(version == 1 ? "added" : "changed")}: version {version}, " +
            $"{product.Price} fen {product.Currency}."));
        return version;
    }

    /// <summary>Waits at most 10 s for the catalog publisher of a fleet.</summary>
    /// <returns>False where the version has not appeared on shop.catalog.v1.</returns>
    public static async Task<bool> WaitPublishedAsync(
        Session session, ShopServers servers, string sku, int version, CancellationToken cancellation)
    {
        var started = session.Time.GetTimestamp();
        var said = false;
        while (!await CatalogStore.IsPublishedAsync(servers.Database, sku, version, cancellation))
        {
            var waited = session.Time.GetElapsedTime(started);
            if (waited > Patience)
            {
                session.Screen.Note(
                    $"Warning: {sku} is saved but not published after 10 s, so buyers do not see it yet. " +
                    "No fleet is running to publish it; it goes out when one starts.");
                return false;
            }

            if (!said && waited > TimeSpan.FromSeconds(1))
            {
                said = true;
                session.Screen.Note($"Waiting up to 10 s for a fleet to publish {sku} on {Topics.Catalog.Name} …");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), session.Time, cancellation);
        }

        session.Screen.Line($"{sku} is published on {Topics.Catalog.Name}.");
        return true;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, ProductChange change, bool mustBeThere, CancellationToken cancellation)
    {
        change.Check();
        await servers.RequireWritableAsync(cancellation);
        var present = mustBeThere
            ? await ProductCommands.RequireAsync(servers, change.Sku, cancellation)
            : await CatalogStore.FindAsync(servers.Database, change.Sku, cancellation);
        var product = change.ApplyTo(present);
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.ProductAdd, product.Sku, null, [], cancellation);
        var version = await PutAsync(session, servers, product, cancellation);
        await grant.DoneAsync(present is null ? null : ProductText.Describe(present), ProductText.Describe(product), cancellation);
        await WaitPublishedAsync(session, servers, change.Sku, version, cancellation);
        return ExitCodes.Ok;
    }
}
