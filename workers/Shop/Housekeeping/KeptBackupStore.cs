using System.Text.Json;
using CardShop.Pipeline.Log;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Housekeeping;

/// <summary>Where the database stands: read in one statement, so that all of it is of one moment.</summary>
/// <param name="Schema">The last migration that was applied.</param>
public sealed record DatabasePosition(long CommitNo, IReadOnlyList<GroupOffset> Progress, string Schema);

/// <summary>
/// The list of kept backups in PostgreSQL. The repository has the truth; the list is brought in line with it whenever a
/// backup is made or listed. A list that lags behind names backups that are gone: then less is trimmed.
/// </summary>
public static class KeptBackupStore
{
    public static async Task<DatabasePosition> PositionAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT (SELECT n FROM shop.commit_no),
                (SELECT coalesce(jsonb_agg(jsonb_build_object('group', grp, 'topic', topic, 'partition', partition,
                    'nextOffset', next_offset) ORDER BY grp, topic, partition), '[]') FROM shop.progress),
                (SELECT max(name) FROM shop.migrations)
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new(
            reader.GetInt64(0), Read(await reader.GetFieldValueAsync<string>(1, cancellation)),
            await reader.IsDBNullAsync(2, cancellation) ? "" : reader.GetString(2));
    }

    /// <summary>All of the list, the oldest first.</summary>
    public static async Task<IReadOnlyList<KeptBackup>> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT label, kind, started_at, stopped_at, commit_no, progress FROM shop.backups ORDER BY started_at, label");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var backups = new List<KeptBackup>();
        while (await reader.ReadAsync(cancellation))
        {
            backups.Add(new(
                reader.GetString(0), reader.GetString(1), await reader.GetFieldValueAsync<DateTimeOffset>(2, cancellation),
                await reader.GetFieldValueAsync<DateTimeOffset>(3, cancellation),
                await reader.IsDBNullAsync(4, cancellation) ? null : reader.GetInt64(4),
                await reader.IsDBNullAsync(5, cancellation) ? null : Read(reader.GetString(5))));
        }

        return backups;
    }

    /// <summary>Makes the list what the repository holds, in one transaction.</summary>
    public static async Task ReplaceAsync(
        NpgsqlDataSource database, IReadOnlyList<KeptBackup> backups, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new("DELETE FROM shop.backups WHERE label <> ALL($1)")
                {
                    Parameters = { new() { Value = backups.Select(b => b.Label).ToArray() } },
                },
            },
        };
        foreach (var backup in backups)
        {
            batch.BatchCommands.Add(new(
                """
                INSERT INTO shop.backups (label, kind, started_at, stopped_at, commit_no, progress)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (label) DO UPDATE SET commit_no = excluded.commit_no, progress = excluded.progress
                """)
            {
                Parameters =
                {
                    new() { Value = backup.Label }, new() { Value = backup.Kind },
                    new() { Value = backup.StartedAt.ToUniversalTime() }, new() { Value = backup.StoppedAt.ToUniversalTime() },
                    new() { Value = (object?)backup.CommitNo ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
                    new()
                    {
                        Value = backup.Progress is { } progress
                            ? JsonSerializer.Serialize(progress, HousekeepingJson.Default.IReadOnlyListGroupOffset)
                            : DBNull.Value,
                        NpgsqlDbType = NpgsqlDbType.Jsonb,
                    },
                },
            });
        }

        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>How far each group has come.</summary>
    public static IReadOnlyDictionary<(string Group, PartitionKey Partition), long> ByPartition(IReadOnlyList<GroupOffset> progress) =>
        progress.ToDictionary(o => (o.Group, new PartitionKey(o.Topic, o.Partition)), o => o.NextOffset);

    private static IReadOnlyList<GroupOffset> Read(string json) =>
        JsonSerializer.Deserialize(json, HousekeepingJson.Default.IReadOnlyListGroupOffset) ?? [];
}
