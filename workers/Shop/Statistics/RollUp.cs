using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Statistics;

/// <summary>
/// Counts days. Orders cost nothing more for it: what a fleet writes is read again, a day at a time, by an index that an order
/// enters once. A day is computed whole and replaced, so a replay or a recovery needs no care; only what the archive takes away
/// is added up, by the transaction that takes it. Both hold one lock, so that no order is counted on both sides.
/// </summary>
public sealed class RollUp(NpgsqlDataSource database, ShopDays days, TimeProvider time)
{
    private const long LockId = 0x63617264_73746174;

    /// <summary>Days that a tick keeps: the archive's usual age and some. Older ones are counted when somebody asks.</summary>
    private const int KeptDays = 100;

    private const string Columns =
        "placed, opened, paid, delivered, expired, refused, sold_out, cancelled, refunded, revenue, refunded_amount, timed, delivery_ms";

    private const string Sums = """
        count(*), count(*) FILTER (WHERE f.opened OR f.paid_at IS NOT NULL), count(f.paid_at), count(f.delivered_at),
        count(*) FILTER (WHERE f.status = 'expired'), count(*) FILTER (WHERE f.status = 'refused'),
        count(*) FILTER (WHERE f.status = 'sold-out'), count(*) FILTER (WHERE f.status = 'cancelled'),
        count(*) FILTER (WHERE f.refunded > 0), sum(f.revenue)::bigint, sum(f.refunded)::bigint,
        count(f.delivered_at - f.paid_at),
        COALESCE(sum(greatest(extract(epoch FROM f.delivered_at - f.paid_at) * 1000, 0)), 0)::bigint
        """;

    private static readonly string Lock = $"SELECT pg_advisory_xact_lock({LockId})";

    private static readonly string AddArchived = $"""
        INSERT INTO shop.statistics AS s (day, sku, channel, region, archived, {Columns})
        SELECT o.day, f.sku, f.channel, f.region, true, {Sums}
        FROM unnest($1, $2) AS o(id, day) JOIN shop.order_figures f ON f.id = o.id
        WHERE f.id = ANY($1) AND f.accepted IS NOT NULL AND NOT EXISTS (SELECT FROM shop.archive a WHERE a.id = o.id)
        GROUP BY o.day, f.sku, f.channel, f.region
        ON CONFLICT (day, sku, channel, region, archived) DO UPDATE SET
            {string.Join(", ", Columns.Split(", ").Select(c => $"{c} = s.{c} + excluded.{c}"))}
        """;

    private const string Compute = $"""
        INSERT INTO shop.statistics (day, sku, channel, region, archived, {Columns})
        SELECT $1, f.sku, f.channel, f.region, false, {Sums}
        FROM shop.order_figures f
        WHERE f.accepted >= $2 AND f.accepted < $3
        GROUP BY f.sku, f.channel, f.region
        """;

    public ShopDays Days => days;

    /// <summary>
    /// Days that end before the first order: nothing stands in them. Counting one of them would read every open order, as those
    /// stand in no index by day, and a young shop has a hundred of them.
    /// </summary>
    private const string NoteEmpty = """
        WITH first AS (SELECT least(
            (SELECT min((data #>> '{order,acceptedAt}') COLLATE "C") FROM shop.mt_doc_paymentsaga WHERE due IS NULL),
            (SELECT min((data #>> '{order,acceptedAt}') COLLATE "C") FROM shop.mt_doc_paymentsaga WHERE due IS NOT NULL)) AS at),
        empty AS (
            SELECT d.day FROM unnest($1, $2) AS d(day, ends) CROSS JOIN first WHERE first.at IS NULL OR d.ends <= first.at),
        gone AS (DELETE FROM shop.statistics s USING empty e WHERE s.day = e.day AND NOT s.archived)
        INSERT INTO shop.statistics_days (day, zone, rolled_at, took_ms) SELECT day, $3, $4, 0 FROM empty
        ON CONFLICT (day) DO UPDATE SET zone = excluded.zone, rolled_at = excluded.rolled_at, took_ms = excluded.took_ms
        RETURNING day
        """;

    public DateOnly Today => days.DayOf(time.GetUtcNow());

    /// <summary>
    /// Keeps the last days as they should be, the newest first, as far as the time allows: today's share of a slow tick.
    /// </summary>
    /// <returns>Days that were computed.</returns>
    public Task<int> TickAsync(TimeSpan budget, CancellationToken cancellation) =>
        KeepAsync(Today.AddDays(1 - KeptDays), Today, budget, TimeSpan.FromMinutes(5), cancellation);

    /// <summary>Computes the stale days of a range, the newest first, until the time is over.</summary>
    /// <param name="patience">For one day: a day that takes longer is left to the tick.</param>
    public async Task<int> KeepAsync(
        DateOnly from, DateOnly to, TimeSpan budget, TimeSpan patience, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var rolled = await RolledAsync(from, to, cancellation);
        var stale = new List<DateOnly>();
        for (var day = to; day >= from; day = day.AddDays(-1))
        {
            var last = rolled.TryGetValue(day, out var r) ? r : (RolledDay?)null;
            if (RollUpRule.IsStale(day, Today, last, days.Zone, time.GetUtcNow()))
            {
                stale.Add(day);
            }
        }

        var empty = stale.Count > 1 ? await NoteEmptyAsync(stale, patience, cancellation) : [];
        var computed = empty.Count;
        foreach (var day in stale.Where(d => !empty.Contains(d)))
        {
            if (time.GetElapsedTime(started) >= budget)
            {
                break;
            }

            await ComputeAsync(day, patience, cancellation);
            computed++;
        }

        return computed;
    }

