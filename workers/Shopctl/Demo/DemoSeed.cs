using System.Globalization;
using CardShop.Shop.Catalog;
using CardShop.Shop.Keys;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Demo;

/// <summary>The demo catalog, made once. What an operator has changed since is not touched.</summary>
public static class DemoSeed
{
    private const int KeysEach = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const string Instructions =
        "A key of the demo: it is worth nothing, and no game takes it.\n\n" +
        "How a real one would be redeemed:\n1. Sign in to your account.\n2. Choose Redeem a code.\n3. Enter the key as it stands here.";

    private static readonly IReadOnlyList<ProductChange> Products =
    [
        new("DEMO-10", "Demo card 10 yuan", 1_000) { Category = "Game credit", Description = Instructions },
        new("DEMO-50", "Demo card 50 yuan", 5_000) { Category = "Game credit", Description = Instructions },
        new("DEMO-100", "Demo card 100 yuan", 10_000)
        {
            Category = "Gift cards",
            Description = Instructions,
            Tiers = [new(5, 9_500)],
        },
    ];

    public static async Task<int> RunAsync(Session session, ShopServers servers, CancellationToken cancellation)
    {
        var secrets = servers.OpenSecrets();
        var vault = servers.OpenVault();
        await servers.RequireWritableAsync(cancellation);
        await using var grant = await session.Operators.RequireAsync(OperatorActions.DemoSeed, "DEMO-10, DEMO-50, DEMO-100", null, [], cancellation);
        var versions = new Dictionary<string, int>();
        foreach (var change in Products)
        {
            if (await CatalogStore.FindAsync(servers.Database, change.Sku, cancellation) is null)
            {
                versions[change.Sku] = await ProductAddCommand.PutAsync(
                    session, servers, change.ApplyTo(null), cancellation);
            }
            else
            {
                session.Screen.Line($"{change.Sku} is there already.");
            }

            if (await IsEmptyAsync(servers, change.Sku, cancellation))
            {
                await ImportAsync(session, servers, secrets, vault, change.Sku, cancellation);
            }
        }

        await grant.DoneAsync(null, null, cancellation);
        foreach (var (sku, version) in versions)
        {
            await ProductAddCommand.WaitPublishedAsync(session, servers, sku, version, cancellation);
        }

        return ExitCodes.Ok;
    }

    /// <summary>True where no key was ever imported, also where an earlier seed was interrupted before it.</summary>
    private static async Task<bool> IsEmptyAsync(ShopServers servers, string sku, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            "SELECT NOT EXISTS (SELECT FROM shop.stock WHERE sku = $1 AND imported > 0)");
        command.Parameters.Add(new() { Value = sku });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static async Task ImportAsync(
        Session session, ShopServers servers, ShopSecrets secrets, KeyVault vault, string sku,
        CancellationToken cancellation)
    {
        var now = session.Time.GetUtcNow();
        var batcher = new KeyBatcher(
            vault, new(sku, servers.Settings.Region, KeysEach, now));
        var report = new ImportReport();
        await ImportProgress.RunAsync(
            session.Screen, session.Time, read: null,
            progress => new KeyImporter(servers, batcher, report, progress).RunAsync(
                DemoKeys.CreateAsync(secrets.Fingerprint, sku, KeysEach), Patience, cancellation));
        session.Screen.Line(string.Create(CultureInfo.InvariantCulture, $"{sku}: {report.Imported:N0} keys in stock."));
    }
}
