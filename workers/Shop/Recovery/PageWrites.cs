using CardShop.Contracts;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>Everything that one page of rebuilt orders changes, in statements over sets.</summary>
internal sealed class PageWrites(long outboxNumber, long commit, IReadOnlyList<long> waits)
{
    private readonly List<DocumentWrite<PaymentSaga>> _payments = [];
    private readonly List<DocumentWrite<DeliverySaga>> _deliveries = [];
    private readonly List<OutRecord> _records = [];
    private readonly List<(SoldKey Key, string OrderId)> _sold = [];
    private readonly List<KeySale> _replaced = [];
    private readonly List<(KeysImported Text, string OrderId)> _texts = [];

    public void Add(RebuiltOrder order, OrderCase restored)
    {
        var (payment, delivery) = (order.Case.Payment, order.Case.Delivery);
        var id = payment?.Id ?? delivery?.Id;
        if (payment is not null && !ReferenceEquals(payment, restored.Payment))
        {
            _payments.Add(new(
                payment.Id, payment, restored.Payment?.Version ?? 0, payment.Version, payment.Due,
                order.Records.Count > 0 ? outboxNumber : payment.Outbox));
        }

        if (delivery is not null && !ReferenceEquals(delivery, restored.Delivery))
        {
            _deliveries.Add(new(
                delivery.Id, delivery, restored.Delivery?.Version ?? 0, delivery.Version, delivery.Due,
                order.Records.Count > 0 ? outboxNumber : delivery.Outbox));
        }

        _records.AddRange(order.Records);
        _sold.AddRange(order.Sold.Select(k => (k, id!)));
        _replaced.AddRange(order.Replaced);
        _texts.AddRange(order.Texts.Select(t => (t, id!)));
    }

    /// <exception cref="RecoveryException">A key that an event names is not there, or is somebody else's.</exception>
    public async Task WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RecoveryReport report, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        AddDocuments(batch, PostgresShopStore.Payments, _payments);
        AddDocuments(batch, PostgresShopStore.Deliveries, _deliveries);
        var texts = AddTexts(batch);
        var (sold, replaced) = (Sell(), Replace());
        foreach (var command in new[] { sold, replaced }.OfType<NpgsqlBatchCommand>())
        {
            batch.BatchCommands.Add(command);
        }

        if (_records.Count > 0)
        {
            batch.BatchCommands.Add(Outbox());
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellation);
        }

        report.TextsHandedOver += texts.Sum(c => (long)c.Rows);
        report.KeysSold += (long)(sold?.Rows ?? 0);
        report.KeysReplaced += (long)(replaced?.Rows ?? 0);
        await CheckAsync(connection, transaction, cancellation);
    }

    private static void AddDocuments<T>(NpgsqlBatch batch, DocumentTable<T> table, List<DocumentWrite<T>> writes)
    {
        if (writes.FindAll(w => w.LoadedVersion == 0) is { Count: > 0 } inserts)
        {
            batch.BatchCommands.Add(table.Insert(inserts));
        }

        // Their rows are locked since they were loaded.
        if (writes.FindAll(w => w.LoadedVersion > 0) is { Count: > 0 } updates)
        {
            batch.BatchCommands.Add(table.Update(updates));
        }
    }

    private List<NpgsqlBatchCommand> AddTexts(NpgsqlBatch batch)
    {
        var inserts = new List<NpgsqlBatchCommand>();
        foreach (var (text, orderId) in _texts)
        {
            var insert = new NpgsqlBatchCommand(
                """
                INSERT INTO shop.card_keys (id, sku, region, status, order_id, sold_at, batch, kek, sealed)
                VALUES ($1, $2, $3, 'sold', $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING
                """)
            {
                Parameters =
                {
                    new() { Value = text.Keys[0].Id }, new() { Value = text.Sku }, new() { Value = text.Region },
                    new() { Value = orderId }, new() { Value = text.ImportedAt.ToUniversalTime() },
                    new() { Value = text.BatchId }, new() { Value = text.KeyEncryptionKey },
                    new() { Value = text.Keys[0].Sealed },
                },
            };
            inserts.Add(insert);
            batch.BatchCommands.Add(insert);
            batch.BatchCommands.Add(KeyStatements.Note(text, []));
        }

        return inserts;
    }

    private NpgsqlBatchCommand? Sell() => _sold.Count == 0
        ? null
        : new(
            """
            UPDATE shop.card_keys k SET status = 'sold', order_id = s.order_id, sold_at = s.at, version = k.version + 1
            FROM unnest($1, $2, $3) AS s(id, order_id, at) WHERE k.id = s.id AND k.status = 'unsold'
            """)
        {
            Parameters =
            {
                Ids(_sold.Select(s => s.Key.Key)), Texts(_sold.Select(s => s.OrderId)),
                new() { Value = _sold.Select(s => s.Key.At.ToUniversalTime()).ToArray() },
            },
        };

    private NpgsqlBatchCommand? Replace() => _replaced.Count == 0
        ? null
        : new(
            """
            UPDATE shop.card_keys k SET status = 'void', order_id = r.order_id, version = k.version + 1
            FROM unnest($1, $2) AS r(id, order_id)
            WHERE k.id = r.id AND k.status <> 'void' AND (k.order_id IS NULL OR k.order_id = r.order_id)
            """)
        {
            Parameters = { Ids(_replaced.Select(r => r.Key)), Texts(_replaced.Select(r => r.OrderId)) },
        };

    private NpgsqlBatchCommand Outbox() => new(
        "INSERT INTO shop.outbox (number, commit_no, records, waits) VALUES ($1, $2, $3, $4)")
    {
        Parameters =
        {
            new() { Value = outboxNumber }, new() { Value = commit },
            new() { Value = OutboxCodec.Encode(_records)!, NpgsqlDbType = NpgsqlDbType.Bytea },
            new() { Value = waits.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
        },
    };

    private async Task CheckAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        if (_sold.Count + _replaced.Count == 0)
        {
            return;
        }

        await using var check = new NpgsqlCommand(
            """
            SELECT w.id, w.order_id, k.status, k.order_id FROM unnest($1, $2, $3) AS w(id, order_id, status)
            LEFT JOIN shop.card_keys k ON k.id = w.id
            WHERE k.status IS DISTINCT FROM w.status OR k.order_id IS DISTINCT FROM w.order_id LIMIT 3
            """,
            connection, transaction)
        {
            Parameters =
            {
                Ids(_sold.Select(s => s.Key.Key).Concat(_replaced.Select(r => r.Key))),
                Texts(_sold.Select(s => s.OrderId).Concat(_replaced.Select(r => r.OrderId))),
                new()
                {
                    Value = _sold.Select(_ => "sold").Concat(_replaced.Select(_ => "void")).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
                },
            },
        };
        await using var reader = await check.ExecuteReaderAsync(cancellation);
        if (await reader.ReadAsync(cancellation))
        {
            var (key, order) = (reader.GetGuid(0), reader.GetString(1));
            throw new RecoveryException(await reader.IsDBNullAsync(2, cancellation)
                ? $"Order {order} was delivered key {key}, which is neither in the database nor in {Topics.KeyBatches.Name}: " +
                    "the log does not reach back far enough."
                : $"Order {order} was delivered key {key}, which the database has as {reader.GetString(2)}: " +
                    "database and log are not of one shop.");
        }
    }

    private static NpgsqlParameter Ids(IEnumerable<Guid> ids) => new() { Value = ids.ToArray() };

    private static NpgsqlParameter Texts(IEnumerable<string> texts) =>
        new() { Value = texts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar };
}
