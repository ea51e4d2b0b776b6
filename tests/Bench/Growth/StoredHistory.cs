using System.Diagnostics;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;
using Npgsql;

namespace CardShop.Tests.Bench.Growth;

/// <summary>
/// Rows as they stand after a long life: delivered orders with both documents, their sold keys, keys that are still to be
/// sold, stock and counted days, of the feed's products. They are copies of orders that fleets have really processed, under
/// new random ids and times, written by PostgreSQL itself. Orders are spread over the ninety days for which they stay before
/// the archive takes them.
/// </summary>
internal sealed class StoredHistory(BenchRun run, ShopServers servers, OrderFeed feed) : IAsyncDisposable
{
    private const int Templates = 1_000;
    private const int Chunk = 100_000;
    private const string Zone = "Asia/Shanghai";
    private static readonly string[] Tables = ["shop.mt_doc_paymentsaga", "shop.mt_doc_deliverysaga", "shop.card_keys"];

    /// <summary>From the running number of an order or key to random-looking ids: the indexes meet them as they meet real ones.</summary>
    private const string Ids =
        """
        CROSS JOIN LATERAL (SELECT
            'a' || left(translate(md5('order' || i), '0123456789abcdef', 'qrstuvwxyzabcdef'), 25) AS id,
            md5('sold' || i)::uuid AS key,
            $3 - interval '90 days' * (1 - (i - $4)::float8 / $5) AS at) AS o
        JOIN bench_template t ON t.n = i % 1000
        """;

    private static readonly string Payments =
        $"""
        INSERT INTO shop.mt_doc_paymentsaga (id, data, mt_last_modified, mt_dotnet_type, mt_version, outbox)
        SELECT o.id, replace(replace(replace(t.payment, t.id, o.id), t.accepted, {Text("o.at")}),
                t.paid, {Text("o.at + interval '9 seconds'")})::jsonb,
            o.at + interval '9 seconds', 'CardShop.Contracts.PaymentSaga', t.payment_version, 1
        FROM generate_series($1::integer, $2::integer) AS i {Ids}
        """;

    private const string Deliveries =
        $"""
        INSERT INTO shop.mt_doc_deliverysaga (id, data, mt_last_modified, mt_dotnet_type, mt_version, outbox)
        SELECT o.id, replace(replace(t.delivery, t.id, o.id), t.key::text, o.key::text)::jsonb,
            o.at + interval '10 seconds', 'CardShop.Contracts.DeliverySaga', t.delivery_version, 1
        FROM generate_series($1::integer, $2::integer) AS i {Ids}
        """;

    private static readonly string SoldKeys =
        $"""
        INSERT INTO shop.card_keys (id, sku, region, status, version, order_id, sold_at, batch, kek, sealed)
        SELECT o.key, t.sku, 'a', 'sold', 1, o.id, o.at + interval '10 seconds', {BatchOf("t.sku", "i / (1000 * $6)")}, t.kek, t.sealed
        FROM generate_series($1::integer, $2::integer) AS i {Ids}
        """;

    /// <summary>As imports bring them: product by product, in the order of their ids.</summary>
    private static readonly string FreeKeys =
        $"""
        INSERT INTO shop.card_keys (id, sku, region, batch, kek, sealed)
        SELECT md5('free' || i)::uuid AS id, t.sku, 'a', {BatchOf("t.sku", "-1 - i / (1000 * $3)")}, t.kek, t.sealed
        FROM generate_series($1::integer, $2::integer) AS i JOIN bench_template t ON t.n = i % 1000
        ORDER BY t.sku, id
        """;

    private readonly NpgsqlDataSource _database = new NpgsqlDataSourceBuilder(
        new NpgsqlConnectionStringBuilder(servers.Postgres.ConnectionString) { ApplicationName = "bench-history", CommandTimeout = 0 }.ConnectionString).Build();

    private int _orders;
    private int _keys;

    /// <summary>Orders that are stored now; the bench adds those that its fleets have delivered.</summary>
    public int Stored { get; set; }

    /// <summary>Keys that may be sold now.</summary>
    public int Available { get; set; }

