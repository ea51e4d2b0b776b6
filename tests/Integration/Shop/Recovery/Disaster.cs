using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Local.Servers;
using CardShop.Pipeline.Log;
using CardShop.Shop.Recovery;
using CardShop.Tests.Integration.Keys;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Faults;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Shop.Recovery;

/// <summary>
/// A shop with a PostgreSQL of its own, that is backed up, destroyed, restored and recovered. The number of orders is small
/// unless CARDSHOP_TEST_DISASTER_ORDERS says otherwise.
/// </summary>
internal sealed class Disaster : IAsyncDisposable
{
    private readonly ConcurrentBag<string> _placed = [];
    private readonly StringBuilder _story = new();

    private Disaster(PostgresServer postgres, RunningShop shop)
    {
        Postgres = postgres;
        Shop = shop;
    }

    /// <summary>Orders until the loss; the backup is taken at half of them.</summary>
    public static int Orders { get; } = int.TryParse(
        Environment.GetEnvironmentVariable("CARDSHOP_TEST_DISASTER_ORDERS"), CultureInfo.InvariantCulture, out var orders)
        ? orders
        : 60;

    public PostgresServer Postgres { get; }

    public RunningShop Shop { get; }

    public IReadOnlyCollection<string> Placed => _placed;

    /// <summary>Work at full size takes its time.</summary>
    public static TimeSpan Patience => TimeSpan.FromSeconds(90 + (Orders / 40));

    private string Copy => Postgres.DataDirectory + "-copy";

    public static async Task<Disaster> StartAsync(TestServers servers, params (string Name, string Value)[] extra)
    {
        var postgres = PostgresServer.Create(servers.NewFolder("own-postgres"));
        await postgres.StartAsync();
        var settings = extra.ToDictionary(e => e.Name, e => e.Value);
        settings["Postgres:ConnectionString"] = postgres.ConnectionString;
        return new(postgres, await RunningShop.StartAsync(servers, settings));
    }

