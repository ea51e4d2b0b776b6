using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Documents;
using CardShop.Shop.Delivery;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>
/// Stock after orders were rebuilt: who gets the units where there are fewer than promised, who no longer waits where there
/// are more, and the counters, from the rows alone.
/// </summary>
internal sealed class StockRecovery(NpgsqlDataSource database, TimeProvider time, RecoveryReport report)
{
    private const int Page = 500;

    /// <summary>
    /// What rows say of every product: unsold, sold and void keys, what paid and unpaid orders have reserved. One pass over
    /// each table.
    /// </summary>
    private const string Sums =
        """
        WITH k AS (
            SELECT sku, region, count(*) FILTER (WHERE status = 'unsold') AS unsold,
                count(*) FILTER (WHERE status = 'sold') AS sold, count(*) FILTER (WHERE status = 'void') AS void
            FROM shop.card_keys GROUP BY sku, region),
        d AS (
            SELECT (data ->> 'sku')::varchar AS sku, (data ->> 'region')::varchar AS region,
                sum((data ->> 'quantity')::bigint) FILTER (WHERE data ->> 'reserved' = 'true') AS paid,
                count(*) FILTER (WHERE data ->> 'status' = 'waiting-stock') AS waiting
            FROM shop.mt_doc_deliverysaga WHERE data ->> 'reserved' = 'true' OR data ->> 'status' = 'waiting-stock'
            GROUP BY 1, 2),
        p AS (
            SELECT (data #>> '{order,sku}')::varchar AS sku, (data #>> '{order,region}')::varchar AS region,
                sum((data #>> '{order,quantity}')::bigint) AS held
            FROM shop.mt_doc_paymentsaga WHERE data ->> 'reserved' = 'true' GROUP BY 1, 2),
        sums AS (
            SELECT sku, region, COALESCE(k.unsold, 0) AS unsold, COALESCE(k.sold, 0) AS sold, COALESCE(k.void, 0) AS void,
                COALESCE(d.paid, 0)::bigint AS paid, COALESCE(d.waiting, 0) AS waiting,
                COALESCE(p.held, 0)::bigint AS held
            FROM k FULL JOIN d USING (sku, region) FULL JOIN p USING (sku, region))
        """;

    /// <summary>Shares out units where promises and keys differ.</summary>
    /// <returns>Units of each product that are nobody's.</returns>
    public async Task<Dictionary<StockKey, long>> ShareAsync(Action<double, string> progress, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var available = new Dictionary<StockKey, long>();
        var products = await ReadAsync(connection, cancellation);
        for (var i = 0; i < products.Count; i++)
        {
            var product = products[i];
            var left = product.Unsold - product.Paid - product.Held;
            if (left < 0 || (left > 0 && product.Waiting > 0))
            {
                left = await ShareAsync(connection, product, cancellation);
                progress((double)i / products.Count, string.Create(
                    CultureInfo.InvariantCulture, $"{product.Key.Sku}, {report.Served:N0} served, {report.Waiting:N0} to wait"));
            }

            available[product.Key] = left;
        }

        return available;
    }

