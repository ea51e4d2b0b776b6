using CardShop.Pipeline.Log;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Telemetry;

/// <summary>
/// What the survey asks PostgreSQL. Every statement is bounded by an index and a limit, none looks at history: it costs
/// the same with a thousand orders and with a hundred million.
/// </summary>
internal static class SurveyStatements
{
    private const int Most = 2_000;
    private static readonly TimeSpan Overdue = TimeSpan.FromMinutes(1);

    private const string Waiting = """
        SELECT
            (SELECT count(*) FROM (SELECT 1 FROM shop.outbox LIMIT $1) AS r),
            coalesce((SELECT extract(epoch FROM clock_timestamp() - created_at) FROM shop.outbox ORDER BY number LIMIT 1), 0)::float8,
            (SELECT count(*) FROM (SELECT 1 FROM shop.parked LIMIT $1) AS r),
            (SELECT count(*) FROM (SELECT 1 FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'manual' LIMIT $1) AS r),
            (SELECT count(*) FROM (SELECT 1 FROM unnest($2) AS c(channel) CROSS JOIN LATERAL (
                SELECT 1 FROM shop.mt_doc_paymentsaga
                WHERE COALESCE(data #>> '{attempts,-1,channel}', data #>> '{order,channel}', '') = c.channel AND due < $3
                LIMIT $1) AS p LIMIT $1) AS r),
            (SELECT count(*) FROM (SELECT 1 FROM shop.mt_doc_deliverysaga WHERE due < $3 LIMIT $1) AS r),
            (SELECT count(*) FROM shop.webhooks WHERE NOT enabled),
            (SELECT count(*) FROM shop.webhooks WHERE enabled AND failing_since IS NOT NULL),
            (SELECT coalesce(sum(pending), 0)::bigint FROM shop.webhooks),
            (SELECT count(*) FROM (SELECT 1 FROM shop.mails WHERE state = 'failed' LIMIT $1) AS r),
            (SELECT count(*) FROM (SELECT 1 FROM shop.mails WHERE due IS NOT NULL LIMIT $1) AS r)
        """;

    private const string Reviews = $$"""
        SELECT count(*), min(since) FROM (
            SELECT (SELECT min(r ->> 'openedAt') FROM jsonb_array_elements(data -> 'reviews') AS r WHERE NOT r ? 'closedAt') AS since
            FROM shop.mt_doc_paymentsaga
            WHERE {{ReviewQueries.IsOpen}} LIMIT $1) AS r
        """;

    private const string WaitingStock = """
        SELECT count(*), min(since) FROM (
            SELECT data ->> 'createdAt' AS since FROM shop.mt_doc_deliverysaga
            WHERE data ->> 'status' = 'waiting-stock' LIMIT $1) AS r
        """;

    private const string Server = """
        SELECT
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
            current_setting('max_connections')::bigint,
            pg_database_size(current_database()),
            (SELECT count(*) FROM pg_stat_replication)::integer,
            coalesce((SELECT extract(epoch FROM max(replay_lag)) FROM pg_stat_replication), 0)::float8,
            coalesce((SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()), 0)::float8,
            (SELECT last_failed_time IS NOT NULL AND last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver),
            to_regclass('shop.backups') IS NOT NULL
        """;

    // In one snapshot: row and keys change in the same transaction.
    private const string Stock = """
        SELECT s.sku, s.region, s.available, s.reserved, s.held, (SELECT count(*) FROM (
            SELECT 1 FROM shop.card_keys k
            WHERE k.sku = s.sku AND k.region = s.region AND k.status = 'unsold' LIMIT $3) AS u)
        FROM shop.stock s WHERE (s.sku, s.region) > ($1, $2) ORDER BY s.sku, s.region LIMIT $4
        """;

    public static async Task<DatabaseSurvey> DatabaseAsync(
        NpgsqlConnection connection, IReadOnlyList<string> channels, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(Waiting)
                {
                    Parameters =
                    {
                        new() { Value = Most },
                        new() { Value = channels.Append(string.Empty).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                        new() { Value = now - Overdue },
                    },
                },
                new(Reviews) { Parameters = { new() { Value = Most } } },
                new(WaitingStock) { Parameters = { new() { Value = Most } } },
                new(Server),
                new("SELECT grp, topic, partition, next_offset FROM shop.progress"),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var survey = new DatabaseSurvey(
            new(reader.GetInt64(0), reader.GetDouble(1)), reader.GetInt64(2), default, default, reader.GetInt64(3),
            reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7), reader.GetInt64(8),
            reader.GetInt64(9), reader.GetInt64(10), 0, 0, 0, 0, 0, 0,
            false, null, new Dictionary<(string Group, PartitionKey Partition), long>());
        survey = survey with { Reviews = await BacklogAsync(reader, now, cancellation) };
        survey = survey with { WaitingStock = await BacklogAsync(reader, now, cancellation) };
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var hasBackups = reader.GetBoolean(7);
        survey = survey with
        {
            Connections = reader.GetInt64(0),
            MaxConnections = reader.GetInt64(1),
            SizeBytes = reader.GetInt64(2),
            Replicas = reader.GetInt32(3),
            ReplicaLagSeconds = reader.GetDouble(4),
            OldestTransactionSeconds = reader.GetDouble(5),
            ArchiveFailing = reader.GetBoolean(6),
            Progress = await ProgressAsync(reader, cancellation),
        };
        await reader.CloseAsync();
        return hasBackups ? survey with { BackupAgeSeconds = await BackupAgeAsync(connection, cancellation) } : survey;
    }

    private static async Task<double> BackupAgeAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT coalesce(extract(epoch FROM now() - max(stopped_at)), 'infinity')::float8 FROM shop.backups", connection);
        return (double)(await command.ExecuteScalarAsync(cancellation) ?? double.PositiveInfinity);
    }

    public static async Task<IReadOnlyList<StockLook>> StockAsync(
        NpgsqlConnection connection, StockKey after, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Stock, connection)
        {
            Parameters =
            {
                new() { Value = after.Sku }, new() { Value = after.Region }, new() { Value = StockLook.CountLimit },
                new() { Value = StockRound.Step },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var looks = new List<StockLook>();
        while (await reader.ReadAsync(cancellation))
        {
            looks.Add(new(
                new(reader.GetString(0), reader.GetString(1)), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
                reader.GetInt64(5)));
        }

        return looks;
    }

    private static async Task<Backlog> BacklogAsync(NpgsqlDataReader reader, DateTimeOffset now, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var since = await reader.IsDBNullAsync(1, cancellation)
            ? now
            : DateTimeOffset.Parse(reader.GetString(1), System.Globalization.CultureInfo.InvariantCulture);
        return new(reader.GetInt64(0), Math.Max(0, (now - since).TotalSeconds));
    }

    private static async Task<Dictionary<(string Group, PartitionKey Partition), long>> ProgressAsync(
        NpgsqlDataReader reader, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        var progress = new Dictionary<(string Group, PartitionKey Partition), long>();
        while (await reader.ReadAsync(cancellation))
        {
            progress[(reader.GetString(0), new(reader.GetString(1), reader.GetInt32(2)))] = reader.GetInt64(3);
        }

        return progress;
    }
}
