using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CardShop.Api;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using CardShop.Tests.Bench.Machine;
using Npgsql;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>Products, keys and orders of one measurement. Skus share a prefix, by which they are found again.</summary>
internal sealed class OrderFeed(ShopServers servers, string prefix, int products)
{
    private const int Chunk = 5_000;

    // Each buyer leaves fewer orders open than the limit per contact and per network allows.
    private const int Buyers = 5_000;
    private const int OrdersPerBuyer = 4;

    private static readonly IReadOnlyList<LogHeader> Headers =
        [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.OrderPlaced))];

    private int _made;

    public string Prefix => prefix;

    public int Products => products;

    /// <summary>Of the keys that <see cref="StockAsync"/> brings.</summary>
    private string Batch => prefix + "-import-0";

    /// <summary>The product of the n-th order: they take turns.</summary>
    public string Sku(int order) => $"{prefix}-{order % products:000}";

    /// <summary>Sealed keys and their stock rows, by COPY; a few keys more than orders.</summary>
    public async Task StockAsync(NpgsqlDataSource database, int orders, CancellationToken cancellation)
    {
        var perProduct = (orders / products * 11 / 10) + 10;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using (var copy = await connection.BeginBinaryImportAsync(
            "COPY shop.card_keys (id, sku, region, batch, kek, sealed) FROM STDIN (FORMAT BINARY)", cancellation))
        {
            for (var i = 0; i < perProduct * products; i++)
            {
                var sku = Sku(i);
                var key = servers.Vault.Seal(sku, new PlainKey($"CN{i:00000000}", $"{prefix}-{i:00000000}-ABCD-EFGH"));
                await copy.StartRowAsync(cancellation);
                await copy.WriteAsync(key.Id, cancellation);
                await copy.WriteAsync(sku, cancellation);
                await copy.WriteAsync("a", cancellation);
                await copy.WriteAsync(Batch, cancellation);
                await copy.WriteAsync(servers.Vault.Current, cancellation);
                await copy.WriteAsync(key.Sealed, cancellation);
            }

            await copy.CompleteAsync(cancellation);
        }

        await using var stock = new NpgsqlCommand(
            """
            INSERT INTO shop.stock (sku, region, imported, available)
            SELECT sku, region, count(*), count(*) FROM shop.card_keys WHERE batch = $1 GROUP BY sku, region
            ON CONFLICT (sku, region) DO UPDATE SET imported = excluded.imported, available = excluded.available
            """,
            connection)
        {
            Parameters = { new() { Value = Batch } },
        };
        await stock.ExecuteNonQueryAsync(cancellation);
        foreach (var table in new[] { "card_keys", "stock" })
        {
            await using var analyze = new NpgsqlCommand($"VACUUM (ANALYZE) shop.{table}", connection);
            await analyze.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>Orders as the API builds them for buyers from elsewhere, each with a network of their own: they count for the limits of open orders.</summary>
    public List<OrderPlaced> Make(int count)
    {
        var orders = new List<OrderPlaced>(count);
        var secrets = servers.Secrets;
        for (var i = 0; i < count; i++, _made++)
        {
            var now = DateTimeOffset.UtcNow;
            var id = OrderIds.Fresh('a', RandomNumberGenerator.GetBytes(16));
            var buyer = (_made / (Buyers * OrdersPerBuyer) * Buyers) + (_made % Buyers);
            var contact = $"buyer{buyer}@example.org";
            var network = RateLimits.NetworkOf(new IPAddress([(byte)(1 + (buyer >> 16)), (byte)(buyer >> 8), (byte)buyer, 7]));
            orders.Add(new(
                id, Sku(i), 1, 1_000, 1_000, "CNY", "Game card 10 yuan " + Sku(i), HoldPolicy.Order, 900, 0, 1, "alipay", "a",
                now, Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)), Contacts.Encrypt(secrets, id, contact, now),
                Contacts.Hash(secrets.ContactHash, "contact", contact), Contacts.Hash(secrets.ContactHash, "network", network)));
        }

        return orders;
    }

    /// <summary>Writes orders to shop.orders.v1, with the bytes that the API writes.</summary>
    public async Task QueueAsync(IReadOnlyList<OrderPlaced> orders, CancellationToken cancellation)
    {
        foreach (var chunk in orders.Chunk(Chunk))
        {
            var failures = await servers.Log.ProduceAllAsync([.. chunk.Select(ToRecord)], cancellation);
            if (failures.Count > 0)
            {
                throw new BenchFailedException($"Orders could not be queued: {failures[0].Reason}");
            }
        }
    }

    private static LogRecord ToRecord(OrderPlaced order) => new(
        Topics.Orders.Name, Topics.Orders.PartitionOf(order.Sku), Encoding.UTF8.GetBytes(order.Sku),
        JsonSerializer.SerializeToUtf8Bytes(order, ContractsJson.Default.OrderPlaced), Headers);
}