    /// <summary>Counters of all products from their rows, inside the caller's transaction.</summary>
    public static async Task<long> RecountAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            {Sums}
            INSERT INTO shop.stock AS s (sku, region, imported, available, reserved, held, sold, void)
            SELECT sku, region, COALESCE(unsold + sold + void, 0), COALESCE(unsold - paid - held, 0), COALESCE(paid + held, 0),
                COALESCE(held, 0), COALESCE(sold, 0), COALESCE(void, 0)
            FROM sums FULL JOIN (SELECT sku, region FROM shop.stock) present USING (sku, region)
            ON CONFLICT (sku, region) DO UPDATE
            SET imported = excluded.imported, available = excluded.available, reserved = excluded.reserved,
                held = excluded.held, sold = excluded.sold, void = excluded.void
            """,
            connection, transaction)
        {
            CommandTimeout = 0,
        };
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<List<ProductSums>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("SET enable_seqscan = on"),
                new(Sums + "SELECT sku, region, unsold, paid, held, waiting FROM sums ORDER BY sku, region"),
                new("SET enable_seqscan = off"),
            },
            Timeout = 0,
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var products = new List<ProductSums>();
        while (await reader.ReadAsync(cancellation))
        {
            products.Add(new(
                new(reader.GetString(0), reader.GetString(1)), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
                reader.GetInt64(5)));
        }

        return products;
    }

    private async Task<long> ShareAsync(NpgsqlConnection connection, ProductSums product, CancellationToken cancellation)
    {
        var allotted = StockAllotment.Share(
            product.Unsold,
            await ClaimsAsync(
                connection, product.Key,
                """
                SELECT id, (data ->> 'quantity')::integer, data ->> 'createdAt' FROM shop.mt_doc_deliverysaga
                WHERE data ->> 'sku' = $1 AND data ->> 'region' = $2 AND data ->> 'status' <> 'allocating'
                    AND data ->> 'reserved' = 'true'
                """,
                cancellation),
            await ClaimsAsync(
                connection, product.Key,
                """
                SELECT id, (data ->> 'quantity')::integer, data ->> 'createdAt' FROM shop.mt_doc_deliverysaga
                WHERE data ->> 'sku' = $1 AND data ->> 'region' = $2 AND data ->> 'status' = 'allocating'
                    AND data ->> 'reserved' = 'true'
                """,
                cancellation),
            await ClaimsAsync(
                connection, product.Key,
                """
                SELECT id, (data #>> '{order,quantity}')::integer, data #>> '{order,acceptedAt}'
                FROM shop.mt_doc_paymentsaga
                WHERE data #>> '{order,sku}' = $1 AND data #>> '{order,region}' = $2 AND data ->> 'reserved' = 'true'
                """,
                cancellation),
            await ClaimsAsync(
                connection, product.Key,
                """
                SELECT id, (data ->> 'quantity')::integer, data ->> 'createdAt' FROM shop.mt_doc_deliverysaga
                WHERE data ->> 'status' = 'waiting-stock' AND data ->> 'sku' = $1 AND data ->> 'region' = $2
                """,
                cancellation));
        var now = time.GetUtcNow();
        foreach (var ids in allotted.Released.Chunk(Page))
        {
            await ChangeAsync(
                connection, ids, (p, d) => (p, d is null ? null : d with { Reserved = false, Version = d.Version + 1 }), cancellation);
        }

        foreach (var ids in allotted.Waiting.Chunk(Page))
        {
            await ChangeAsync(connection, ids, (p, d) => (p, Wait(p, d, now)), cancellation);
        }

        foreach (var ids in allotted.Unheld.Chunk(Page))
        {
            await ChangeAsync(
                connection, ids, (p, d) => (p is null ? null : p with { Reserved = false, Version = p.Version + 1 }, d), cancellation);
        }

        foreach (var ids in allotted.Served.Chunk(Page))
        {
            await ChangeAsync(connection, ids, (p, d) => (p, Serve(d, now)), cancellation);
        }

        report.Waiting += allotted.Waiting.Count + allotted.Released.Count;
        report.Unheld += allotted.Unheld.Count;
        report.Served += allotted.Served.Count;
        return allotted.Available;
    }

    /// <summary>What a paid order without a unit does in any case: it waits as long as its product says, then its money goes back.</summary>
    internal static DeliverySaga? Wait(PaymentSaga? payment, DeliverySaga? delivery, DateTimeOffset now)
    {
        var until = now + TimeSpan.FromSeconds(payment?.Order?.WaitSeconds ?? 0);
        return delivery is null
            ? null
            : delivery with
            {
                Status = DeliveryStatus.WaitingStock,
                Reserved = false,
                WaitUntil = until,
                Due = DeliveryDecider.NextLook(until, now),
                Version = delivery.Version + 1,
            };
    }

    internal static DeliverySaga? Serve(DeliverySaga? delivery, DateTimeOffset now) => delivery is null
        ? null
        : delivery with
        {
            Status = DeliveryStatus.Allocating,
            Reserved = true,
            WaitUntil = null,
            Due = now,
            Version = delivery.Version + 1,
        };

    private static async Task ChangeAsync(
        NpgsqlConnection connection, string[] ids,
        Func<PaymentSaga?, DeliverySaga?, (PaymentSaga? Payment, DeliverySaga? Delivery)> change, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var loaded = await new PostgresShopTransaction(connection, transaction).LoadAsync(
            new(string.Empty, [], ids, Deliveries: true), cancellation);
        var payments = new List<DocumentWrite<PaymentSaga>>();
        var deliveries = new List<DocumentWrite<DeliverySaga>>();
        foreach (var id in ids)
        {
            var (before, held) = (loaded.Payments.GetValueOrDefault(id), loaded.Deliveries.GetValueOrDefault(id));
            var (payment, delivery) = change(before, held);
            if (payment is not null && !ReferenceEquals(payment, before))
            {
                payments.Add(new(id, payment, before!.Version, payment.Version, payment.Due, payment.Outbox));
            }

            if (delivery is not null && !ReferenceEquals(delivery, held))
            {
                deliveries.Add(new(id, delivery, held!.Version, delivery.Version, delivery.Due, delivery.Outbox));
            }
        }

        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { PostgresShopStore.Payments.Update(payments), PostgresShopStore.Deliveries.Update(deliveries) },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task<List<StockClaim>> ClaimsAsync(
        NpgsqlConnection connection, StockKey product, string sql, CancellationToken cancellation)
    {
#pragma warning disable CA2100 // One of the constants above.
        await using var command = new NpgsqlCommand(sql, connection)
        {
            CommandTimeout = 0,
            Parameters =
            {
                new() { Value = product.Sku, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = product.Region, NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var claims = new List<StockClaim>();
        while (await reader.ReadAsync(cancellation))
        {
            claims.Add(new(
                reader.GetString(0), reader.GetInt32(1),
                DateTimeOffset.Parse(reader.GetString(2), CultureInfo.InvariantCulture)));
        }

        return claims;
    }

    private readonly record struct ProductSums(StockKey Key, long Unsold, long Paid, long Held, long Waiting);
}
