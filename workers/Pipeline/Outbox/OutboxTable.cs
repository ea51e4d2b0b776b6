using CardShop.Pipeline.Batches;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Pipeline.Outbox;

/// <summary>
/// The outbox in PostgreSQL. Clearing and deleting do not wait for the disk: a lost one only means that a row is sent
/// again, and its repeats are no-ops. Whatever matters is written by the batch's own transaction.
/// </summary>
/// <param name="review">Puts an order into review, inside the given transaction.</param>
public sealed class OutboxTable(
    NpgsqlDataSource database, Func<NpgsqlConnection, string, string, CancellationToken, Task> review) : IOutboxStore
{
    public async Task RecordsSentAsync(OutboxRow row, CancellationToken cancellation)
    {
        if (row.Commands.Count == 0)
        {
            await DeleteAsync(row, cancellation);
            return;
        }

        await LazyAsync(
            new("UPDATE shop.outbox SET records = NULL WHERE number = $1 AND commit_no = $2")
            {
                Parameters = { new() { Value = row.Number }, new() { Value = row.Commit } },
            },
            cancellation);
    }

    public Task DeleteAsync(OutboxRow row, CancellationToken cancellation) => LazyAsync(Delete(row), cancellation);

    public Task RewriteAsync(OutboxRow row, CancellationToken cancellation) => LazyAsync(Rewrite(row), cancellation);

    public async Task ParkAsync(
        OutboxRow left, string? orderId, string kind, byte[] body, string reason, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // As every batch does: documents first, the commit number, which all wait for, last.
        if (orderId is not null)
        {
            await review(connection, orderId, $"A message could not be sent: {kind}", cancellation);
        }

        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    INSERT INTO shop.parked (outbox, order_id, kind, body, reason) VALUES ($1, $2, $3, $4, $5)
                    """)
                {
                    Parameters =
                    {
                        new() { Value = left.Number },
                        new() { Value = (object?)orderId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar },
                        new() { Value = kind }, new() { Value = body }, new() { Value = reason },
                    },
                },
                Rewrite(left),
                TransactionFrame.Close(0, [], [], []),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    public async Task<IReadOnlyList<long>> UnsentAsync(IReadOnlyList<long> numbers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT number FROM shop.outbox WHERE number = ANY($1) AND records IS NOT NULL ORDER BY number");
        command.Parameters.Add(new() { Value = numbers.ToArray() });
        return await NumbersAsync(command, cancellation);
    }

    public async Task<IReadOnlyList<OutboxRow>> ReadAsync(IReadOnlyList<long> numbers, CancellationToken cancellation)
    {
        if (numbers.Count == 0)
        {
            return [];
        }

        await using var command = database.CreateCommand(
            "SELECT number, commit_no, records, commands, waits FROM shop.outbox WHERE number = ANY($1) ORDER BY number");
        command.Parameters.Add(new() { Value = numbers.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<OutboxRow>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new(
                reader.GetInt64(0), reader.GetInt64(1),
                OutboxCodec.DecodeRecords(await BytesAsync(reader, 2, cancellation)),
                OutboxCodec.DecodeCommands(await BytesAsync(reader, 3, cancellation)),
                await reader.GetFieldValueAsync<long[]>(4, cancellation)));
        }

        return rows;
    }

    public async Task<IReadOnlyList<long>> LeftBehindAsync(
        TimeSpan age, int limit, IReadOnlyCollection<long> except, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT number FROM shop.outbox WHERE created_at < now() - $1 AND number <> ALL ($3) ORDER BY number LIMIT $2");
        command.Parameters.Add(new() { Value = age });
        command.Parameters.Add(new() { Value = limit });
        command.Parameters.Add(new() { Value = except.ToArray() });
        return await NumbersAsync(command, cancellation);
    }

    /// <summary>A database that lost its last transactions gives their numbers again: the commit tells which row is meant.</summary>
    private static NpgsqlBatchCommand Delete(OutboxRow row) =>
        new("DELETE FROM shop.outbox WHERE number = $1 AND commit_no = $2")
        {
            Parameters = { new() { Value = row.Number }, new() { Value = row.Commit } },
        };

    private static NpgsqlBatchCommand Rewrite(OutboxRow row) => row is { Records.Count: 0, Commands.Count: 0 }
        ? Delete(row)
        : new("UPDATE shop.outbox SET records = $3, commands = $4 WHERE number = $1 AND commit_no = $2")
        {
            Parameters =
            {
                new() { Value = row.Number },
                new() { Value = row.Commit },
                new()
                {
                    Value = (object?)OutboxCodec.Encode(row.Records) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea,
                },
                new()
                {
                    Value = (object?)OutboxCodec.Encode(row.Commands) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea,
                },
            },
        };

    private async Task LazyAsync(NpgsqlBatchCommand command, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { new("SET LOCAL synchronous_commit = off"), command },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task<IReadOnlyList<long>> NumbersAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var numbers = new List<long>();
        while (await reader.ReadAsync(cancellation))
        {
            numbers.Add(reader.GetInt64(0));
        }

        return numbers;
    }

    private static async Task<byte[]?> BytesAsync(NpgsqlDataReader reader, int column, CancellationToken cancellation) =>
        await reader.IsDBNullAsync(column, cancellation)
            ? null
            : await reader.GetFieldValueAsync<byte[]>(column, cancellation);
}