    /// <summary>Every day will be computed again before it is shown: documents have changed by another way than the fleets'.</summary>
    public static NpgsqlBatchCommand Forget() => new("DELETE FROM shop.statistics_days");

    /// <summary>
    /// Adds to a transaction what it needs to take orders out of the documents: to be run before their rows and tombstones are
    /// touched.
    /// </summary>
    /// <param name="orders">Ids, and when each was accepted.</param>
    public void AddArchiving(NpgsqlBatch batch, IReadOnlyList<(string Id, DateTimeOffset AcceptedAt)> orders)
    {
        DateOnly[] on = [.. orders.Select(o => days.DayOf(o.AcceptedAt))];
        batch.BatchCommands.Add(new(Lock));
        batch.BatchCommands.Add(new(AddArchived)
        {
            Parameters =
            {
                new() { Value = orders.Select(o => o.Id).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new() { Value = on, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date },
            },
        });
        batch.BatchCommands.Add(new("DELETE FROM shop.statistics_days WHERE day = ANY($1)")
        {
            Parameters = { new() { Value = on.Distinct().ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date } },
        });
    }

    /// <summary>When each day of a range was computed.</summary>
    public async Task<IReadOnlyDictionary<DateOnly, RolledDay>> RolledAsync(
        DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await RolledAsync(connection, from, to, cancellation);
    }

    internal static async Task<IReadOnlyDictionary<DateOnly, RolledDay>> RolledAsync(
        NpgsqlConnection connection, DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT day, zone, rolled_at, took_ms FROM shop.statistics_days WHERE day BETWEEN $1 AND $2", connection)
        {
            Parameters = { new() { Value = from }, new() { Value = to } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rolled = new Dictionary<DateOnly, RolledDay>();
        while (await reader.ReadAsync(cancellation))
        {
            var (day, at) = Read(reader);
            rolled[day] = at;
        }

        return rolled;
    }

    private static (DateOnly Day, RolledDay Rolled) Read(NpgsqlDataReader row) => (
        row.GetFieldValue<DateOnly>(0),
        new(row.GetFieldValue<DateTimeOffset>(2), TimeSpan.FromMilliseconds(row.GetInt32(3)), row.GetString(1)));

    /// <returns>Those of the given days that are noted as empty now.</returns>
    private async Task<HashSet<DateOnly>> NoteEmptyAsync(
        IReadOnlyList<DateOnly> stale, TimeSpan patience, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = (int)patience.TotalSeconds };
        batch.BatchCommands.Add(new(Lock));
        batch.BatchCommands.Add(new(NoteEmpty)
        {
            Parameters =
            {
                new() { Value = stale.ToArray() },
                new() { Value = stale.Select(d => Text(days.Begin(d.AddDays(1)))).ToArray() },
                new() { Value = days.Zone }, new() { Value = time.GetUtcNow() },
            },
        });
        var empty = new HashSet<DateOnly>();
        await using (var reader = await batch.ExecuteReaderAsync(cancellation))
        {
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                empty.Add(await reader.GetFieldValueAsync<DateOnly>(0, cancellation));
            }
        }

        await transaction.CommitAsync(cancellation);
        return empty;
    }

    private async Task ComputeAsync(DateOnly day, TimeSpan patience, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var locked = new NpgsqlCommand(Lock, connection, transaction))
        {
            await locked.ExecuteNonQueryAsync(cancellation);
        }

        // Who waited for the lock may find the work done.
        var rolled = await RolledAsync(connection, day, day, cancellation);
        if (rolled.TryGetValue(day, out var last) && !RollUpRule.IsStale(day, Today, last, days.Zone, time.GetUtcNow()))
        {
            return;
        }

        var at = time.GetUtcNow();
        var started = time.GetTimestamp();
        await using (var compute = new NpgsqlBatch(connection, transaction) { Timeout = (int)patience.TotalSeconds })
        {
            compute.BatchCommands.Add(new("DELETE FROM shop.statistics WHERE day = $1 AND NOT archived") { Parameters = { new() { Value = day } } });
            compute.BatchCommands.Add(new(Compute)
            {
                Parameters = { new() { Value = day }, new() { Value = Text(days.Begin(day)) }, new() { Value = Text(days.Begin(day.AddDays(1))) } },
            });
            await compute.ExecuteNonQueryAsync(cancellation);
        }

        await NoteAsync(connection, transaction, day, at, time.GetElapsedTime(started), cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private async Task NoteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, DateOnly day, DateTimeOffset at, TimeSpan took,
        CancellationToken cancellation)
    {
        await using var note = new NpgsqlCommand(
            """
            INSERT INTO shop.statistics_days (day, zone, rolled_at, took_ms) VALUES ($1, $2, $3, $4)
            ON CONFLICT (day) DO UPDATE SET zone = excluded.zone, rolled_at = excluded.rolled_at, took_ms = excluded.took_ms
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = day }, new() { Value = days.Zone }, new() { Value = at }, new() { Value = (int)took.TotalMilliseconds },
            },
        };
        await note.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>As documents write times: UTC, of one width.</summary>
    private static string Text(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