    /// <summary>Places orders and returns when all have been accepted.</summary>
    public async Task<IReadOnlyList<PlacedOrder>> PlaceAsync(string sku, int orders)
    {
        var placed = new ConcurrentBag<PlacedOrder>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, orders), new ParallelOptions { MaxDegreeOfParallelism = 32 },
            async (i, _) =>
            {
                var order = await Shop.PlaceAsync(sku, contact: $"buyer{i}@example.org");
                placed.Add(order);
                _placed.Add(order.Id);
            });
        return [.. placed];
    }

    /// <summary>Waits until so many orders are delivered and everything about them has left.</summary>
    public Task DeliveredAsync(int total) => Eventually.TrueAsync(
        async () => await CountAsync(
            "SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'") == total
            && await CountAsync("SELECT count(*) FROM shop.outbox") == 0,
        $"{total} orders are delivered", Patience);

    /// <summary>Waits until orders behind so many are being processed.</summary>
    public Task UnderWayAsync(int orders) => Eventually.TrueAsync(
        async () => await CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga") > orders, "more orders are under way");

    /// <summary>A number from the database; -1 while it is away.</summary>
    public async Task<long> CountAsync(string sql)
    {
        try
        {
            return await Shop.CountAsync(sql);
        }
        catch (NpgsqlException)
        {
            return -1;
        }
    }

    /// <summary>A copy of the stopped server's files.</summary>
    public async Task BackUpAsync()
    {
        await Postgres.StopAsync();
        await RunAsync("cp", "-a", Postgres.DataDirectory, Copy);
        await Postgres.StartAsync();
        Shop.Database.Clear();
    }

    /// <summary>The server dies, and its files are gone.</summary>
    public async Task DestroyAsync()
    {
        await Postgres.KillAsync();
        await RunAsync("rm", "-rf", Postgres.DataDirectory);
    }

    public async Task RestoreAsync()
    {
        await RunAsync("cp", "-a", Copy, Postgres.DataDirectory);
        await Postgres.StartAsync();
        Shop.Database.Clear();
    }

    /// <summary>A new server at the old one's address, with empty tables.</summary>
    public async Task ReplaceAsync()
    {
        await Postgres.StartAsync();
        Shop.Database.Clear();
        Assert.Equal(0, await Shopctl.RunAsync(Shop, "migrate"));
    }

    /// <summary>Removes the first records of a partition.</summary>
    public async Task TrimAsync(string topic, int partition, int records)
    {
        using var admin = new AdminClientBuilder(
            new AdminClientConfig { BootstrapServers = Shop.Setting("Kafka:BootstrapServers") }).Build();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(topic, partition, records)]);
    }

    public Task FencedAsync() => Eventually.TrueAsync(
        () => Shop.Fleet.Waiting?.StartsWith("fenced", StringComparison.Ordinal) == true,
        "the fleet is fenced", Patience);

    /// <summary><c>shopctl recover --yes</c>, again where a process was still sending when it began.</summary>
    public async Task<TimeSpan> RecoverAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var code = await Shopctl.RunAsync(Shop, "recover", "--yes", "--why", "disaster");
        for (var again = 0; code != 0 && again < 2; again++)
        {
            code = await Shopctl.RunAsync(Shop, "recover", "--yes", "--why", "disaster");
        }

        Assert.Equal(0, code);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Recoveries that are killed after each of their parts, the first one before it has done anything.</summary>
    public async Task InterruptAsync()
    {
        const int Parts = 7;
        await using var servers = KeyShop.Servers(Shop);
        var ranges = new KafkaRanges(
            new(Shop.Setting("Kafka:BootstrapServers")!, "test", TimeSpan.FromSeconds(10), TimeSpan.Zero), TimeProvider.System,
            TestLogs.Factory.CreateLogger<KafkaRanges>());
        for (var parts = Orders > 1_000 ? Parts : 0; parts <= Parts; parts++)
        {
            var plan = await new RecoveryPlanner(Shop.Database, Shop.Log, ranges).MakeAsync(default);
            var left = parts;
            var recoverer = new Recoverer(Shop.Database, Shop.Log, ranges, servers.Bus, "a", TimeProvider.System);
            await Assert.ThrowsAsync<OperationCanceledException>(() => recoverer.RunAsync(
                plan,
                (_, work) => left-- > 0 ? work((_, _) => { }) : throw new OperationCanceledException("killed"), default));
        }

        Assert.StartsWith("fenced", Shop.Fleet.Waiting, StringComparison.Ordinal);
    }

    /// <summary>Key ids by order, as the rows have them.</summary>
    public async Task<Dictionary<string, string>> SoldKeysAsync()
    {
        await using var command = Shop.Database.CreateCommand(
            "SELECT order_id, string_agg(id::text, ',' ORDER BY id) FROM shop.card_keys WHERE status = 'sold' GROUP BY order_id");
        await using var reader = await command.ExecuteReaderAsync();
        var keys = new Dictionary<string, string>();
        while (await reader.ReadAsync())
        {
            keys[reader.GetString(0)] = reader.GetString(1);
        }

        return keys;
    }

    /// <summary>Key ids by order, as partners have been told.</summary>
    public async Task<Dictionary<string, string>> ToldKeysAsync()
    {
        var told = new Dictionary<string, string>();
        foreach (var record in (await Shop.RecordsAsync(Topics.Deliveries)).Where(r => r.Type == MessageTypes.OrderDelivered))
        {
            var sent = JsonSerializer.Deserialize(record.Value!, ContractsJson.Default.OrderDelivered)!;
            told[sent.OrderId] = string.Join(',', sent.KeyIds.Select(k => k.ToString()).Order(StringComparer.Ordinal));
        }

        return told;
    }

    /// <summary>All orders as their documents have them.</summary>
    public async Task<Dictionary<string, OrderState>> OrdersAsync()
    {
        await using var command = Shop.Database.CreateCommand(
            "SELECT p.data, d.data FROM shop.mt_doc_paymentsaga p LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id");
        await using var reader = await command.ExecuteReaderAsync();
        var orders = new Dictionary<string, OrderState>();
        while (await reader.ReadAsync())
        {
            var payment = JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0), ContractsJson.Default.PaymentSaga)!;
            orders[payment.Id] = new(
                payment,
                await reader.IsDBNullAsync(1)
                    ? null
                    : JsonSerializer.Deserialize(await reader.GetFieldValueAsync<byte[]>(1), ContractsJson.Default.DeliverySaga));
        }

        return orders;
    }

    /// <summary>Every order of before has the keys that it had, and no key is sold twice.</summary>
    public async Task SameKeysAsync(IReadOnlyDictionary<string, string> before)
    {
        var after = await SoldKeysAsync();
        var other = before.Where(b => after.GetValueOrDefault(b.Key) != b.Value).Select(b => b.Key).ToList();
        Assert.Empty(other);
        var keys = after.Values.SelectMany(k => k.Split(',')).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Tell($"{before.Values.Sum(k => k.Split(',').Length):N0} key ids of {before.Count:N0} delivered orders are the same, none is sold twice.");
    }

    public async Task CleanAsync()
    {
        var (code, lines) = await ShopAudit.RunAsync(Shop, graceSeconds: 60);
        Assert.True(code == 0, string.Join('\n', lines));
        Tell("shopctl audit: " + string.Join("; ", lines));
    }

    public void Tell(FormattableString text) => Tell(text.ToString(CultureInfo.InvariantCulture));

    public void Tell(string text) => _story.AppendLine(text);

    public void Save(string name) => TestReport.Save(
        string.Create(CultureInfo.InvariantCulture, $"recover-{name}-{Orders}.txt"), _story.ToString());

    public async ValueTask DisposeAsync()
    {
        await Shop.DisposeAsync();
        await Postgres.DisposeAsync();
    }

    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
