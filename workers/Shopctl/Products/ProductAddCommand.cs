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

/// <summary><c>shopctl product add</c>: a new product, or a change of one.</summary>
public static class ProductAddCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Create(Session session)
    {
        var sku = new Argument<string>("SKU") { Description = "1 to 64 of A-Z a-z 0-9 . _ -" };
        var name = new Option<string>("--name") { Required = true, Description = "1 to 120 characters.", HelpName = "N" };
        var price = new Option<long>("--price") { Required = true, Description = "Per unit, in fen.", HelpName = "FEN" };
        var max = new Option<int?>("--max-quantity") { Description = "Per order, 1 to 10000 (10).", HelpName = "N" };
        var currency = new Option<string?>("--currency") { Description = "Three letters (CNY).", HelpName = "CODE" };
        var hold = new Option<string?>("--hold") { Description = "When stock is set aside (order)." };
        hold.AcceptOnlyFromAmong("order", "payment");
        var holdMinutes = new Option<int?>("--hold-minutes") { Description = "Time to pay (15).", HelpName = "N" };
        var holdSeconds = new Option<int?>("--hold-seconds") { Description = "The same in seconds.", HelpName = "N" };
        var waitMinutes = new Option<int?>("--wait-minutes")
        {
            Description =
                "How long a paid order waits for stock (0 = refund at once); of manual goods, for its operator (0 = a day).",
            HelpName = "N",
        };
        var waitSeconds = new Option<int?>("--wait-seconds") { Description = "The same in seconds.", HelpName = "N" };
        var kind = new Option<string?>("--kind")
        {
            Description =
                "unique: a key per unit. reusable: each key is sold up to a quota. manual: an operator writes a text for " +
                "every order, no stock (unique). It never changes.",
        };
        kind.AcceptOnlyFromAmong("unique", "reusable", "manual");
        var offSale = new Option<bool>("--off-sale") { Description = "Shown, but not sold." };
        var onSale = new Option<bool>("--on-sale") { Description = "Sold again." };
        var add = new Command(
            "add", "Adds a product. The same SKU again changes it; options that are left out stay as they are.")
        {
            sku, name, price, max, currency, hold, holdMinutes, holdSeconds, waitMinutes, waitSeconds, offSale, onSale, kind,
        };
        add.Takes(OperatorActions.ProductAdd);
        session.Bind(add, (servers, arguments, cancellation) =>
        {
            var change = new ProductChange(
                arguments.GetValue(sku)!, arguments.GetValue(name)!, arguments.GetValue(price), arguments.GetValue(max),
                arguments.GetValue(currency),
                arguments.GetValue(hold) switch { "order" => HoldPolicy.Order, "payment" => HoldPolicy.Payment, _ => null },
                Seconds(arguments.GetValue(holdMinutes), arguments.GetValue(holdSeconds), "--hold"),
                Seconds(arguments.GetValue(waitMinutes), arguments.GetValue(waitSeconds), "--wait"),
                OnSale(arguments.GetValue(offSale), arguments.GetValue(onSale)),
                arguments.GetValue(kind) switch
                {
                    "unique" => ProductKind.Unique,
                    "reusable" => ProductKind.Reusable,
                    "manual" => ProductKind.Manual,
                    _ => null,
                });
            return RunAsync(session, servers, change, cancellation);
        });
        return add;
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
        Session session, ShopServers servers, ProductChange change, CancellationToken cancellation)
    {
        change.ApplyTo(null);
        await servers.RequireWritableAsync(cancellation);
        var present = await CatalogStore.FindAsync(servers.Database, change.Sku, cancellation);
        var product = change.ApplyTo(present);
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.ProductAdd, product.Sku, null, [], cancellation);
        var version = await PutAsync(session, servers, product, cancellation);
        await grant.DoneAsync(present is null ? null : Describe(present), Describe(product), cancellation);
        await WaitPublishedAsync(session, servers, change.Sku, version, cancellation);
        return ExitCodes.Ok;
    }

    private static string Describe(Product product) => string.Create(
        CultureInfo.InvariantCulture,
        $"{product.Name}: {product.Price} fen {product.Currency}, at most {product.MaxQuantity}, " +
        $"{(product.OnSale ? "on sale" : "off sale")}, holds {product.HoldSeconds} s at {product.Hold}, waits {product.WaitSeconds} s");

    private static int? Seconds(int? minutes, int? seconds, string name) => (minutes, seconds) switch
    {
        (not null, not null) => throw new ShopctlException(
            ExitCodes.Usage, $"Say {name}-minutes or {name}-seconds, not both."),
        ({ } m, null) => (int)Math.Clamp(m * 60L, int.MinValue, int.MaxValue),
        _ => seconds,
    };

    private static bool? OnSale(bool off, bool on) => (off, on) switch
    {
        (true, true) => throw new ShopctlException(ExitCodes.Usage, "Say --off-sale or --on-sale, not both."),
        (true, false) => false,
        (false, true) => true,
        _ => null,
    };
}