    /// <summary>Takes delivered orders of the feed as what all others are copied from, and empties the shop.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        await ExecuteAsync(
            """
            CREATE UNLOGGED TABLE bench_template AS
            SELECT (row_number() OVER (ORDER BY turn, sku) - 1)::integer AS n, id, payment, payment_version, sku, accepted, paid, delivery,
                delivery_version, key, kek, sealed
            FROM (
                SELECT row_number() OVER (PARTITION BY p.data #>> '{order,sku}' ORDER BY p.id) AS turn,
                    p.id, p.data::text AS payment, p.mt_version AS payment_version, p.data #>> '{order,sku}' AS sku,
                    p.data #>> '{order,acceptedAt}' AS accepted, p.data #>> '{payments,0,at}' AS paid,
                    d.data::text AS delivery, d.mt_version AS delivery_version, k.id AS key, k.kek, k.sealed
                FROM shop.mt_doc_paymentsaga p JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
                JOIN shop.card_keys k ON k.id = (d.data #>> '{keys,0}')::uuid
                WHERE d.data ->> 'status' = 'delivered') t
            WHERE turn <= 1000 / (SELECT count(*) FROM shop.stock) ORDER BY n
            """, cancellation);
        await ExecuteAsync(
            """
            ALTER TABLE bench_template ADD PRIMARY KEY (n);
            ANALYZE bench_template;
            TRUNCATE shop.mt_doc_paymentsaga, shop.mt_doc_deliverysaga, shop.card_keys, shop.stock, shop.statistics, shop.statistics_days
            """, cancellation);
        await using var count = _database.CreateCommand(
            "SELECT count(*) FROM bench_template WHERE paid IS NOT NULL AND payment LIKE '%' || accepted || '%'");
        if (await count.ExecuteScalarAsync(cancellation) is not (long)Templates)
        {
            throw new BenchFailedException("The fleets have not left a thousand delivered orders to make a history of.");
        }
    }

    /// <summary>Adds what is missing to so many stored orders and keys for sale, and leaves the tables as autovacuum would.</summary>
    public async Task GrowAsync(int orders, int keys, CancellationToken cancellation)
    {
        var (more, moreKeys) = (Math.Max(0, orders - Stored), Math.Max(0, keys - Available));
        run.Say($"history: {more:N0} more stored orders, {moreKeys:N0} more keys");
        var from = Stopwatch.GetTimestamp();
        var now = DateTimeOffset.UtcNow;
        var indexes = await IndexesAside.TakeAsync(_database, more > 2 * Stored ? Tables : [], cancellation);
        await Task.WhenAll(
            LoadAsync(Payments, _orders, more, now, cancellation),
            Task.Run(
                async () =>
                {
                    await LoadAsync(Deliveries, _orders, more, now, cancellation);
                    await LoadAsync(SoldKeys, _orders, more, now, cancellation);
                    await LoadAsync(FreeKeys, _keys, moreKeys, null, cancellation);
                },
                cancellation));
        run.Say($"history: rows written after {Stopwatch.GetElapsedTime(from).TotalSeconds:0} s");
        await indexes.RemakeAsync(cancellation);
        await CountAsync(more, moreKeys, now, cancellation);
        (_orders, Stored) = (_orders + more, Stored + more);
        (_keys, Available) = (_keys + moreKeys, Available + moreKeys);
        run.Say($"history: indexes remade after {Stopwatch.GetElapsedTime(from).TotalSeconds:0} s");
        foreach (var table in Tables.Append("shop.stock"))
        {
            await ExecuteAsync($"VACUUM (ANALYZE) {table}", cancellation);
        }

        await ExecuteAsync("CHECKPOINT", cancellation);
        run.Say($"history: {Stored:N0} orders and {Available:N0} keys after {Stopwatch.GetElapsedTime(from).TotalSeconds:0} s");
    }

    /// <summary>Bytes of each table with its indexes.</summary>
    public async Task<string> SizesAsync(CancellationToken cancellation)
    {
        var sizes = new List<string>();
        foreach (var table in Tables)
        {
            await using var command = _database.CreateCommand($"SELECT pg_table_size('{table}') >> 20, pg_indexes_size('{table}') >> 20");
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            sizes.Add($"{table["shop.".Length..]} {reader.GetInt64(0):N0} and {reader.GetInt64(1):N0} MiB of indexes");
        }

        return string.Join(", ", sizes);
    }

    /// <summary>Bytes of the whole database.</summary>
    public async Task<long> BytesAsync(CancellationToken cancellation)
    {
        await using var command = _database.CreateCommand("SELECT pg_database_size(current_database())");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    /// <summary>A moment as documents write it.</summary>
    private static string Text(string moment) => $"to_char(({moment}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";

    private static string BatchOf(string sku, string number) =>
        $"left(md5({sku}), 16) || '-' || lpad(({number})::text, 6, '0') || '-' || left(md5({sku} || ({number})::text), 12) AS batch";

    private async Task LoadAsync(string sql, int first, int rows, DateTimeOffset? now, CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using (var settings = new NpgsqlCommand("SET synchronous_commit = off; SET enable_mergejoin = off; SET work_mem = '256MB'", connection))
        {
            await settings.ExecuteNonQueryAsync(cancellation);
        }

        // Free keys are sorted as a whole, like the file of an import.
        var step = now is null ? Math.Max(rows, 1) : Chunk;
        for (var done = 0; done < rows; done += step)
        {
            await using var insert = new NpgsqlCommand(sql, connection);
            insert.Parameters.Add(new() { Value = first + done });
            insert.Parameters.Add(new() { Value = first + Math.Min(done + step, rows) - 1 });
            if (now is { } until)
            {
                insert.Parameters.Add(new() { Value = until });
                insert.Parameters.Add(new() { Value = first });
                insert.Parameters.Add(new() { Value = rows });
            }

            if (sql.Contains("AS batch", StringComparison.Ordinal))
            {
                insert.Parameters.Add(new() { Value = feed.Products });
            }

            await insert.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>The stock rows, and the days as the fleets' tick would have counted them.</summary>
    private async Task CountAsync(int orders, int keys, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var stock = _database.CreateCommand(
            """
            INSERT INTO shop.stock AS s (sku, region, imported, available, sold)
            SELECT sku, 'a', sum(sold + free), sum(free), sum(sold) FROM (
                SELECT t.sku, count(*) AS sold, 0::bigint AS free
                FROM generate_series($1::integer, $2::integer) AS i JOIN bench_template t ON t.n = i % 1000 GROUP BY t.sku
                UNION ALL
                SELECT t.sku, 0, count(*)
                FROM generate_series($3::integer, $4::integer) AS i JOIN bench_template t ON t.n = i % 1000 GROUP BY t.sku) c
            GROUP BY sku
            ON CONFLICT (sku, region) DO UPDATE SET imported = s.imported + excluded.imported,
                available = s.available + excluded.available, sold = s.sold + excluded.sold
            """);
        foreach (var value in new[] { _orders, _orders + orders - 1, _keys, _keys + keys - 1 })
        {
            stock.Parameters.Add(new() { Value = value });
        }

        await stock.ExecuteNonQueryAsync(cancellation);
        await using var days = new NpgsqlBatch(await _database.OpenConnectionAsync(cancellation))
        {
            BatchCommands =
            {
                new(
                    """
                    INSERT INTO shop.statistics AS s SELECT d.day, t.sku, 'alipay', 'a', false,
                        n, n, n, n, 0, 0, 0, 0, 0, n * 1000, 0, n, n * 900
                    FROM (SELECT ($1::timestamptz AT TIME ZONE $3)::date - g AS day FROM generate_series(0, 90) g) d
                    CROSS JOIN (SELECT DISTINCT sku FROM bench_template) t
                    CROSS JOIN (SELECT ($2::bigint / 90 / $4) AS n) n
                    ON CONFLICT (day, sku, channel, region, archived) DO UPDATE SET placed = s.placed + excluded.placed
                    """)
                {
                    Parameters =
                    {
                        new() { Value = now }, new() { Value = (long)orders }, new() { Value = Zone }, new() { Value = feed.Products },
                    },
                },
                new(
                    """
                    INSERT INTO shop.statistics_days (day, zone, rolled_at, took_ms)
                    SELECT ($1::timestamptz AT TIME ZONE $2)::date - g, $2, clock_timestamp(), 0 FROM generate_series(0, 110) g
                    ON CONFLICT (day) DO UPDATE SET zone = excluded.zone, rolled_at = excluded.rolled_at, took_ms = excluded.took_ms
                    """)
                {
                    Parameters = { new() { Value = now }, new() { Value = Zone } },
                },
            },
        };
        await using (days.Connection)
        {
            await days.ExecuteNonQueryAsync(cancellation);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
