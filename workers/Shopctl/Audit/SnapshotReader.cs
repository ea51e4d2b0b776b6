using System.Data;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Stock;
using CardShop.Shopctl.Lag;
using Npgsql;

namespace CardShop.Shopctl.Audit;

/// <summary>
/// Reads PostgreSQL in one REPEATABLE READ transaction: documents, keys, stock, outbox and progress of the same moment,
/// while the shop runs on. Rows are streamed; what is kept is in <see cref="AuditMemory"/>.
/// </summary>
internal sealed class SnapshotReader(
    NpgsqlConnection connection, AuditMemory memory, AuditReport report, DateTimeOffset now, TimeSpan grace)
{
    public async Task ReadAsync(CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        await ExecuteAsync(
            "SET TRANSACTION READ ONLY; SET LOCAL enable_seqscan = on; SET LOCAL idle_in_transaction_session_timeout = 0; " +
            "SET LOCAL work_mem = '64MB'",
            cancellation);
        memory.CommitNo = (long)(await ScalarAsync("SELECT n FROM shop.commit_no", cancellation) ?? 0L);
        memory.Progress = await ProgressTable.ReadAsync(connection, cancellation);
        await OutboxAsync(cancellation);
        await RowsAsync(
            "SELECT order_id FROM shop.parked WHERE order_id IS NOT NULL",
            r => memory.Order(Digest.Of(r.GetString(0))).Traits |= OrderTraits.EventUnderWay, cancellation);
        await RowsAsync(
            "SELECT id FROM shop.archive",
            r => memory.Order(Digest.Of(r.GetString(0))).Traits |= OrderTraits.Archived, cancellation);
        await RowsAsync(
            """
            SELECT coalesce(p.id, d.id), p.data, d.data
            FROM shop.mt_doc_paymentsaga p FULL JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
            """,
            Documents, cancellation);
        await KeysAsync(cancellation);
        await StockAsync(cancellation);
        await transaction.RollbackAsync(cancellation);
    }

    /// <summary>What is committed but not in Kafka yet: its absence there is no violation.</summary>
    private Task OutboxAsync(CancellationToken cancellation) => RowsAsync(
        "SELECT records FROM shop.outbox WHERE records IS NOT NULL",
        row =>
        {
            foreach (var record in OutboxCodec.DecodeRecords(row.GetFieldValue<byte[]>(0)))
            {
                if (record is { Type: MessageTypes.OrderDelivered or MessageTypes.KeyReplaced, OrderId: { } order })
                {
                    memory.Order(Digest.Of(order)).Traits |= OrderTraits.EventUnderWay;
                }
                else if (record.Type == MessageTypes.DeadLetter
                    && JsonSerializer.Deserialize(record.Body, ContractsJson.Default.DeadLetter) is { } letter)
                {
                    memory.Mark(Digest.Of(letter.Topic, letter.Partition, letter.Offset));
                }
            }
        },
        cancellation);

    private void Documents(NpgsqlDataReader row)
    {
        PaymentSaga? payment;
        DeliverySaga? delivery;
        try
        {
            payment = row.IsDBNull(1)
                ? null
                : JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(1), ContractsJson.Default.PaymentSaga);
            delivery = row.IsDBNull(2)
                ? null
                : JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(2), ContractsJson.Default.DeliverySaga);
        }
        catch (JsonException)
        {
            report.Orders.Violate($"{row.GetString(0)}: its document cannot be read");
            return;
        }

        memory.Remember(payment, delivery);
        Judge(report.Keys, delivery is { Status: DeliveryStatus.Delivered }, OrderRules.Keys(payment, delivery));
        Judge(report.Payments, delivery is { Status: DeliveryStatus.Delivered }, OrderRules.Payment(payment, delivery));
        Judge(
            report.Bounds, payment is { Status: PaymentStatus.Paid or PaymentStatus.Refunding },
            OrderRules.Bound(payment, delivery, now, grace));
    }

    private static void Judge(InvariantCheck check, bool counts, string? violation)
    {
        check.Saw(counts ? 1 : 0);
        if (violation is not null)
        {
            check.Violate(violation);
        }
    }

    private async Task KeysAsync(CancellationToken cancellation)
    {
        await RowsAsync(
            "SELECT order_id, id, sku FROM shop.card_keys WHERE status = 'sold'",
            row =>
            {
                report.Keys.Saw();
                var orderId = row.GetString(0);
                ref var order = ref memory.Order(Digest.Of(orderId));
                order.Held = order.Held.With(row.GetGuid(1));
                if (order.Is(OrderTraits.Archived))
                {
                    return;
                }

                if (!order.Is(OrderTraits.Delivered))
                {
                    report.Keys.Violate($"{orderId}: a key is sold to it, but it is not delivered");
                }
                else if (order.SkuHash != StringComparer.Ordinal.GetHashCode(row.GetString(2)))
                {
                    report.Keys.Violate($"{orderId}: a key of another product is sold to it");
                }
            },
            cancellation);
        await RowsAsync(
            """
            SELECT sku, region, count(*) FILTER (WHERE status = 'unsold'), count(*) FILTER (WHERE status = 'sold'),
                   count(*) FILTER (WHERE status = 'void')
            FROM shop.card_keys GROUP BY sku, region
            """,
            row => memory.Count(
                new(row.GetString(0), row.GetString(1)),
                new(row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), 0, 0)),
            cancellation);
    }

    private async Task StockAsync(CancellationToken cancellation)
    {
        var rows = new Dictionary<StockKey, StockCounters>();
        await RowsAsync(
            "SELECT sku, region, imported, available, reserved, held, sold, void FROM shop.stock",
            r => rows[new(r.GetString(0), r.GetString(1))] = new(
                r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.GetInt64(5), r.GetInt64(6), r.GetInt64(7)),
            cancellation);
        foreach (var key in rows.Keys.Union(memory.Stock.Keys))
        {
            report.Stock.Saw();
            StockCounters? counters = rows.TryGetValue(key, out var row) ? row : null;
            foreach (var violation in StockRules.Check(key, counters, memory.Stock.GetValueOrDefault(key)))
            {
                report.Stock.Violate(violation);
            }
        }
    }

    private async Task RowsAsync(string sql, Action<NpgsqlDataReader> onRow, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            onRow(reader);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<object?> ScalarAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellation);
    }
}
