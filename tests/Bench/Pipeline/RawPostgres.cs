using System.Diagnostics;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Tests.Bench.Machine;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>
/// The raw limit: the same rows in batches of 500 with no queue and no logic. Per batch one transaction on one
/// connection: the payment documents inserted and updated twice, keys picked and sold, stock last. The documents have the
/// sizes of a good order's three states and are serialized before the clock starts.
/// </summary>
internal sealed class RawPostgres(ShopServers servers, NpgsqlDataSource database)
{
    private const int BatchSize = 500;

    public async Task<Drained> RunAsync(OrderFeed feed, int count, CancellationToken cancellation)
    {
        await feed.StockAsync(database, count, cancellation);
        await servers.ExecuteAsync("CHECKPOINT", cancellation);
        var orders = feed.Make(count).Chunk(BatchSize)
            .Select(chunk => chunk.Select(o => new Row(o.OrderId, o.Sku, States(o))).ToArray()).ToList();
        var meter = new CpuMeter([("postgres", servers.Postgres.ProcessId), ("client", Environment.ProcessId)]);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var cpu = meter.Read();
        var busy = OtherLoad.BusyMs();
        var from = Stopwatch.GetTimestamp();
        foreach (var batch in orders)
        {
            await SaveAsync(connection, batch, cancellation);
        }

        var time = Stopwatch.GetElapsedTime(from);
        var used = CpuMeter.Between(cpu, meter.Read());
        return new(count, time, used, OtherLoad.Processors(OtherLoad.BusyMs() - busy, used.Values.Sum(), time), orders.Count, TimeSpan.Zero);
    }

    private static async Task SaveAsync(NpgsqlConnection connection, Row[] rows, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var skus = rows.CountBy(r => r.Sku).OrderBy(s => s.Key, StringComparer.Ordinal).ToList();
        var picked = new Dictionary<string, Queue<Guid>>(skus.Count);
        await using (var documents = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { Insert(rows), Update(rows, 1), Update(rows, 2), Pick(skus) },
        })
        {
            await using var reader = await documents.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var sku = reader.GetString(0);
                if (!picked.TryGetValue(sku, out var ids))
                {
                    picked[sku] = ids = new();
                }

                ids.Enqueue(reader.GetGuid(1));
            }
        }

        await using (var sale = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { Sell(rows, picked), Stock(skus) },
        })
        {
            await sale.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>A good order's document when it is reserved, awaits payment, and is paid.</summary>
    private static string[] States(OrderPlaced order)
    {
        var number = OrderIds.ProviderNumber(order.OrderId, 1);
        var now = order.AcceptedAt;
        var attempt = new PaymentAttempt(
            number, order.Channel, "default", order.Amount, order.Currency, order.ProductName, now, now.AddMinutes(15));
        var reserved = new PaymentSaga(
            order.OrderId, PaymentStatus.Reserved, order, true, [attempt], [], [], now.AddMinutes(1), Version: 1);
        var awaiting = reserved with
        {
            Status = PaymentStatus.AwaitingPayment,
            Version = 2,
            Due = now.AddMinutes(5),
            Attempts = [attempt with { Link = "https://qr.alipay.example/" + number }],
        };
        var paid = awaiting with
        {
            Status = PaymentStatus.Paid,
            Version = 3,
            Due = null,
            Reserved = false,
            Payments =
            [
                new(number, "2026112122001400" + number[..12], order.Amount, now, "notification", PaymentUse.Order),
            ],
            Notifications = [new("n" + number, number, NotifiedStatus.Paid, now, "default")],
        };
        return [.. new[] { reserved, awaiting, paid }.Select(s => JsonSerializer.Serialize(s, ContractsJson.Default.PaymentSaga))];
    }

    private static NpgsqlBatchCommand Insert(Row[] rows) => new(
        """
        INSERT INTO shop.mt_doc_paymentsaga (id, data, mt_dotnet_type, mt_version, due, outbox)
        SELECT id, data, 'CardShop.Contracts.PaymentSaga', 1, now(), 1 FROM unnest($1, $2) AS t(id, data)
        """)
    {
        Parameters = { Texts(rows.Select(r => r.Id)), Documents(rows, 0) },
    };

    private static NpgsqlBatchCommand Update(Row[] rows, int state) => new(
        """
        UPDATE shop.mt_doc_paymentsaga d
        SET data = t.data, mt_version = $3 + 1, mt_last_modified = transaction_timestamp()
        FROM unnest($1, $2) AS t(id, data) WHERE d.id = t.id AND d.mt_version = $3
        """)
    {
        Parameters = { Texts(rows.Select(r => r.Id)), Documents(rows, state), new() { Value = state } },
    };

    private static NpgsqlBatchCommand Pick(IReadOnlyList<KeyValuePair<string, int>> skus) => new(
        """
        SELECT w.sku, k.id FROM unnest($1, $2) AS w(sku, n)
        CROSS JOIN LATERAL (
            SELECT id FROM shop.card_keys WHERE sku = w.sku AND region = 'a' AND status = 'unsold'
            ORDER BY id LIMIT w.n FOR UPDATE SKIP LOCKED) AS k
        """)
    {
        Parameters = { Texts(skus.Select(s => s.Key)), new() { Value = skus.Select(s => s.Value).ToArray() } },
    };

    private static NpgsqlBatchCommand Sell(Row[] rows, Dictionary<string, Queue<Guid>> picked) => new(
        """
        UPDATE shop.card_keys k SET status = 'sold', order_id = s.order_id, sold_at = now(), version = version + 1
        FROM unnest($1, $2) AS s(id, order_id) WHERE k.id = s.id
        """)
    {
        Parameters =
        {
            new() { Value = rows.Select(r => picked[r.Sku].Dequeue()).ToArray() }, Texts(rows.Select(r => r.Id)),
        },
    };

    private static NpgsqlBatchCommand Stock(IReadOnlyList<KeyValuePair<string, int>> skus) => new(
        """
        UPDATE shop.stock s SET available = available - t.n, sold = sold + t.n
        FROM unnest($1, $2) AS t(sku, n) WHERE s.sku = t.sku AND s.region = 'a'
        """)
    {
        Parameters = { Texts(skus.Select(s => s.Key)), new() { Value = skus.Select(s => s.Value).ToArray() } },
    };

    private static NpgsqlParameter Texts(IEnumerable<string> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar };

    private static NpgsqlParameter Documents(Row[] rows, int state) =>
        new() { Value = rows.Select(r => r.States[state]).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb };

    private sealed record Row(string Id, string Sku, string[] States);
}
