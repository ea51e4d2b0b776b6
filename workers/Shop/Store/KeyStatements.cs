using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Store;

/// <summary>What a batch does to keys as a whole: imports and voids.</summary>
internal static class KeyStatements
{
    /// <summary>
    /// One statement for all batches, in key order: the same pages of the indexes are met together. Returns how many keys of
    /// each batch are new.
    /// </summary>
    public static async Task<IReadOnlyList<int>> ImportAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<KeysImported> batches,
        CancellationToken cancellation)
    {
        var known = await KnownAsync(connection, transaction, [.. batches.Select(b => b.BatchId)], cancellation);
        var wanted = batches.Select(b => known.Add(b.BatchId)).ToArray();
        var rows = Rows(batches, wanted);
        var counts = new int[batches.Count];
        if (rows.Length > 0)
        {
            var fresh = await InsertAsync(connection, transaction, batches, rows, cancellation);
            var notes = new List<(KeysImported Batch, int[] Duplicates)>();
            for (var i = 0; i < batches.Count; i++)
            {
                if (wanted[i])
                {
                    // A key that stands twice in one batch is new once.
                    var keys = batches[i].Keys;
                    var own = i;
                    int[] duplicates =
                        [.. Enumerable.Range(0, keys.Count).Where(k => !fresh.Remove((keys[k].Id, own)))];
                    counts[i] = keys.Count - duplicates.Length;
                    notes.Add((batches[i], duplicates));
                }
            }

            await NoteAsync(connection, transaction, notes, cancellation);
        }

        return counts;
    }

    /// <summary>
    /// Takes from the end that deliveries do not pick from, and waits for nobody. Returns how many keys became void.
    /// </summary>
    public static async Task<int> VoidAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, KeysVoided order, int limit,
        IReadOnlyCollection<Guid> picked, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH chosen AS MATERIALIZED (
                SELECT id FROM shop.card_keys
                WHERE id = ANY($1) AND id <> ALL($2) AND sku = $3 AND region = $4 AND status = 'unsold'
                    AND NOT EXISTS (SELECT FROM shop.key_voids WHERE id = $6)
                ORDER BY id DESC LIMIT $5 FOR UPDATE SKIP LOCKED),
            voided AS (
                UPDATE shop.card_keys k SET status = 'void', version = version + 1 FROM chosen c WHERE k.id = c.id
                RETURNING k.id)
            INSERT INTO shop.key_voids (id, sku, asked, voided, reason, operator, voided_at, to_region)
            SELECT $6, $3, $7, (SELECT count(*) FROM voided), $8, $9, $10, $11
            ON CONFLICT (id) DO NOTHING RETURNING voided
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = order.Keys.ToArray() }, new() { Value = picked.ToArray() },
                new() { Value = order.Sku }, new() { Value = order.Region }, new() { Value = (long)limit },
                new() { Value = order.VoidId }, new() { Value = order.Keys.Count },
                new() { Value = order.Reason }, new() { Value = order.Operator },
                new() { Value = order.VoidedAt.ToUniversalTime() },
                new() { Value = (object?)order.To ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar },
            },
        };
        return await command.ExecuteScalarAsync(cancellation) is int voided ? voided : 0;
    }

    /// <summary>Texts that are sold at once, and keys that a replacement makes void.</summary>
    public static void AddHandedOver(NpgsqlBatchCommandCollection statements, SaveRequest save)
    {
        if (save.Replaced.Count > 0)
        {
            var replace = new NpgsqlBatchCommand(
                """
                UPDATE shop.card_keys k SET status = 'void', version = version + 1
                FROM unnest($1, $2) AS r(id, order_id)
                WHERE k.id = r.id AND k.order_id = r.order_id AND k.status = 'sold'
                """)
            {
                Parameters =
                {
                    new() { Value = save.Replaced.Select(r => r.Key).ToArray() },
                    new()
                    {
                        Value = save.Replaced.Select(r => r.OrderId).ToArray(),
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
                    },
                },
            };
            statements.Add(TransactionFrame.Expect(replace, save.Replaced.Count, "a key was replaced meanwhile"));
        }

        foreach (var (import, orderId) in save.HandedOver)
        {
            statements.Add(new(
                """
                INSERT INTO shop.card_keys (id, sku, region, status, order_id, sold_at, batch, kek, sealed)
                VALUES ($1, $2, $3, 'sold', $4, $5, $6, $7, $8)
                """)
            {
                Parameters =
                {
                    new() { Value = import.Keys[0].Id }, new() { Value = import.Sku }, new() { Value = import.Region },
                    new() { Value = orderId }, new() { Value = save.Now.ToUniversalTime() },
                    new() { Value = import.BatchId }, new() { Value = import.KeyEncryptionKey },
                    new() { Value = import.Keys[0].Sealed },
                },
            });
            statements.Add(Note(import, []));
        }
    }

    private static async Task<HashSet<string>> KnownAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string[] ids, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT id FROM shop.key_batches WHERE id = ANY($1)", connection, transaction)
        {
            Parameters = { new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var known = new HashSet<string>();
        while (await reader.ReadAsync(cancellation))
        {
            known.Add(reader.GetString(0));
        }

        return known;
    }

    private static (Guid Id, int Batch, byte[] Sealed)[] Rows(IReadOnlyList<KeysImported> batches, bool[] wanted)
    {
        var rows = new (Guid Id, int Batch, byte[] Sealed)[
            batches.Where((_, i) => wanted[i]).Sum(b => b.Keys.Count)];
        var at = 0;
        for (var i = 0; i < batches.Count; i++)
        {
            if (wanted[i])
            {
                foreach (var key in batches[i].Keys)
                {
                    rows[at++] = (key.Id, i, key.Sealed);
                }
            }
        }

        Array.Sort(rows, static (a, b) => a.Id.CompareTo(b.Id) is not 0 and var order ? order : a.Batch.CompareTo(b.Batch));
        return rows;
    }

    private static async Task<HashSet<(Guid Id, int Batch)>> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<KeysImported> batches,
        (Guid Id, int Batch, byte[] Sealed)[] rows, CancellationToken cancellation)
    {
        await using var insert = new NpgsqlCommand(
            """
            WITH fresh AS (
                INSERT INTO shop.card_keys (id, sku, region, batch, kek, sealed)
                SELECT id, ($4::varchar[])[n], ($5::varchar[])[n], ($6::varchar[])[n], ($7::text[])[n], sealed
                FROM unnest($1, $2, $3) AS t(id, n, sealed)
                ON CONFLICT (id) DO NOTHING RETURNING id, batch)
            SELECT id, array_position($6::varchar[], batch) FROM fresh
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = Array.ConvertAll(rows, r => r.Id) },
                new() { Value = Array.ConvertAll(rows, r => r.Batch + 1) },
                new() { Value = Array.ConvertAll(rows, r => r.Sealed) },
                Texts(batches, b => b.Sku), Texts(batches, b => b.Region), Texts(batches, b => b.BatchId),
                Texts(batches, b => b.KeyEncryptionKey),
            },
        };
        var fresh = new HashSet<(Guid, int)>(rows.Length);
        await using var reader = await insert.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            fresh.Add((reader.GetGuid(0), reader.GetInt32(1) - 1));
        }

        return fresh;
    }

    private static async Task NoteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction,
        IReadOnlyList<(KeysImported Batch, int[] Duplicates)> notes, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var (import, duplicates) in notes)
        {
            batch.BatchCommands.Add(Note(import, duplicates));
        }

        // What another region moves here may come before anybody has added the product.
        batch.BatchCommands.Add(new(
            """
            INSERT INTO shop.stock (sku, region) SELECT DISTINCT sku, region FROM unnest($1, $2) AS t(sku, region)
            ORDER BY sku, region ON CONFLICT DO NOTHING
            """)
        {
            Parameters = { Texts([.. notes.Select(n => n.Batch)], b => b.Sku), Texts([.. notes.Select(n => n.Batch)], b => b.Region) },
        });

        await batch.ExecuteNonQueryAsync(cancellation);
    }

    internal static NpgsqlBatchCommand Note(KeysImported import, int[] duplicates) => new(
        """
        INSERT INTO shop.key_batches (id, sku, keys, duplicates, imported_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO NOTHING
        """)
    {
        Parameters =
        {
            new() { Value = import.BatchId }, new() { Value = import.Sku }, new() { Value = import.Keys.Count },
            new() { Value = duplicates }, new() { Value = import.ImportedAt.ToUniversalTime() },
        },
    };

    private static NpgsqlParameter Texts(IReadOnlyList<KeysImported> batches, Func<KeysImported, string> field) =>
        new() { Value = batches.Select(field).ToArray() };
}
