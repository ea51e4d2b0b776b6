using System.Globalization;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Pipeline.Batches;

/// <summary>What the first statement of a batch's transaction says.</summary>
/// <param name="OutboxNumber">Taken for this transaction's row, whether it will be written or not.</param>
/// <param name="Progress">Next offsets of the batch's partitions; absent = 0.</param>
public sealed record Opening(
    DateTimeOffset ServerStartedAt, long CommitNo, long OutboxNumber, IReadOnlyDictionary<PartitionKey, long> Progress);

/// <summary>How far one batch moves a partition.</summary>
public sealed record ProgressMove(PartitionKey Partition, long Loaded, long Next);

/// <summary>
/// The statements that open and close every batch's transaction: the fence's reading and the positions first;
/// the moved positions, the outbox row, the commit number and COMMIT last, in one round trip.
/// </summary>
public static class TransactionFrame
{
    /// <summary>Two statements: <see cref="ReadOpeningAsync"/> reads both results.</summary>
    public static void AddOpening(NpgsqlBatch batch, string group, IReadOnlyCollection<PartitionKey> partitions)
    {
        batch.BatchCommands.Add(new(
            "SELECT pg_postmaster_start_time(), (SELECT n FROM shop.commit_no), nextval('shop.outbox_number')"));
        batch.BatchCommands.Add(new(
            """
            SELECT topic, partition, next_offset FROM shop.progress
            WHERE grp = $1 AND (topic, partition) IN (SELECT * FROM unnest($2, $3))
            """)
        {
            Parameters =
            {
                new() { Value = group },
                new()
                {
                    Value = partitions.Select(p => p.Topic).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
                },
                new()
                {
                    Value = partitions.Select(p => p.Partition).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer,
                },
            },
        });
    }

    public static async Task<Opening> ReadOpeningAsync(
        NpgsqlDataReader reader, IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation)
    {
        await reader.ReadAsync(cancellation);
        var startedAt = await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellation);
        var commit = reader.GetInt64(1);
        var number = reader.GetInt64(2);
        await reader.NextResultAsync(cancellation);
        var progress = partitions.ToDictionary(p => p, _ => 0L);
        while (await reader.ReadAsync(cancellation))
        {
            progress[new(reader.GetString(0), reader.GetInt32(1))] = reader.GetInt64(2);
        }

        await reader.NextResultAsync(cancellation);
        return new(startedAt, commit, number, progress);
    }

    /// <summary>
    /// One statement: a partition whose position is no longer the loaded one is not moved, and the affected count tells;
    /// this fences a zombie owner: see <see cref="Expect"/>.
    /// </summary>
    public static NpgsqlBatchCommand MoveProgress(string group, IReadOnlyList<ProgressMove> moves) => new(
        """
        INSERT INTO shop.progress AS p (grp, topic, partition, next_offset)
        SELECT $1, topic, partition, next_offset FROM unnest($2, $3, $4, $5) AS t(topic, partition, next_offset, loaded)
        ORDER BY topic, partition
        ON CONFLICT (grp, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
        WHERE p.next_offset = (
            SELECT loaded FROM unnest($2, $3, $5) AS l(topic, partition, loaded)
            WHERE l.topic = p.topic AND l.partition = p.partition)
        """)
    {
        Parameters =
        {
            new() { Value = group },
            Array(moves, m => m.Partition.Topic, NpgsqlDbType.Text),
            Array(moves, m => m.Partition.Partition, NpgsqlDbType.Integer),
            Array(moves, m => m.Next, NpgsqlDbType.Bigint),
            Array(moves, m => m.Loaded, NpgsqlDbType.Bigint),
        },
    };

    /// <summary>
    /// Makes a statement that must change so many rows fail where it changes others: a conflict, and the transaction is void.
    /// </summary>
    /// <param name="change">An INSERT or UPDATE without RETURNING; its text and parameters are extended.</param>
    /// <param name="what">What has happened then.</param>
    public static NpgsqlBatchCommand Expect(NpgsqlBatchCommand change, int rows, string what)
    {
        var given = change.Parameters.Count;
        change.CommandText = string.Create(
            CultureInfo.InvariantCulture,
            $"WITH done AS ({change.CommandText} RETURNING 1) SELECT {Database.Schema}.expect((SELECT count(*) FROM done), ${given + 1}, ${given + 2})");
        change.Parameters.Add(new() { Value = (long)rows });
        change.Parameters.Add(new() { Value = what });
        return change;
    }

    /// <summary>
    /// Runs a batch whose last statement is <see cref="Close"/>, and commits. COMMIT goes along: the commit number's row is
    /// locked no longer than the server needs to write.
    /// </summary>
    /// <returns>The commit number.</returns>
    /// <exception cref="ConflictException">Another transaction was faster; nothing was written.</exception>
    public static async Task<long> CommitAsync(NpgsqlBatch batch, CancellationToken cancellation)
    {
        batch.BatchCommands.Add(new("COMMIT"));
        long? commit = null;
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            do
            {
                while (await reader.ReadAsync(cancellation))
                {
                    commit = reader.GetInt64(0);
                }
            }
            while (await reader.NextResultAsync(cancellation));
        }
        catch (PostgresException e) when (Failures.IsConflict(e))
        {
            throw new ConflictException(e.MessageText, e);
        }

        return commit ?? throw new PlaceException("No commit number");
    }

    /// <summary>One statement, the last: commit number + 1, and the row that carries it. Returns the commit number.</summary>
    public static NpgsqlBatchCommand Close(
        long number, IReadOnlyList<OutRecord> records, IReadOnlyList<OutCommand> commands, IReadOnlyList<long> waits)
    {
        if (records.Count == 0 && commands.Count == 0)
        {
            return new("UPDATE shop.commit_no SET n = n + 1 RETURNING n");
        }

        return new(
            """
            WITH c AS (UPDATE shop.commit_no SET n = n + 1 RETURNING n)
            INSERT INTO shop.outbox (number, commit_no, records, commands, waits) SELECT $1, n, $2, $3, $4 FROM c
            RETURNING commit_no
            """)
        {
            Parameters =
            {
                new() { Value = number },
                new() { Value = (object?)OutboxCodec.Encode(records) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea },
                new() { Value = (object?)OutboxCodec.Encode(commands) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea },
                new() { Value = waits.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            },
        };
    }

    private static NpgsqlParameter Array<TValue>(
        IReadOnlyList<ProgressMove> moves, Func<ProgressMove, TValue> value, NpgsqlDbType type) =>
        new() { Value = moves.Select(value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
