using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Documents;
using CardShop.Shop.Stock;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Store;

/// <summary>
/// One batch's transaction on PostgreSQL. Loading is one round trip; stock and keys one each where they are needed;
/// saving and the commit are one. Hot rows (stock, commit number) come last, in key order.
/// </summary>
internal sealed class PostgresShopTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) : IShopTransaction
{
    public async Task<IReadOnlyList<string>> WaitingAsync(
        IReadOnlyDictionary<string, int> limits, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT d.id FROM unnest($1, $2) AS w(sku, n)
            CROSS JOIN LATERAL (
                SELECT id, data ->> 'createdAt' AS at FROM shop.mt_doc_deliverysaga
                WHERE data ->> 'status' = 'waiting-stock' AND data ->> 'sku' = w.sku
                ORDER BY data ->> 'createdAt', id LIMIT w.n) AS d
            ORDER BY d.at, d.id
            """,
            connection, transaction)
        {
            Parameters = { new() { Value = limits.Keys.ToArray() }, new() { Value = limits.Values.ToArray() } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    public async Task<LoadedBatch> LoadAsync(LoadRequest request, CancellationToken cancellation)
    {
        string[] ids = [.. request.OrderIds];
        await using var batch = new NpgsqlBatch(connection, transaction);
        TransactionFrame.AddOpening(batch, request.Group, request.Partitions);
        batch.BatchCommands.Add(PostgresShopStore.Payments.LoadForUpdate(ids));
        batch.BatchCommands.Add(PostgresShopStore.Payments.UnsentRows(ids));
        batch.BatchCommands.Add(new("SELECT id FROM shop.archive WHERE id = ANY($1)")
        {
            Parameters = { new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar } },
        });
        if (request.Deliveries)
        {
            batch.BatchCommands.Add(PostgresShopStore.Deliveries.LoadForUpdate(ids));
            batch.BatchCommands.Add(PostgresShopStore.Deliveries.UnsentRows(ids));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var opening = await TransactionFrame.ReadOpeningAsync(reader, request.Partitions, cancellation);
        var payments = new Dictionary<string, PaymentSaga>(ids.Length);
        while (await reader.ReadAsync(cancellation))
        {
            var (id, saga, version, outbox) = PostgresShopStore.Payments.Read(reader);
            payments[id] = saga with { Version = version, Outbox = outbox };
        }

        var waits = new HashSet<long>();
        await ReadNumbersAsync(reader, waits, cancellation);
        var archived = new HashSet<string>();
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            archived.Add(reader.GetString(0));
        }

        var deliveries = new Dictionary<string, DeliverySaga>(ids.Length);
        if (request.Deliveries)
        {
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var (id, saga, version, outbox) = PostgresShopStore.Deliveries.Read(reader);
                deliveries[id] = saga with { Version = version, Outbox = outbox };
            }

            await ReadNumbersAsync(reader, waits, cancellation);
        }

        return new(opening, payments, deliveries, [.. waits.Order()], archived);
    }

    public async Task<OpenOrders> CountOpenAsync(
        IReadOnlyCollection<string> contacts, IReadOnlyCollection<string> networks, int maxPerContact, int maxPerNetwork,
        CancellationToken cancellation)
    {
        await using var command = LimitStatement.Count(contacts, networks, maxPerContact, maxPerNetwork);
        (command.Connection, command.Transaction) = (connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await LimitStatement.ReadAsync(reader, cancellation);
    }

    public async Task<IReadOnlyDictionary<StockKey, StockCount>> ReadStockAsync(
        IReadOnlyCollection<StockKey> keys, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT sku, region, available, held FROM shop.stock WHERE (sku, region) IN (SELECT * FROM unnest($1, $2))",
            connection, transaction);
        StockStatements.AddKeys(command.Parameters, keys);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await StockStatements.ReadCountsAsync(reader, cancellation);
    }

    public async Task<IReadOnlyDictionary<StockKey, IReadOnlyList<Guid>>> PickAsync(
        IReadOnlyDictionary<StockKey, int> demand, CancellationToken cancellation)
    {
        StockKey[] keys = [.. demand.Keys.Order()];
        await using var command = new NpgsqlCommand(
            """
            SELECT w.sku, w.region, k.id
            FROM unnest($1, $2, $3) AS w(sku, region, n)
            CROSS JOIN LATERAL (
                SELECT id FROM shop.card_keys
                WHERE sku = w.sku AND region = w.region AND status = 'unsold'
                ORDER BY id LIMIT w.n FOR UPDATE SKIP LOCKED) AS k
            """,
            connection, transaction);
        StockStatements.AddKeys(command.Parameters, keys);
        command.Parameters.Add(new() { Value = keys.Select(k => demand[k]).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var picked = new Dictionary<StockKey, List<Guid>>();
        while (await reader.ReadAsync(cancellation))
        {
            var key = new StockKey(reader.GetString(0), reader.GetString(1));
            if (!picked.TryGetValue(key, out var ids))
            {
                picked[key] = ids = [];
            }

            ids.Add(reader.GetGuid(2));
        }

        return picked.ToDictionary(p => p.Key, p => (IReadOnlyList<Guid>)p.Value);
    }

    public Task<IReadOnlyList<int>> ImportAsync(
        IReadOnlyList<KeysImported> batches, CancellationToken cancellation) =>
        KeyStatements.ImportAsync(connection, transaction, batches, cancellation);

    public Task<int> VoidAsync(
        KeysVoided order, int limit, IReadOnlyCollection<Guid> picked, CancellationToken cancellation) =>
        KeyStatements.VoidAsync(connection, transaction, order, limit, picked, cancellation);

    public async Task<long> SaveAsync(SaveRequest save, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        var statements = batch.BatchCommands;
        AddDocuments(statements, PostgresShopStore.Payments, Writes(save.Payments));
        AddDocuments(statements, PostgresShopStore.Deliveries, Writes(save.Deliveries));
        KeyStatements.AddHandedOver(statements, save);
        if (save.Foreign.Count > 0)
        {
            statements.Add(ForeignInputs.Note(save.Foreign, save.Now));
        }

        if (save.Sales.Count > 0)
        {
            statements.Add(TransactionFrame.Expect(Sell(save), save.Sales.Count, "a key was sold meanwhile"));
        }

        if (save.Progress.Count > 0)
        {
            statements.Add(TransactionFrame.Expect(
                TransactionFrame.MoveProgress(save.Group, save.Progress), save.Progress.Count, "a partition has another owner"));
        }

        if (save.Stock.Count > 0)
        {
            statements.Add(TransactionFrame.Expect(ChangeStock(save.Stock), save.Stock.Count, "a product has no stock row"));
        }

        statements.Add(TransactionFrame.Close(save.Opening.OutboxNumber, save.Records, save.Commands, save.Waits));
        return await TransactionFrame.CommitAsync(batch, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private static async Task ReadNumbersAsync(
        NpgsqlDataReader reader, HashSet<long> numbers, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            numbers.Add(reader.GetInt64(0));
        }
    }

    private static List<DocumentWrite<PaymentSaga>> Writes(IReadOnlyList<Changed<PaymentSaga>> changes) =>
        [.. changes.Select(c => new DocumentWrite<PaymentSaga>(
            c.Document.Id, c.Document, c.LoadedVersion, c.Document.Version, c.Document.Due, c.Document.Outbox))];

    private static List<DocumentWrite<DeliverySaga>> Writes(IReadOnlyList<Changed<DeliverySaga>> changes) =>
        [.. changes.Select(c => new DocumentWrite<DeliverySaga>(
            c.Document.Id, c.Document, c.LoadedVersion, c.Document.Version, c.Document.Due, c.Document.Outbox))];

    private static void AddDocuments<T>(
        NpgsqlBatchCommandCollection statements, DocumentTable<T> table, List<DocumentWrite<T>> writes)
    {
        var inserts = writes.FindAll(w => w.LoadedVersion == 0);
        if (inserts.Count > 0)
        {
            statements.Add(table.Insert(inserts));
        }

        var updates = writes.FindAll(w => w.LoadedVersion > 0);
        if (updates.Count > 0)
        {
            statements.Add(TransactionFrame.Expect(table.Update(updates), updates.Count, "a document was changed meanwhile"));
        }
    }

    private static NpgsqlBatchCommand Sell(SaveRequest save) => new(
        """
        UPDATE shop.card_keys k SET status = 'sold', order_id = s.order_id, sold_at = $3, version = version + 1
        FROM unnest($1, $2) AS s(id, order_id)
        WHERE k.id = s.id AND k.status = 'unsold'
        """)
    {
        Parameters =
        {
            new() { Value = save.Sales.Select(s => s.Key).ToArray() },
            new()
            {
                Value = save.Sales.Select(s => s.OrderId).ToArray(),
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
            },
            new() { Value = save.Now.ToUniversalTime() },
        },
    };

    /// <summary>Rows are locked in key order first, so that two batches never wait for each other in a circle.</summary>
    private static NpgsqlBatchCommand ChangeStock(IReadOnlyDictionary<StockKey, StockDelta> changes)
    {
        StockKey[] keys = [.. changes.Keys.Order()];
        var command = new NpgsqlBatchCommand(
            """
            WITH locked AS MATERIALIZED (
                SELECT sku, region FROM shop.stock WHERE (sku, region) IN (SELECT * FROM unnest($1, $2))
                ORDER BY sku, region FOR NO KEY UPDATE)
            UPDATE shop.stock s
            SET available = s.available + d.available, reserved = s.reserved + d.reserved, held = s.held + d.held,
                sold = s.sold + d.sold, void = s.void + d.void, imported = s.imported + d.imported
            FROM locked l JOIN unnest($1, $2, $3, $4, $5, $6, $7, $8)
                AS d(sku, region, available, reserved, held, sold, void, imported) USING (sku, region)
            WHERE s.sku = l.sku AND s.region = l.region
            """);
        StockStatements.AddKeys(command.Parameters, keys);
        foreach (var field in new Func<StockDelta, long>[]
        {
            d => d.Available, d => d.Reserved, d => d.Held, d => d.Sold, d => d.Void, d => d.Imported,
        })
        {
            command.Parameters.Add(new() { Value = keys.Select(k => field(changes[k])).ToArray() });
        }

        return command;
    }
}
