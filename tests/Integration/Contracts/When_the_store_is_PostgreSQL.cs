using CardShop.Contracts;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Catalog;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Tests.Contracts;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Contracts;

/// <summary>The store's contract, held against PostgreSQL; and what only PostgreSQL is asked.</summary>
public sealed class When_the_store_is_PostgreSQL(TestServers servers) : StoreContract
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    private NpgsqlDataSource _database = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public override ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Orders_with_an_open_case_are_listed_page_by_page_whatever_their_status()
    {
        var open = new ReviewCase(ReviewKind.AmountMismatch, "odd", Now);
        var closed = open with { ClosedAt = Now, Resolution = "settled" };
        await CommitAsync(payments:
        [
            new(Saga("o1") with { Version = 1, Reviews = [closed, open] }, 0),
            new(Saga("o2") with { Version = 1, Reviews = [closed] }, 0),
            new(Saga("o3") with { Version = 1, Status = PaymentStatus.Paid, Reviews = [open] }, 0),
            new(Saga("o4") with { Version = 1 }, 0),
        ]);
        Assert.Equal(["o1", "o3"], (await ReviewQueries.OpenAsync(_database, null, 10, Stop)).Select(s => s.Id));
        Assert.Equal(["o1"], (await ReviewQueries.OpenAsync(_database, null, 1, Stop)).Select(s => s.Id));
        Assert.Equal(["o3"], (await ReviewQueries.OpenAsync(_database, "o1", 10, Stop)).Select(s => s.Id));
        Assert.Equal(2, (await ReviewQueries.FindAsync(_database, "o1", Stop))!.Reviews!.Count);
    }

    protected override async Task<(IShopStore Store, IOutboxStore Outbox)> OpenAsync(StockKey product)
    {
        _database = Database.Open(await servers.NewDatabaseAsync(), "contract");
        await Migrations.ApplyAsync(_database, typeof(ShopWork).Assembly, TestLogs.Factory.CreateLogger("migrate"), Stop);
        await CatalogStore.PutAsync(
            _database, new(product.Sku, "Card", 1_000, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0), product.Region, Stop);
        return (new PostgresShopStore(_database), new OutboxTable(_database, PostgresShopStore.ReviewAsync));
    }

    protected override async Task<StoreLook> LookAsync() => new(
        await ReadAsync(
            "SELECT id, status, order_id FROM shop.card_keys ORDER BY id",
            r => new KeyLook(r.GetGuid(0), r.GetString(1), r.IsDBNull(2) ? null : r.GetString(2))),
        (await ReadAsync("SELECT id, duplicates FROM shop.key_batches", r => (r.GetString(0), r.GetFieldValue<int[]>(1))))
            .ToDictionary(b => b.Item1, b => b.Item2),
        (await ReadAsync("SELECT id, asked, voided FROM shop.key_voids", r => (r.GetString(0), r.GetInt32(1), r.GetInt32(2))))
            .ToDictionary(v => v.Item1, v => (v.Item2, v.Item3)),
        await ReadAsync(
            "SELECT outbox, order_id FROM shop.parked", r => (r.GetInt64(0), r.IsDBNull(1) ? null : r.GetString(1))),
        (await ReadAsync("SELECT count(*) FROM shop.outbox", r => r.GetInt64(0)))[0],
        (await ReadAsync(
            "SELECT imported, available, reserved, held, sold, void FROM shop.stock",
            r => new StockLook(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.GetInt64(5))))[0]);

    protected override Task WaitForLockAsync() => Eventually.TrueAsync(
        async () => (await ReadAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
            r => r.GetInt64(0)))[0] > 0,
        "the second load waits for the first");

    private async Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var command = _database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Stop);
        var rows = new List<T>();
        while (await reader.ReadAsync(Stop))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
