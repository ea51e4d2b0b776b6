using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Regions;

/// <summary>The other region is a log of its own: what arrives there is what it would import.</summary>
public sealed class When_stock_goes_to_another_region(TestServers servers)
{
    private const string Sku = "MOVED";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_gone_here_and_comes_in_there_once_also_after_the_database_forgot_it()
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"b{Environment.ProcessId}.");
        var there = new KafkaSettings(
            await servers.KafkaAsync(), "test", TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(1))
        { TopicPrefix = prefix };
        await using var other = new KafkaLog(there, TimeProvider.System, TestLogs.Factory.CreateLogger<KafkaLog>());
        await other.CreateTopicsAsync([Topics.KeyBatches], 1, Stop);
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Regions:b:BootstrapServers"] = there.BootstrapServers,
            ["Regions:b:TopicPrefix"] = prefix,
        });
        await shop.AddProductAsync(Sku, keys: 6);
        await shop.StopFleetsAsync();
        var copy = await CopyDatabaseAsync(shop);
        shop.StartFleets();

        Assert.Equal(0, await Shop.Shopctl.RunAsync(shop, "stock", "transfer", Sku, "--to", "b", "--quantity", "4", "--why", "they sell it"));
        var approval = await Shop.Shopctl.LastApprovalAsync(shop);
        string[] again = ["stock", "transfer", Sku, "--to", "b", "--quantity", "4", "--why", "they sell it", "--approval", approval];
        Assert.Equal(0, await Shop.Shopctl.RunAsAsync(shop, Shop.Shopctl.First, again));

        Assert.Equal(2, await shop.CountAsync($"SELECT available FROM shop.stock WHERE sku = '{Sku}'"));
        var arrived = Assert.Single(await ArrivedAsync(other));
        Assert.Equal(("b", Sku, 4), (arrived.Region, arrived.Sku, arrived.Keys.Count));
        Assert.Equal(await VoidAsync(shop.Database), arrived.Keys.Select(k => k.Id).Order());
        Assert.Equal(1, await Shop.Shopctl.RunAsync(shop, "stock", "transfer", Sku, "--to", "b", "--quantity", "3", "--why", "too many"));

        // The database of before the transfer: until it is recovered it would sell all six.
        await Eventually.TrueAsync(async () => await shop.CountAsync("SELECT count(*) FROM shop.key_voids") == 1
            && (await shop.Log.CommittedAsync("delivery", [Topics.KeyBatches], Stop)).Values.Sum() == 2, "the void is processed");
        await shop.StopFleetsAsync();
        ((Dictionary<string, string>)shop.Settings)["Postgres:ConnectionString"] = copy;
        await using var restored = NpgsqlDataSource.Create(copy);
        Assert.Empty(await VoidAsync(restored));
        Assert.Equal(0, await Shop.Shopctl.RunAsync(shop, "recover", "--yes", "--why", "an old backup"));

        Assert.Equal(arrived.Keys.Select(k => k.Id).Order(), await VoidAsync(restored));
        shop.StartFleets();
        await Eventually.TrueAsync(async () => (await ArrivedAsync(other)).Count == 2, "the batch is sent again");
        Assert.Equal(arrived.BatchId, (await ArrivedAsync(other))[1].BatchId);
        Assert.Equal(arrived.Keys.Select(k => k.Id).Order(), (await ArrivedAsync(other))[1].Keys.Select(k => k.Id).Order());
    }

    private static async Task<List<KeysImported>> ArrivedAsync(KafkaLog other) =>
    [
        .. (await other.TailAsync(Topics.KeyBatches, 100, Stop)).OrderBy(r => r.Offset)
            .Select(r => JsonSerializer.Deserialize(r.Value!, ContractsJson.Default.KeysImported)!),
    ];

    private static async Task<List<Guid>> VoidAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT id FROM shop.card_keys WHERE status = 'void' ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync(Stop);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(Stop))
        {
            ids.Add(reader.GetGuid(0));
        }

        return [.. ids.Order()];
    }

    /// <returns>The connection string of a database with the same content.</returns>
    private async Task<string> CopyDatabaseAsync(RunningShop shop)
    {
        var empty = new NpgsqlConnectionStringBuilder(await servers.NewDatabaseAsync());
        var origin = new NpgsqlConnectionStringBuilder(shop.Setting("Postgres:ConnectionString")).Database;
        var target = empty.Database;
        empty.Database = "postgres";
        empty.Pooling = false;
        await using var admin = new NpgsqlConnection(empty.ConnectionString);
        await admin.OpenAsync(Stop);
        foreach (var sql in new[]
        {
            $"DROP DATABASE {target}",
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{origin}'",
            $"CREATE DATABASE {target} TEMPLATE {origin}",
        })
        {
            await using var command = admin.CreateCommand();
#pragma warning disable CA2100 // Names that the tests made.
            command.CommandText = sql;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(Stop);
        }

        shop.Database.Clear();
        return new NpgsqlConnectionStringBuilder(empty.ConnectionString) { Database = target, Pooling = true }.ConnectionString;
    }
}
