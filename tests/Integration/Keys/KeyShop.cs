using System.Globalization;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Tests.Integration.Shop;

namespace CardShop.Tests.Integration.Keys;

/// <summary>What tests of keys need of a running shop: shopctl's parts against its servers, and figures of stock.</summary>
internal static class KeyShop
{
    public static ShopServers Servers(RunningShop shop) => new(
        new ShopctlSettings(name => shop.Setting(name.Replace("__", ":", StringComparison.Ordinal))), TimeProvider.System);

    /// <summary>Imports a file's secrets as shopctl does.</summary>
    /// <param name="stopAfter">How many lines are read before it is interrupted; null = all.</param>
    public static async Task<ImportReport> ImportAsync(
        RunningShop shop, string sku, IReadOnlyList<string> secrets, int batchSize, CancellationToken cancellation,
        int? stopAfter = null)
    {
        shop.Known.Add("imported key text", secrets[0]);
        await using var servers = Servers(shop);
        var report = new ImportReport();
        var batcher = new KeyBatcher(
            servers.OpenVault(), new(sku, "a", batchSize, TimeProvider.System.GetUtcNow()));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await new KeyImporter(servers, batcher, report, new Silence()).RunAsync(
                LinesAsync(secrets, stopAfter, stop), TimeSpan.FromSeconds(60), stop.Token);
        }
        catch (OperationCanceledException) when (stopAfter is not null)
        {
            // Interrupted, as wanted.
        }

        return report;
    }

    /// <summary>imported, available, reserved, sold and void of a product, as text.</summary>
    public static async Task<string> StockAsync(RunningShop shop, string sku)
    {
        await using var command = shop.Database.CreateCommand(
            "SELECT imported || ' ' || available || ' ' || reserved || ' ' || sold || ' ' || void FROM shop.stock WHERE sku = $1");
        command.Parameters.Add(new() { Value = sku });
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async IAsyncEnumerable<KeyLine> LinesAsync(
        IReadOnlyList<string> secrets, int? stopAfter, CancellationTokenSource stop)
    {
        for (var i = 0; i < secrets.Count; i++)
        {
            if (i == stopAfter)
            {
                await stop.CancelAsync();
                stop.Token.ThrowIfCancellationRequested();
            }

            yield return new(i + 1, new(null, secrets[i]), null);
        }
    }

    private sealed class Silence : IImportProgress
    {
        public void Report(ImportReport report)
        {
        }

        public void Say(string text)
        {
        }
    }

    public static IReadOnlyList<string> Secrets(string sku, int count) =>
        [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{sku}-{i:D6}"))];
}
