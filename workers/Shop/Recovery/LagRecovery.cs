using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>
/// What the lost region may have done after its last copy: orders that it may have delivered go before a person, and as many
/// next keys of each product as it could have issued are not sold any more.
/// </summary>
internal sealed class LagRecovery(
    NpgsqlDataSource database, ILogRanges ranges, TakeOver takeOver, long commit, TimeProvider time, RecoveryReport report)
{
    private const int Page = 500;
    private const int KeysPerVoid = 5_000;

    /// <summary>From so much of the past it is told how fast keys are issued.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(10);

    public async Task RunAsync(Action<double, string> progress, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var after = string.Empty;
        while (await IdsAsync(connection, after, cancellation) is { Count: > 0 } ids)
        {
            after = ids[^1];
            await MarkAsync(connection, ids, cancellation);
            progress(0.5, string.Create(CultureInfo.InvariantCulture, $"{report.LagOpen:N0} open orders"));
        }

        var paid = await PaidAsync(connection, cancellation);
        var issued = LostRegion.Issued(await KnownAsync(cancellation), paid, takeOver.Lag);
        foreach (var (product, keys) in issued.OrderBy(i => i.Key))
        {
            await SetAsideAsync(connection, product, keys, cancellation);
        }

        progress(1, string.Create(
            CultureInfo.InvariantCulture, $"{report.LagOrders:N0} orders and {report.LagKeys:N0} keys set aside, {report.LagOpen:N0} orders open"));
    }

    private static async Task<List<string>> IdsAsync(NpgsqlConnection connection, string after, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT id FROM shop.mt_doc_paymentsaga WHERE due IS NOT NULL AND id > $1
            UNION
            SELECT id FROM shop.mt_doc_deliverysaga WHERE due IS NOT NULL AND id > $1
            ORDER BY id LIMIT $2
            """,
            connection)
        {
            CommandTimeout = 0,
            Parameters = { new() { Value = after, NpgsqlDbType = NpgsqlDbType.Varchar }, new() { Value = (long)Page } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    private async Task MarkAsync(NpgsqlConnection connection, List<string> ids, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var loaded = await new PostgresShopTransaction(connection, transaction).LoadAsync(
            new(string.Empty, [], ids, Deliveries: true), cancellation);
        var save = new PageWrites(loaded.Opening.OutboxNumber, commit, loaded.Waits);
        var now = time.GetUtcNow();
        foreach (var id in ids)
        {
            var before = new OrderCase(loaded.Payments.GetValueOrDefault(id), loaded.Deliveries.GetValueOrDefault(id));
            var after = LostRegion.Mark(before, takeOver.LostAt, now);
            if (after.Payment is { LostAt: not null })
            {
                report.LagOpen++;
            }

            if (ReferenceEquals(after, before))
            {
                continue;
            }

            save.Add(
                new(after, [OrderMessages.ToRecord(new SagaFact(), after, now)!], [], [], [], 0, PaymentSource.Database), before);
        }

        await save.WriteAsync(connection, transaction, report, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Orders that are set aside, also by a run that was interrupted: how many, and the keys that are paid for.</summary>
    private async Task<List<(StockKey Product, int Paid)>> PaidAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $$"""
            SELECT d.data ->> 'sku', d.data ->> 'region', sum((d.data ->> 'quantity')::integer)::integer, count(*)
            FROM shop.mt_doc_paymentsaga p JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
            WHERE {{ReviewQueries.IsOpenIn("p")}}
                AND jsonb_path_exists(p.data, '$.reviews[*] ? (@.kind == "region-lost" && !exists(@.closedAt))')
            GROUP BY 1, 2
            """,
            connection)
        {
            CommandTimeout = 0,
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var paid = new List<(StockKey Product, int Paid)>();
        report.LagOrders = 0;
        while (await reader.ReadAsync(cancellation))
        {
            paid.Add((new(reader.GetString(0), reader.GetString(1)), reader.GetInt32(2)));
            report.LagOrders += reader.GetInt64(3);
        }

        return paid;
    }

    /// <summary>What was delivered in the last minutes that were copied.</summary>
    private async Task<List<KnownIssue>> KnownAsync(CancellationToken cancellation)
    {
        var starts = await ranges.OffsetsAtAsync(Topics.Deliveries, takeOver.CopiedTo - Look, cancellation);
        var planned = (await ranges.BoundsAsync(Topics.Deliveries, cancellation)).Select(b => new PlannedRange(
            b.Key, b.Value.First, Math.Max(b.Value.First, starts.GetValueOrDefault(b.Key)), b.Value.Next));
        var known = new List<KnownIssue>();
        await foreach (var records in new RangeSweep(ranges).ReadAsync(planned, 2_000, cancellation))
        {
            foreach (var record in records.Where(r => r is { Type: MessageTypes.OrderDelivered, Value: not null }))
            {
                var sent = JsonSerializer.Deserialize(record.Value, ContractsJson.Default.OrderDelivered)!;
                known.Add(new(new(sent.Sku, sent.OrderId[..1]), record.Timestamp, sent.Quantity));
            }
        }

        return known;
    }

    /// <summary>The keys that would be picked next; their void goes to the log, so that a later recovery knows it too.</summary>
    private async Task SetAsideAsync(NpgsqlConnection connection, StockKey product, int count, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var pick = new NpgsqlCommand(
            "SELECT id FROM shop.card_keys WHERE sku = $1 AND region = $2 AND status = 'unsold' ORDER BY id LIMIT $3",
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = product.Sku, NpgsqlDbType = NpgsqlDbType.Varchar },
                new() { Value = product.Region, NpgsqlDbType = NpgsqlDbType.Varchar }, new() { Value = (long)count },
            },
        };
        var keys = new List<Guid>();
        await using (var reader = await pick.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                keys.Add(reader.GetGuid(0));
            }
        }

        var part = 0;
        foreach (var ids in keys.Chunk(KeysPerVoid))
        {
            var gone = new KeysVoided(
                string.Create(CultureInfo.InvariantCulture, $"lost{takeOver.LostAt.UtcDateTime:yyyyMMddHHmmss}-{product.Sku}-{product.Region}-{part++}"),
                product.Sku, product.Region, "set aside: the region may have issued them before it was lost", "recover", takeOver.LostAt, ids);
            // A run that was interrupted has set them aside.
            var voided = await KeyStatements.VoidAsync(connection, transaction, gone, ids.Length, [], cancellation);
            report.LagKeys += voided;
            if (voided > 0)
            {
                await using var row = new NpgsqlCommand(
                    "INSERT INTO shop.outbox (number, commit_no, records) VALUES (nextval('shop.outbox_number'), $1, $2)",
                    connection, transaction)
                {
                    Parameters = { new() { Value = commit }, new() { Value = OutboxCodec.Encode([RecordOf(gone)])! } },
                };
                await row.ExecuteNonQueryAsync(cancellation);
            }
        }

        await transaction.CommitAsync(cancellation);
    }

    private static OutRecord RecordOf(KeysVoided gone) => new(
        Topics.KeyBatches.Name, Topics.KeyBatches.PartitionOf(gone.Sku), gone.Sku, MessageTypes.KeysVoided,
        JsonSerializer.SerializeToUtf8Bytes(gone, ContractsJson.Default.KeysVoided), gone.VoidedAt);
}
