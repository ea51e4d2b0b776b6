using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Documents;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Keys;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Orders;

/// <summary>An order's documents, and its keys where they may be shown.</summary>
/// <param name="Keys">Null until the reveal rule allows them.</param>
public sealed record StoredOrder(PaymentSaga Payment, DeliverySaga? Delivery, IReadOnlyList<PlainKey>? Keys);

/// <summary>What was found of the orders that were asked for.</summary>
/// <param name="Unreadable">
/// Those that are there, and that nobody here can read: a newer version wrote them, a key's encryption key or the archive's file
/// is not here. No other order's buyer is to notice.
/// </param>
public sealed record OrdersRead(IReadOnlyDictionary<string, StoredOrder> Orders, IReadOnlySet<string> Unreadable);

/// <summary>What a reader knows of an order already; -1 = nothing.</summary>
/// <param name="DeliveryVersion">0 = that there is no delivery.</param>
public readonly record struct KnownOrder(string OrderId, int PaymentVersion, int DeliveryVersion);

/// <summary>
/// Reads orders from PostgreSQL, many in one statement. The reveal rule is part of that statement: key text is read only
/// where the order is delivered, no outbox row of its number holds an unsent record, and nothing of it is parked.
/// </summary>
/// <param name="archive">Where orders are read that ended long ago; null = they are not found.</param>
public sealed class OrderReader(NpgsqlDataSource database, KeyVault vault, ArchiveFiles? archive = null) : IAsyncDisposable
{
    private const string Columns =
        "SELECT p.id, p.data, p.mt_version, d.data, d.mt_version, k.ids, k.keks, k.sealed";

    private const string Joins =
        """

        LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
        LEFT JOIN LATERAL (
            SELECT array_agg(c.id ORDER BY c.id) ids, array_agg(c.kek ORDER BY c.id) keks,
                array_agg(c.sealed ORDER BY c.id) sealed
            FROM shop.card_keys c
            WHERE c.id IN (SELECT value::uuid FROM jsonb_array_elements_text(d.data -> 'keys')) AND c.order_id = p.id
        ) k ON d.data ->> 'status' = 'delivered'
            AND NOT EXISTS (SELECT FROM shop.outbox o WHERE o.number = d.outbox AND o.records IS NOT NULL)
            AND NOT EXISTS (SELECT FROM shop.parked x WHERE x.outbox = d.outbox AND x.order_id = p.id)

        """;

    private const string Sql = Columns + " FROM shop.mt_doc_paymentsaga p" + Joins + "WHERE p.id = ANY($1)";

    private const string ChangedSql =
        Columns + " FROM unnest($1, $2, $3) AS w(id, payment, delivery) JOIN shop.mt_doc_paymentsaga p ON p.id = w.id" + Joins
        + "WHERE p.mt_version <> w.payment OR coalesce(d.mt_version, 0) <> w.delivery";

    public static OrderReader Open(string connectionString, KeyVault vault, ArchiveFiles? archive = null) =>
        new(Database.Open(connectionString, "cardshop-api"), vault, archive);

    public async Task<OrdersRead> ReadAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.Timeout = 3;
        batch.BatchCommands.Add(new(Sql) { Parameters = { Ids(ids) } });
        if (archive is not null)
        {
            batch.BatchCommands.Add(new("SELECT id, place FROM shop.archive WHERE id = ANY($1)") { Parameters = { Ids(ids) } });
        }

