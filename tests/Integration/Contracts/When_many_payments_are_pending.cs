using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Documents;
using CardShop.Shop.Store;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Contracts;

/// <summary>The watchdog's scan costs the same per payment however many are pending; measured in pages, not in time.</summary>
public sealed class When_many_payments_are_pending(TestServers servers) : IAsyncLifetime
{
    private const int Few = 1_000;
    private const int Many = 100_000;
    private const int Scan = 200;
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    private NpgsqlDataSource _database = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = Database.Open(await servers.NewDatabaseAsync(), "pending");
        await Migrations.ApplyAsync(_database, typeof(ShopWork).Assembly, TestLogs.Factory.CreateLogger("migrate"), Stop);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_scan_reads_as_many_pages_at_a_hundred_thousand_as_at_a_thousand_and_every_payment_once()
    {
        await AddAsync(0, Few);
        var few = await PagesAsync("alipay", null);
        await AddAsync(Few, Many - Few);
        var many = await PagesAsync("alipay", null);
        var store = new PostgresShopStore(_database);
        var seen = new HashSet<string>();
        DueSaga? after = null;
        var last = 0;
        while (await store.OverduePaymentsAsync("alipay", Now, after, Scan, Stop) is { Count: > 0 } due)
        {
            last = due.Count;
            Assert.All(due, d => Assert.True(seen.Add(d.Id)));
            Assert.True(due.SequenceEqual(due.OrderBy(d => d.Due).ThenBy(d => d.Id, StringComparer.Ordinal)));
            after = due[^1];
            if (seen.Count == Many / 2)
            {
                var middle = await PagesAsync("alipay", after);
                Assert.InRange(middle, 1, few + 20);
            }
        }

        var nothing = await PagesAsync("alipay", after);
        var other = await PagesAsync("wechat", null);
        TestContext.Current.SendDiagnosticMessage(
            "pages per scan of {0}: {1} at {2}, {3} at {4}; {5} after the last; {6} of another channel",
            Scan, few, Few, many, Many, nothing, other);
        Assert.Equal((Many, Scan), (seen.Count, last));
        Assert.InRange(many, 1, few + 20);
        Assert.InRange(nothing, 1, 10);
        Assert.InRange(other, 1, 10);
    }

    /// <summary>Documents as the saga leaves them while it waits for payment, each 10 ms later due than the one before.</summary>
    private async Task AddAsync(int from, int count)
    {
        var saga = new PaymentSaga(
            "0", PaymentStatus.AwaitingPayment,
            new("0", "S", 1, 1_000, 1_000, "CNY", "Card", HoldPolicy.Order, 900, 0, 1, "alipay", "a", Now, "h", new('c', 200), "ch"),
            true, [new("001", "alipay", "default", 1_000, "CNY", "Card", Now, Now.AddMinutes(15), "https://pay.example/001")], [], [],
            Now);
        await using var insert = _database.CreateCommand(
            """
            INSERT INTO shop.mt_doc_paymentsaga (id, data, mt_version, due)
            SELECT 'o' || lpad(i::text, 7, '0'), $1, 1, $2::timestamptz - interval '1 day' + i * interval '10 milliseconds'
            FROM generate_series($3, $4) i
            ORDER BY md5(i::text)
            """);
        insert.CommandTimeout = 120;
        insert.Parameters.Add(new()
        {
            Value = JsonSerializer.Serialize(saga, ContractsJson.Default.PaymentSaga),
            NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Jsonb,
        });
        insert.Parameters.Add(new() { Value = Now });
        insert.Parameters.Add(new() { Value = from });
        insert.Parameters.Add(new() { Value = from + count - 1 });
        await insert.ExecuteNonQueryAsync(Stop);
        await using var analyze = _database.CreateCommand("ANALYZE shop.mt_doc_paymentsaga");
        await analyze.ExecuteNonQueryAsync(Stop);
    }

    /// <summary>Pages that the scan's own statement touches, in memory or not.</summary>
    private async Task<long> PagesAsync(string channel, DueSaga? after)
    {
        var scan = PostgresShopStore.OverdueStatement(channel, Now, after, Scan);
#pragma warning disable CA2100 // The statement is the store's own.
        await using var explain = _database.CreateCommand("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + scan.CommandText);
#pragma warning restore CA2100
        foreach (NpgsqlParameter parameter in scan.Parameters)
        {
            explain.Parameters.Add(parameter.Clone());
        }

        var text = Convert.ToString(await explain.ExecuteScalarAsync(Stop), CultureInfo.InvariantCulture)!;
        using var json = JsonDocument.Parse(text);
        var plan = json.RootElement[0].GetProperty("Plan");
        return plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();
    }
}
