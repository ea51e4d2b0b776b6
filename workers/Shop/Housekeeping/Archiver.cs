using System.Globalization;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Statistics;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Housekeeping;

/// <summary>What one step of a pass over the orders came to.</summary>
/// <param name="Seen">Orders that were looked at; 0 = the pass has ended.</param>
public readonly record struct ArchiveStep(int Seen, int Archived);

/// <summary>
/// Moves finished orders to files. The file is durable before the transaction that deletes the documents and writes the
/// tombstones; the file's row is written before the file, so that one whose transaction never came is removed by the next
/// pass. One at a time works, under housekeeping's lock.
/// </summary>
public sealed class Archiver(
    NpgsqlDataSource database, ArchiveFiles files, RollbackFence fence, HousekeepingOptions options, RollUp statistics,
    TimeProvider time)
{
    private const string Job = "archive";

    /// <summary>Orders that one step looks at.</summary>
    public const int StepSize = 10_000;

    /// <summary>A pass begins at most so often: each reads the whole table once.</summary>
    private static readonly TimeSpan BetweenPasses = TimeSpan.FromHours(20);

    private readonly SortedSet<string> _found = new(StringComparer.Ordinal);

    /// <summary>
    /// Looks at the next orders by id; moves what has ended once a file is full or the pass is over. The table needs no
    /// index for this: a pass goes through it by its primary key, a part at a time.
    /// </summary>
    public async Task<ArchiveStep> StepAsync(CancellationToken cancellation)
    {
        if (!await fence.ProbeAsync(cancellation))
        {
            throw new FencedException(fence.Reason ?? "PostgreSQL is being compared with the log");
        }

        await RemoveUnfinishedAsync(cancellation);
        if (await AfterAsync(cancellation) is not { } after)
        {
            return default;
        }

        var (last, seen) = await ScanAsync(after, cancellation);
        var archived = 0;
        while (_found.Count >= ArchiveFiles.MostOrders || (seen == 0 && _found.Count > 0))
        {
            var next = _found.Take(ArchiveFiles.MostOrders).ToArray();
            archived += await MoveAsync(next, cancellation);
            _found.ExceptWith(next);
        }

        await RememberAsync(seen == 0 ? string.Empty : last, cancellation);
        return new(seen, archived);
    }

    /// <summary>The next step begins a pass, whenever the last one was.</summary>
    public async Task BeginPassAsync(CancellationToken cancellation)
    {
        _found.Clear();
        await using var command = database.CreateCommand("DELETE FROM shop.housekeeping WHERE job = $1");
        command.Parameters.Add(new() { Value = Job });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>How many of the next orders have ended long enough ago; changes nothing.</summary>
    public async Task<(int Seen, int Ended)> LookAsync(CancellationToken cancellation)
    {
        var (_, seen) = await ScanAsync(string.Empty, cancellation);
        var ended = _found.Count;
        _found.Clear();
        return (seen, ended);
    }

    private DateTimeOffset Cutoff => time.GetUtcNow() - TimeSpan.FromDays(options.ArchiveAfterDays);

    private async Task<(string Last, int Seen)> ScanAsync(string after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT p.id, p.due IS NULL AND p.mt_last_modified <= $3
                AND (d.id IS NULL OR (d.due IS NULL AND d.mt_last_modified <= $3))
            FROM (SELECT id, due, mt_last_modified FROM shop.mt_doc_paymentsaga WHERE id > $1 ORDER BY id LIMIT $2) p
            LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
            ORDER BY p.id
            """);
        command.Parameters.Add(new() { Value = after, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = StepSize });
        command.Parameters.Add(new() { Value = Cutoff });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var (last, seen) = (after, 0);
        while (await reader.ReadAsync(cancellation))
        {
            (last, seen) = (reader.GetString(0), seen + 1);
            if (reader.GetBoolean(1))
            {
                _found.Add(last);
            }
        }

        return (last, seen);
    }

    /// <summary>Locks, judges once more, writes a file per month, and moves.</summary>
    private async Task<int> MoveAsync(string[] ids, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var orders = await LoadAsync(connection, transaction, ids, cancellation);
        if (orders.Count == 0)
        {
            return 0;
        }

        var now = time.GetUtcNow();
        await using var move = new NpgsqlBatch(connection, transaction);
        statistics.AddArchiving(move, [.. orders.Where(o => o.Payment.Order is not null).Select(o => (o.Id, o.Payment.Order!.AcceptedAt))]);
        foreach (var month in orders.GroupBy(o => ArchiveRule.MonthOf(o.Payment, now)))
        {
            var place = string.Create(
                CultureInfo.InvariantCulture, $"{month.Key}/{month.First().Id}-{now:yyyyMMddHHmmssfff}{ArchiveFiles.Ending}");
            await BeginFileAsync(place, now, cancellation);
            await files.WriteAsync(place, [.. month]);
            AddMove(move, place, [.. month], now);
        }

        var changed = await move.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return changed > 0 ? orders.Count : 0;
    }

    private async Task<List<ArchivedOrder>> LoadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        TransactionFrame.AddOpening(batch, string.Empty, []);
        batch.BatchCommands.Add(PostgresShopStore.Payments.LoadForUpdate(ids));
        batch.BatchCommands.Add(PostgresShopStore.Deliveries.LoadForUpdate(ids));
        batch.BatchCommands.Add(new(
            """
            SELECT i.id FROM unnest($1) AS i(id)
            LEFT JOIN shop.mt_doc_paymentsaga p ON p.id = i.id LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = i.id
            WHERE p.mt_last_modified > $2 OR d.mt_last_modified > $2
                OR EXISTS (SELECT FROM shop.outbox o WHERE o.number IN (p.outbox, d.outbox))
                OR EXISTS (SELECT FROM shop.parked k WHERE k.order_id = i.id)
                OR EXISTS (SELECT FROM shop.webhook_deliveries w WHERE w.order_id = i.id)
                OR EXISTS (SELECT FROM shop.mails m WHERE m.order_id = i.id AND m.state = 'waiting')
            """)
        {
            Parameters =
            {
                new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar }, new() { Value = Cutoff },
            },
        });
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var opening = await TransactionFrame.ReadOpeningAsync(reader, [], cancellation);
        fence.Require(string.Empty, opening, 0);
        var payments = await ReadAsync(reader, PostgresShopStore.Payments.Read, cancellation);
        await reader.NextResultAsync(cancellation);
        var deliveries = await ReadAsync(reader, PostgresShopStore.Deliveries.Read, cancellation);
        await reader.NextResultAsync(cancellation);
        var busy = new HashSet<string>();
        while (await reader.ReadAsync(cancellation))
        {
            busy.Add(reader.GetString(0));
        }

        var now = time.GetUtcNow();
        return
        [
            .. from p in payments
               where !busy.Contains(p.Key)
               let payment = p.Value.Document with { Version = p.Value.Version, Outbox = 0 }
               let delivery = deliveries.TryGetValue(p.Key, out var d) ? d.Document with { Version = d.Version, Outbox = 0 } : null
               let end = ArchiveRule.EndOf(payment, delivery)
               where end is not null
               orderby p.Key
               select new ArchivedOrder(p.Key, end, now, payment, delivery),
        ];
    }

    private static async Task<Dictionary<string, (T Document, int Version)>> ReadAsync<T>(
        NpgsqlDataReader reader, Func<NpgsqlDataReader, (string Id, T Document, int Version, long Outbox)> read,
        CancellationToken cancellation)
    {
        var documents = new Dictionary<string, (T, int)>();
        while (await reader.ReadAsync(cancellation))
        {
            var (id, document, version, _) = read(reader);
            documents[id] = (document, version);
        }

        return documents;
    }

    private static void AddMove(NpgsqlBatch batch, string place, IReadOnlyList<ArchivedOrder> orders, DateTimeOffset now)
    {
        var ids = orders.Select(o => o.Id).ToArray();
        batch.BatchCommands.Add(new("DELETE FROM shop.mt_doc_paymentsaga WHERE id = ANY($1)") { Parameters = { Texts(ids) } });
        batch.BatchCommands.Add(new("DELETE FROM shop.mt_doc_deliverysaga WHERE id = ANY($1)") { Parameters = { Texts(ids) } });
        batch.BatchCommands.Add(new(
            """
            INSERT INTO shop.archive (id, final_status, place) SELECT t.id, t.status, $3 FROM unnest($1, $2) AS t(id, status)
            ON CONFLICT (id) DO UPDATE SET final_status = excluded.final_status, place = excluded.place
            """)
        {
            Parameters = { Texts(ids), Texts([.. orders.Select(o => o.Status)]), new() { Value = place } },
        });
        batch.BatchCommands.Add(new("UPDATE shop.archive_files SET orders = $2, done_at = $3 WHERE place = $1")
        {
            Parameters = { new() { Value = place }, new() { Value = orders.Count }, new() { Value = now } },
        });
    }

    private async Task BeginFileAsync(string place, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("INSERT INTO shop.archive_files (place, begun_at) VALUES ($1, $2)");
        command.Parameters.Add(new() { Value = place });
        command.Parameters.Add(new() { Value = now });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Files of transactions that never came. Nobody else archives meanwhile.</summary>
    private async Task RemoveUnfinishedAsync(CancellationToken cancellation)
    {
        var places = new List<string>();
        await using (var command = database.CreateCommand(
            "SELECT place FROM shop.archive_files WHERE done_at IS NULL ORDER BY place LIMIT 1000"))
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                places.Add(reader.GetString(0));
            }
        }

        foreach (var place in places)
        {
            files.Remove(place);
            await using var forget = database.CreateCommand("DELETE FROM shop.archive_files WHERE place = $1 AND done_at IS NULL");
            forget.Parameters.Add(new() { Value = place });
            await forget.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <returns>Where the pass goes on; null while the next is not due.</returns>
    private async Task<string?> AfterAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT after, at FROM shop.housekeeping WHERE job = $1");
        command.Parameters.Add(new() { Value = Job });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
        {
            return string.Empty;
        }

        var after = reader.GetString(0);
        return after.Length == 0 && await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellation) > time.GetUtcNow() - BetweenPasses
            ? null
            : after;
    }

    private async Task RememberAsync(string after, CancellationToken cancellation)
    {
        // Ids that were found and not moved yet are in memory: a process that ends finds them in the next pass.
        await using var command = database.CreateCommand(
            """
            INSERT INTO shop.housekeeping (job, after, at) VALUES ($1, $2, $3)
            ON CONFLICT (job) DO UPDATE SET after = excluded.after, at = excluded.at
            """);
        command.Parameters.Add(new() { Value = Job });
        command.Parameters.Add(new() { Value = after, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlParameter Texts(string[] values) =>
        new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar };
}