        var orders = new Dictionary<string, StoredOrder>(ids.Count);
        var unreadable = new HashSet<string>();
        var archived = new List<(string Id, string Place)>();
        await using (var reader = await batch.ExecuteReaderAsync(cancellation))
        {
            await ReadAllAsync(reader, orders, unreadable, cancellation);
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                archived.Add((reader.GetString(0), reader.GetString(1)));
            }
        }

        foreach (var (id, place) in archived)
        {
            if (!orders.ContainsKey(id) && !unreadable.Contains(id))
            {
                await ReadArchivedAsync(id, place, orders, unreadable, cancellation);
            }
        }

        return new(orders, unreadable);
    }

    /// <summary>Those of the orders that stand otherwise than known.</summary>
    public async Task<OrdersRead> ReadChangedAsync(
        IReadOnlyCollection<KnownOrder> known, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(ChangedSql);
        command.CommandTimeout = 3;
        command.Parameters.Add(Ids([.. known.Select(k => k.OrderId)]));
        command.Parameters.Add(new() { Value = known.Select(k => k.PaymentVersion).ToArray() });
        command.Parameters.Add(new() { Value = known.Select(k => k.DeliveryVersion).ToArray() });
        var (orders, unreadable) = (new Dictionary<string, StoredOrder>(), new HashSet<string>());
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await ReadAllAsync(reader, orders, unreadable, cancellation);
        return new(orders, unreadable);
    }

    /// <summary>Orders of a keyed hash of contact and password, newest first.</summary>
    public async Task<IReadOnlyList<OrderPlaced>> FindAsync(string passwordHash, int limit, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT data -> 'order' FROM shop.mt_doc_paymentsaga
            WHERE data #>> '{order,passwordHash}' = $1
            ORDER BY data #>> '{order,acceptedAt}' DESC LIMIT $2
            """);
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = passwordHash });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var orders = new List<OrderPlaced>();
        while (await reader.ReadAsync(cancellation))
        {
            orders.Add(JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.OrderPlaced)!);
        }

        return orders;
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private async Task ReadAllAsync(
        NpgsqlDataReader reader, Dictionary<string, StoredOrder> orders, HashSet<string> unreadable, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetString(0);
            try
            {
                orders[id] = await ReadOneAsync(reader, cancellation);
            }
            catch (Exception e) when (IsOneOrders(e))
            {
                unreadable.Add(id);
            }
        }
    }

    private async Task ReadArchivedAsync(
        string id, string place, Dictionary<string, StoredOrder> orders, HashSet<string> unreadable, CancellationToken cancellation)
    {
        try
        {
            if (await archive!.FindAsync(place, id, cancellation) is { } order)
            {
                orders[id] = new(order.Payment, order.Delivery, await KeysOfAsync(order, cancellation));
            }
        }
        catch (Exception e) when (IsOneOrders(e) || e is IOException or UnauthorizedAccessException)
        {
            unreadable.Add(id);
        }
    }

    /// <summary>Not the database's failure: what stands there of this one order cannot be read.</summary>
    private static bool IsOneOrders(Exception e) => !Failures.IsPlace(e);

    private static NpgsqlParameter Ids(IReadOnlyCollection<string> ids) =>
        new() { Value = ids.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar };

    /// <summary>An archived order's event left long ago; its keys stand where they always stood.</summary>
    private async Task<IReadOnlyList<PlainKey>?> KeysOfAsync(ArchivedOrder order, CancellationToken cancellation)
    {
        if (order.Delivery is not { Status: DeliveryStatus.Delivered } delivery)
        {
            return null;
        }

        await using var command = database.CreateCommand(
            "SELECT id, kek, sealed FROM shop.card_keys WHERE id = ANY($1) AND order_id = $2");
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = delivery.Keys.ToArray() });
        command.Parameters.Add(new() { Value = order.Id });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var keys = new Dictionary<Guid, PlainKey>();
        while (await reader.ReadAsync(cancellation))
        {
            var id = reader.GetGuid(0);
            keys[id] = vault.Open(id, reader.GetString(1), await reader.GetFieldValueAsync<byte[]>(2, cancellation));
        }

        return [.. delivery.Keys.Where(keys.ContainsKey).Select(id => keys[id])];
    }

    private async Task<StoredOrder> ReadOneAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var payment = JsonSerializer.Deserialize(
            await reader.GetFieldValueAsync<byte[]>(1, cancellation), ContractsJson.Default.PaymentSaga)!
            with
        { Version = reader.GetInt32(2) };
        var delivery = await reader.IsDBNullAsync(3, cancellation)
            ? null
            : JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(3, cancellation), ContractsJson.Default.DeliverySaga)!
                with
            { Version = reader.GetInt32(4) };
        if (delivery is not { Status: DeliveryStatus.Delivered } || await reader.IsDBNullAsync(5, cancellation))
        {
            return new(payment, delivery, null);
        }

        var ids = await reader.GetFieldValueAsync<Guid[]>(5, cancellation);
        var keks = await reader.GetFieldValueAsync<string[]>(6, cancellation);
        var sealedKeys = await reader.GetFieldValueAsync<byte[][]>(7, cancellation);
        // The order in which they were sold.
        var places = ids.Select((id, i) => (id, i)).ToDictionary(p => p.id, p => p.i);
        return new(
            payment, delivery,
            [.. delivery.Keys.Where(places.ContainsKey).Select(id => vault.Open(id, keks[places[id]], sealedKeys[places[id]]))]);
    }
}
