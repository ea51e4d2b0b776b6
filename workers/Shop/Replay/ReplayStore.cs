using System.Text.Json;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Replay;

/// <summary>A replay that was begun and is not finished.</summary>
/// <param name="Asked">What was asked for: the same again means this one.</param>
public sealed record ReplayJob(
    string Id, ReplayTopic Topic, string Asked, ReplayFilter Filter, IReadOnlyDictionary<PartitionKey, long> Starts,
    IReadOnlyDictionary<PartitionKey, long> Ends, ReplayReport Report, string Operator, DateTimeOffset StartedAt)
{
    /// <summary>Its own consumer group. It is no witness of the rollback fence: its rows go when it is finished.</summary>
    public string Group => $"{Topic.Group}-replay-{Id}";

    public long Records => Starts.Sum(s => Ends[s.Key] - s.Value);

    /// <summary>How many records lie behind these positions.</summary>
    public long DoneAt(IReadOnlyDictionary<PartitionKey, long> positions) =>
        Starts.Sum(s => positions.GetValueOrDefault(s.Key, s.Value) - s.Value);
}

/// <summary>Where a pass over a range is.</summary>
public interface IReplayPositions
{
    /// <summary>Next offsets; the truth, whoever else may have moved them.</summary>
    Task<IReadOnlyDictionary<PartitionKey, long>> ReadAsync(CancellationToken cancellation);

    /// <summary>Keeps what it has come to so far.</summary>
    Task NoteAsync(ReplayReport report, CancellationToken cancellation);
}

/// <summary>Unfinished replays, in PostgreSQL.</summary>
public sealed class ReplayStore(NpgsqlDataSource database)
{
    private const string Columns = "id, topic, asked, sku, order_id, starts, ends, report::text, operator, started_at";

    /// <summary>Begins it: its row and its positions, in one transaction.</summary>
    public async Task CreateAsync(ReplayJob job, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    INSERT INTO shop.replays (id, topic, asked, sku, order_id, starts, ends, report, operator, started_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                    """)
                {
                    Parameters =
                    {
                        new() { Value = job.Id },
                        new() { Value = job.Topic.Topic.Name },
                        new() { Value = job.Asked },
                        Optional(job.Filter.Sku),
                        Optional(job.Filter.OrderId),
                        new() { Value = Offsets(job, job.Starts) },
                        new() { Value = Offsets(job, job.Ends) },
                        Json(job.Report),
                        new() { Value = job.Operator },
                        new() { Value = job.StartedAt.ToUniversalTime() },
                    },
                },
                TransactionFrame.MoveProgress(
                    job.Group, [.. job.Starts.OrderBy(s => s.Key).Select(s => new ProgressMove(s.Key, 0, s.Value))]),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    public async Task<ReplayJob?> FindAsync(string id, CancellationToken cancellation) =>
        await ReadAsync("WHERE id = $1", id, cancellation) is [var job, ..] ? job : null;

    public async Task<ReplayJob?> FindAskedAsync(string asked, CancellationToken cancellation) =>
        await ReadAsync("WHERE asked = $1", asked, cancellation) is [var job, ..] ? job : null;

    public Task<IReadOnlyList<ReplayJob>> ListAsync(CancellationToken cancellation) =>
        ReadAsync("WHERE $1 = '' ORDER BY started_at LIMIT 1000", string.Empty, cancellation);

    /// <summary>Its row and its positions go, in one transaction.</summary>
    public async Task FinishAsync(ReplayJob job, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new("DELETE FROM shop.replays WHERE id = $1") { Parameters = { new() { Value = job.Id } } },
                new("DELETE FROM shop.progress WHERE grp = $1") { Parameters = { new() { Value = job.Group } } },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Nobody else works on it while the lock is held; null where somebody does.</summary>
    public Task<AdvisoryLock?> LockAsync(string id, CancellationToken cancellation) =>
        AdvisoryLock.TryTakeAsync(database, "replay " + id, cancellation);

    public IReplayPositions PositionsOf(ReplayJob job) => new Positions(database, job);

    private async Task<IReadOnlyList<ReplayJob>> ReadAsync(string where, string value, CancellationToken cancellation)
    {
#pragma warning disable CA2100 // The text is put together from constants.
        await using var command = database.CreateCommand($"SELECT {Columns} FROM shop.replays {where}");
#pragma warning restore CA2100
        command.Parameters.Add(new() { Value = value });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var jobs = new List<ReplayJob>();
        while (await reader.ReadAsync(cancellation))
        {
            if (ReplayTopic.Find(reader.GetString(1)) is { } topic)
            {
                jobs.Add(Read(reader, topic));
            }
        }

        return jobs;
    }

    private static ReplayJob Read(NpgsqlDataReader reader, ReplayTopic topic)
    {
        var starts = reader.GetFieldValue<long[]>(5);
        var ends = reader.GetFieldValue<long[]>(6);
        var partitions = Enumerable.Range(0, starts.Length).Where(p => ends[p] > starts[p]).ToList();
        return new(
            reader.GetString(0), topic, reader.GetString(2),
            new(reader.IsDBNull(3) ? null : reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetString(4)),
            partitions.ToDictionary(p => new PartitionKey(topic.Topic.Name, p), p => starts[p]),
            partitions.ToDictionary(p => new PartitionKey(topic.Topic.Name, p), p => ends[p]),
            JsonSerializer.Deserialize(reader.GetString(7), ReplayJson.Default.ReplayReport) ?? ReplayReport.Empty,
            reader.GetString(8), reader.GetFieldValue<DateTimeOffset>(9));
    }

    private static long[] Offsets(ReplayJob job, IReadOnlyDictionary<PartitionKey, long> offsets) =>
    [
        .. Enumerable.Range(0, job.Topic.Topic.Partitions)
            .Select(p => offsets.GetValueOrDefault(new(job.Topic.Topic.Name, p))),
    ];

    private static NpgsqlParameter Optional(string? text) =>
        new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar };

    private static NpgsqlParameter Json(ReplayReport report) => new()
    {
        Value = JsonSerializer.Serialize(report, ReplayJson.Default.ReplayReport),
        NpgsqlDbType = NpgsqlDbType.Jsonb,
    };

    private sealed class Positions(NpgsqlDataSource database, ReplayJob job) : IReplayPositions
    {
        public async Task<IReadOnlyDictionary<PartitionKey, long>> ReadAsync(CancellationToken cancellation)
        {
            await using var command = database.CreateCommand(
                "SELECT topic, partition, next_offset FROM shop.progress WHERE grp = $1");
            command.Parameters.Add(new() { Value = job.Group });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var positions = new Dictionary<PartitionKey, long>();
            while (await reader.ReadAsync(cancellation))
            {
                positions[new(reader.GetString(0), reader.GetInt32(1))] = reader.GetInt64(2);
            }

            return positions;
        }

        public async Task NoteAsync(ReplayReport report, CancellationToken cancellation)
        {
            await using var command = database.CreateCommand("UPDATE shop.replays SET report = $2 WHERE id = $1");
            command.Parameters.Add(new() { Value = job.Id });
            command.Parameters.Add(Json(report));
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }
}
