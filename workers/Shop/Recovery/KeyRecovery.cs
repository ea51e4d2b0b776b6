using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Npgsql;

namespace CardShop.Shop.Recovery;

/// <summary>
/// Keys of shop.key-batches.v1: imports are loaded as ever, the same ids again; texts that operators handed over wait until
/// their order's event names them; voids wait until it is known what orders need.
/// </summary>
internal sealed class KeyRecovery(NpgsqlDataSource database, RangeSweep sweep, RecoveryReport report)
{
    /// <summary>Records in memory at once: each can be near a megabyte.</summary>
    private const int Page = 100;

    private const int KeysPerTransaction = 20_000;
    private const int VoidsPerPage = 50;
    private const string TextPrefix = "manual-";

    /// <summary>Loads what was imported since; keeps texts and voids for later.</summary>
    public async Task ImportAsync(RecoveryPlan plan, Action<double, string> progress, CancellationToken cancellation)
    {
        var total = Math.Max(1, plan.RecordsOf(Topics.KeyBatches));
        var read = 0L;
        await foreach (var records in sweep.ReadAsync(plan.Of(Topics.KeyBatches), Page, cancellation))
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            var kept = new List<KeptRecord>();
            var imports = new List<KeysImported>();
            foreach (var record in records)
            {
                switch (Decode(record))
                {
                    case KeysImported { Keys.Count: > 0 } import when TextOf(import) is { } orderId:
                        kept.Add(RecordTable.Keep(record, RecordKind.Text, orderId));
                        break;
                    case KeysImported import:
                        imports.Add(import);
                        break;
                    case KeysVoided:
                        kept.Add(RecordTable.Keep(record, RecordKind.Void, string.Empty));
                        break;
                    default:
                        report.Unreadable++;
                        break;
                }
            }

            foreach (var part in Parts(imports))
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                report.KeysImported += (await KeyStatements.ImportAsync(connection, transaction, part, cancellation)).Sum();
                await transaction.CommitAsync(cancellation);
            }

            await RecordTable.AddAsync(connection, kept, cancellation);
            read += records.Count;
            progress((double)read / total, string.Create(CultureInfo.InvariantCulture, $"{report.KeysImported:N0} keys"));
        }
    }

    /// <summary>
    /// Keys that were moved to another region are void whatever orders need, before anything is shared out. Whether their batch
    /// reached that region is not known: it is sent again under the same id, which changes nothing there where it has.
    /// </summary>
    /// <param name="commit">The commit number that the database will have at the end.</param>
    public async Task MoveAsync(long commit, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var (partition, offset) = (-1, -1L);
        while (true)
        {
            var page = await RecordTable.VoidsAsync(connection, partition, offset, VoidsPerPage, cancellation);
            if (page.Count == 0)
            {
                return;
            }

            (partition, offset) = (page[^1].Partition, page[^1].Offset);
            foreach (var order in page.Select(Read).Where(v => v.To is not null))
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                report.KeysMoved += await KeyStatements.VoidAsync(
                    connection, transaction, order, order.Keys.Count, [], cancellation);
                foreach (var record in await BatchesAsync(connection, transaction, order, cancellation))
                {
                    await using var row = new NpgsqlCommand(
                        "INSERT INTO shop.outbox (number, commit_no, records) VALUES (nextval('shop.outbox_number'), $1, $2)",
                        connection, transaction)
                    {
                        Parameters = { new() { Value = commit }, new() { Value = OutboxCodec.Encode([record])! } },
                    };
                    await row.ExecuteNonQueryAsync(cancellation);
                }

                await transaction.CommitAsync(cancellation);
            }
        }
    }

    private static KeysVoided Read(KeptRecord record) =>
        JsonSerializer.Deserialize(record.Body, ContractsJson.Default.KeysVoided)!;

    /// <summary>One batch, as ever; more where a rotation of key-encryption keys has come half-way through its keys since.</summary>
    private static async Task<List<OutRecord>> BatchesAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, KeysVoided order, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT id, kek, sealed FROM shop.card_keys WHERE id = ANY($1) AND status = 'void' ORDER BY kek DESC, id",
            connection, transaction)
        {
            Parameters = { new() { Value = order.Keys.ToArray() } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var keys = new List<MovedKey>();
        while (await reader.ReadAsync(cancellation))
        {
            keys.Add(new(reader.GetGuid(0), reader.GetString(1), await reader.GetFieldValueAsync<byte[]>(2, cancellation)));
        }

        return
        [
            .. keys.GroupBy(k => k.Kek).Select((g, i) => StockTransfer.ToRecord(
                i == 0 ? order.VoidId : string.Create(CultureInfo.InvariantCulture, $"{order.VoidId}-{i}"), order.Sku, order.To!,
                order.VoidedAt, [.. g], order.VoidedAt)),
        ];
    }

    /// <summary>Voids what nobody needs, in the log's order.</summary>
    /// <param name="available">Units of each product that are neither reserved nor sold; what is voided is taken off.</param>
    public async Task VoidAsync(
        Dictionary<StockKey, long> available, Action<double, string> progress, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var (partition, offset) = (-1, -1L);
        while (true)
        {
            var page = await RecordTable.VoidsAsync(connection, partition, offset, VoidsPerPage, cancellation);
            if (page.Count == 0)
            {
                return;
            }

            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            foreach (var record in page)
            {
                (partition, offset) = (record.Partition, record.Offset);
                if (Read(record) is not { To: null } order)
                {
                    continue;
                }

                var key = new StockKey(order.Sku, order.Region);
                var limit = (int)Math.Clamp(available.GetValueOrDefault(key), 0, int.MaxValue);
                var voided = await KeyStatements.VoidAsync(connection, transaction, order, limit, [], cancellation);
                available[key] = available.GetValueOrDefault(key) - voided;
                report.KeysVoided += voided;
            }

            await transaction.CommitAsync(cancellation);
            progress(1, string.Create(CultureInfo.InvariantCulture, $"{report.KeysVoided:N0} keys"));
        }
    }

    /// <summary>The order that a text was handed to; null for other imports.</summary>
    private static string? TextOf(KeysImported import) =>
        import.BatchId.StartsWith(TextPrefix, StringComparison.Ordinal)
            && import.BatchId.Split('-') is [_, var orderId, _] && OrderIds.IsValid(orderId)
            ? orderId
            : null;

    private static object? Decode(LogIncoming record)
    {
        try
        {
            return OrderMessages.Decode(record);
        }
        catch (PoisonMessageException)
        {
            // It was one for the fleets too: it lies among the dead letters.
            return null;
        }
    }

    private static IEnumerable<List<KeysImported>> Parts(List<KeysImported> imports)
    {
        var part = new List<KeysImported>();
        var keys = 0;
        foreach (var import in imports)
        {
            if (part.Count > 0 && keys + import.Keys.Count > KeysPerTransaction)
            {
                yield return part;
                (part, keys) = ([], 0);
            }

            part.Add(import);
            keys += import.Keys.Count;
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }
}
