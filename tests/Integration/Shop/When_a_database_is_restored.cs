using CardShop.Contracts;
using CardShop.Local.Parts;
using CardShop.Local.Servers;
using CardShop.Shop.Housekeeping;
using CardShop.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>pgBackRest as it is: a backup, a drill, the loss of the server, and what comes back.</summary>
public sealed class When_a_database_is_restored(TestServers servers)
{
    [Fact]
    public async Task A_drill_audits_a_copy_and_a_restore_brings_the_backup_back_behind_the_fence()
    {
        var backup = new PostgresBackup(servers.NewFolder("backup"));
        await using var postgres = PostgresServer.Create(servers.NewFolder("own-postgres"), backup: backup);
        await postgres.StartAsync(TestContext.Current.CancellationToken);
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Postgres:ConnectionString"] = postgres.ConnectionString,
            ["Sandbox:AutoPay"] = "true",
            ["Backup:Config"] = backup.ConfigFile,
            ["Backup:RunAs"] = string.Join(' ', postgres.RunAs),
            ["Housekeeping:KeepLogDays"] = "0",
        });
        await shop.AddProductAsync("DRILL", keys: 100);
        await DeliverAsync(shop, 30, total: 30);

        Assert.Equal(0, await Shopctl.RunAsync(shop, "backup", "init"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "backup", "--full"));
        var label = (await KeptBackupStore.ReadAsync(shop.Database, default)).Single();
        Assert.Equal("full", label.Kind);
        Assert.Equal(30, label.Progress!.Where(o => o.Topic == Topics.Orders.Name).Sum(o => o.NextOffset));
        await DeliverAsync(shop, 20, total: 50);
        Assert.Equal(0, await Shopctl.RunAsync(shop, "backup"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "backup", "list", "--check"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "backup", "verify"));

        // The older backup, while the shop has gone on: the log knows more than the copy, and every invariant holds.
        Assert.Equal(0, await Shopctl.RunAsync(shop, "restore", "drill", "--label", label.Label));
        Assert.Empty(Directory.GetDirectories(Path.GetDirectoryName(postgres.DataDirectory)!, "*.drill-*"));

        // Refused while it runs; lost; put back.
        Assert.Equal(1, await Shopctl.RunAsync(shop, "restore", label.Label, "--why", "test"));
        await postgres.KillAsync();
        Directory.Delete(postgres.DataDirectory, recursive: true);
        Assert.Equal(2, await Shopctl.RunAsync(shop, "restore", "no-such-label", "--why", "test"));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "restore", label.Label, "--why", "test"));
        await postgres.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => OrdersAsync(shop, 30), "the restored database has the orders of the backup");
        await Eventually.TrueAsync(
            () => shop.Fleet.Waiting?.StartsWith("fenced", StringComparison.Ordinal) == true, "the fleet is fenced until recover has run");
        Assert.Equal(1, await Shopctl.RunAsync(shop, "housekeeping", "run"));

        // A repository that has rotted says so, though pgBackRest's verification itself ends with 0.
        var segment = Directory.GetFiles(backup.Repository, "*.lz4", SearchOption.AllDirectories)[0];
        await using (var file = new FileStream(segment, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = 100;
            file.Write([0xFF, 0x00]);
        }

        Assert.Equal(1, await Shopctl.RunAsync(shop, "backup", "verify"));
    }

    private static async Task DeliverAsync(RunningShop shop, int orders, int total)
    {
        await Parallel.ForEachAsync(
            Enumerable.Range(0, orders), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => await shop.PlaceAsync("DRILL", contact: $"buyer{i}@example.org"));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'") == total
                && await shop.CountAsync("SELECT count(*) FROM shop.outbox") == 0,
            $"{total} orders are delivered");
    }

    private static async Task<bool> OrdersAsync(RunningShop shop, int orders)
    {
        try
        {
            return await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga") == orders;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
