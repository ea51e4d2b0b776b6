using CardShop.Pipeline.Log;
using Npgsql;

namespace CardShop.Pipeline.Batches;

/// <summary>Where a database stands, in one reading.</summary>
/// <param name="StartedAt">When its server was started: another value is another server, or one that was restored.</param>
/// <param name="CommitNo">The number of its last commit.</param>
/// <param name="Progress">Next offsets of all groups; absent = 0.</param>
public sealed record FenceReading(
    DateTimeOffset StartedAt, long CommitNo, IReadOnlyDictionary<(string Group, PartitionKey Partition), long> Progress)
{
    /// <summary>Why nothing may be worked on, whatever the positions say; null where nothing speaks against it.</summary>
    public string? Objection { get; init; }
}

/// <summary>The database, as the rollback fence asks it.</summary>
public interface IFenceDatabase
{
    Task<DateTimeOffset> StartedAtAsync(CancellationToken cancellation);

    Task<FenceReading> ReadAsync(CancellationToken cancellation);
}

/// <summary>The fence's questions to PostgreSQL.</summary>
/// <param name="log">The prefix of the topics that this process works on: the database's positions must be of those.</param>
public sealed class PostgresFence(NpgsqlDataSource database, string log = "") : IFenceDatabase
{
    public async Task<DateTimeOffset> StartedAtAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT pg_postmaster_start_time()");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellation);
    }

    public async Task<FenceReading> ReadAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                // A database that is restored may not have the column yet.
                new("SELECT pg_postmaster_start_time(), c.n, coalesce(to_jsonb(c) ->> 'log', '') FROM shop.commit_no c"),
                new("SELECT grp, topic, partition, next_offset FROM shop.progress"),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var startedAt = await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellation);
        var commit = reader.GetInt64(1);
        var own = reader.GetString(2);
        await reader.NextResultAsync(cancellation);
        var progress = new Dictionary<(string, PartitionKey), long>();
        while (await reader.ReadAsync(cancellation))
        {
            progress[(reader.GetString(0), new(reader.GetString(1), reader.GetInt32(2)))] = reader.GetInt64(3);
        }

        return new(startedAt, commit, progress)
        {
            Objection = own == log
                ? null
                : $"the database's positions are of the topics '{own}shop.*', this process works on '{log}shop.*'",
        };
    }
}
