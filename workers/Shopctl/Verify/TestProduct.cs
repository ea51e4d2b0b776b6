using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shopctl.Demo;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Verify;

/// <summary>
/// The product that is ordered to verify an installation: off the public list, one fen, a stock of its own that is filled up
/// when it runs low. Its stock is only taken when an order is paid, and an unpaid order ends after a minute.
/// </summary>
internal static class TestProduct
{
    /// <summary>Its SKU, where none is named.</summary>
    public const string DefaultSku = "VERIFY";

    private const long LeastStock = 5;
    private const int FillUp = 20;
    private const int HoldSeconds = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Makes it, or fills it up. Without the setting of PostgreSQL it is taken to be there.</summary>
    public static async Task EnsureAsync(Session session, ShopServers servers, string sku, CancellationToken cancellation)
    {
        if (session.Settings.Optional(ShopctlSettings.PostgresName) is null)
        {
            session.Screen.Note(
                $"Setting {ShopctlSettings.PostgresName} is not there: product {sku} must be in the shop already, with stock.");
            return;
        }

        var secrets = servers.OpenSecrets();
        var vault = servers.OpenVault();
        await servers.RequireWritableAsync(cancellation);
        if (await CatalogStore.FindAsync(servers.Database, sku, cancellation) is not { } present)
        {
            var change = new ProductChange(
                sku, "Verification (not for sale)", 1, Hold: HoldPolicy.Payment, HoldSeconds: HoldSeconds)
            {
                Listed = false,
            };
            await CatalogStore.PutAsync(servers.Database, change.ApplyTo(null), servers.Settings.Region, cancellation);
            session.Screen.Note($"{sku} added: the test product, off the public list.");
        }
        else if (!present.Hidden)
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"{sku} is on the public list: orders to verify would take its stock. Name a --hidden product.");
        }

        var (imported, available) = await StockAsync(servers, sku, cancellation);
        if (available < LeastStock)
        {
            var batcher = new KeyBatcher(vault, new(sku, servers.Settings.Region, FillUp, session.Time.GetUtcNow()));
            var report = new ImportReport();
            await ImportProgress.RunAsync(
                session.Screen, session.Time, read: null,
                progress => new KeyImporter(servers, batcher, report, progress).RunAsync(
                    Keys(secrets.Fingerprint, sku, imported), Patience, cancellation));
            session.Screen.Note(string.Create(CultureInfo.InvariantCulture, $"{sku}: {report.Imported} keys for verification added."));
        }
    }

    private static IAsyncEnumerable<KeyLine> Keys(byte[] secret, string sku, long after) => Enumerable.Range(1, FillUp)
        .Select(i => new KeyLine(i, DemoKeys.Create(secret, sku, (int)(after % (int.MaxValue - FillUp)) + i), null))
        .ToAsyncEnumerable();

    private static async Task<(long Imported, long Available)> StockAsync(
        ShopServers servers, string sku, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            "SELECT imported, available FROM shop.stock WHERE sku = $1 AND region = $2");
        command.Parameters.Add(new() { Value = sku });
        command.Parameters.Add(new() { Value = servers.Settings.Region });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
    }
}
