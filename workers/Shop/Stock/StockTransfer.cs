using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Stock;

/// <summary>What one part of a transfer came to.</summary>
/// <param name="Keys">Moved by it, in this run or an earlier one.</param>
/// <param name="Row">What is to be sent; null where it was done before: its row is sent, or the sweeper's.</param>
public sealed record MovedPart(int Keys, OutboxRow? Row);

/// <summary>
/// Moves keys to another region, a part at a time: in one transaction they become void here, and its outbox row takes them,
/// sealed as they are, first as a void to the own log and then as a batch to the other region's.
/// </summary>
public sealed class StockTransfer(NpgsqlDataSource database, RollbackFence fence, TimeProvider time)
{
    private const int MaxReruns = 3;

    /// <param name="part">From 0.</param>
    /// <param name="most">What is still to be moved.</param>
    /// <exception cref="InvalidOperationException">The id is that of another transfer.</exception>
    /// <exception cref="ConflictException">Others sold the keys again and again meanwhile.</exception>
    public async Task<MovedPart> MoveAsync(TransferOrder order, int part, int most, CancellationToken cancellation)
    {
        for (var reruns = 0; ; reruns++)
        {
            try
            {
                return await TryAsync(order, TransferRule.PartId(order.Id, part), most, cancellation);
            }
            catch (Exception e) when (Failures.IsConflict(e) && reruns < MaxReruns)
            {
                // Another transaction was faster: once more, with fresh state.
            }
        }
    }

    /// <summary>True where an earlier run has moved some of it.</summary>
    public async Task<bool> IsBegunAsync(TransferOrder order, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT EXISTS (SELECT FROM shop.key_voids WHERE id = $1)");
        command.Parameters.Add(new() { Value = TransferRule.PartId(order.Id, 0) });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>The batch that keys are in the other region.</summary>
    internal static OutRecord ToRecord(
        string id, string sku, string to, DateTimeOffset at, IReadOnlyList<MovedKey> keys, DateTimeOffset now) => new(
        LinkedTopic.Of(to, Topics.KeyBatches), Topics.KeyBatches.PartitionOf(sku), sku, MessageTypes.KeysImported,
        JsonSerializer.SerializeToUtf8Bytes(
            new(id, sku, to, keys[0].Kek, at, [.. keys.Select(k => new SealedKey(k.Id, k.Sealed))]),
            ContractsJson.Default.KeysImported),
        now);

    private async Task<MovedPart> TryAsync(TransferOrder order, string id, int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (opening, known, available) = await OpenAsync(connection, transaction, order, id, cancellation);
        fence.Require(string.Empty, opening, 0);
        if (known is { } voided)
        {
            return new(voided, null);
        }

        var keys = TransferRule.Part(await PickAsync(connection, transaction, order, Math.Min(most, available), cancellation));
        if (keys.Count == 0)
        {
            return new(0, null);
        }

        var now = time.GetUtcNow();
        var gone = new KeysVoided(
            id, order.Sku, order.From, order.Reason, order.Operator, now, [.. keys.Select(k => k.Id)])
        { To = order.To };
        OutRecord[] records =
        [
            new(
                Topics.KeyBatches.Name, Topics.KeyBatches.PartitionOf(order.Sku), order.Sku, MessageTypes.KeysVoided,
                JsonSerializer.SerializeToUtf8Bytes(gone, ContractsJson.Default.KeysVoided), now),
            ToRecord(id, order.Sku, order.To, now, keys, now),
        ];
        if (await KeyStatements.VoidAsync(connection, transaction, gone, keys.Count, [], cancellation) != keys.Count)
        {
            throw new ConflictException("a key was sold meanwhile");
        }

        await using var stock = new NpgsqlCommand(
            "UPDATE shop.stock SET available = available - $3, void = void + $3 WHERE sku = $1 AND region = $2 AND available >= $3",
            connection, transaction)
        {
            Parameters = { new() { Value = order.Sku }, new() { Value = order.From }, new() { Value = (long)keys.Count } },
        };
        if (await stock.ExecuteNonQueryAsync(cancellation) != 1)
        {
            throw new ConflictException("the keys were reserved meanwhile");
        }

        await using var close = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { TransactionFrame.Close(opening.OutboxNumber, records, [], []) },
        };
        var commit = await TransactionFrame.CommitAsync(close, cancellation);
        return new(keys.Count, new(opening.OutboxNumber, commit, records, [], []));
    }

    private static async Task<(Opening Opening, int? Known, int Available)> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TransferOrder order, string id,
        CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        TransactionFrame.AddOpening(batch, string.Empty, []);
        batch.BatchCommands.Add(new("SELECT sku, to_region, voided FROM shop.key_voids WHERE id = $1")
        {
            Parameters = { new() { Value = id } },
        });
        batch.BatchCommands.Add(new("SELECT available FROM shop.stock WHERE sku = $1 AND region = $2")
        {
            Parameters = { new() { Value = order.Sku }, new() { Value = order.From } },
        });
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var opening = await TransactionFrame.ReadOpeningAsync(reader, [], cancellation);
        int? known = null;
        if (await reader.ReadAsync(cancellation))
        {
            var same = reader.GetString(0) == order.Sku && !await reader.IsDBNullAsync(1, cancellation)
                && reader.GetString(1) == order.To;
            known = same
                ? reader.GetInt32(2)
                : throw new InvalidOperationException($"The id {order.Id} is that of another transfer; nothing was moved.");
        }

        await reader.NextResultAsync(cancellation);
        var available = await reader.ReadAsync(cancellation) ? reader.GetInt64(0) : 0;
        return (opening, known, (int)Math.Min(available, int.MaxValue));
    }

    /// <summary>From the end that deliveries do not pick from; waits for nobody.</summary>
    private static async Task<List<MovedKey>> PickAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TransferOrder order, int most, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT id, kek, sealed FROM shop.card_keys WHERE sku = $1 AND region = $2 AND status = 'unsold'
            ORDER BY id DESC LIMIT $3 FOR UPDATE SKIP LOCKED
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = order.Sku, NpgsqlDbType = NpgsqlDbType.Varchar },
                new() { Value = order.From, NpgsqlDbType = NpgsqlDbType.Varchar },
                new() { Value = (long)Math.Clamp(most, 0, TransferRule.MaxKeys) },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var keys = new List<MovedKey>();
        while (await reader.ReadAsync(cancellation))
        {
            keys.Add(new(reader.GetGuid(0), reader.GetString(1), await reader.GetFieldValueAsync<byte[]>(2, cancellation)));
        }

        return keys;
    }
}
