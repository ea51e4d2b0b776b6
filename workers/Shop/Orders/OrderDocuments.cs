using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using Npgsql;

namespace CardShop.Shop.Orders;

/// <summary>Where an order is kept that ended long ago.</summary>
/// <param name="Place">A file of the archive.</param>
public sealed record ArchivedAt(string Status, string Place);

/// <summary>An order's documents with what else the database knows of it, for operators. No key text.</summary>
/// <param name="UnsentRows">Of its last outbox rows, those that are not sent yet.</param>
public sealed record OrderDocuments(
    string OrderId, PaymentSaga? Payment, DeliverySaga? Delivery, ArchivedAt? Archived, long UnsentRows, long ParkedMessages)
{
    private const string Sql =
        """
        SELECT p.data, p.mt_version, d.data, d.mt_version, a.final_status, a.place,
               (SELECT count(*) FROM shop.outbox o WHERE o.number IN (p.outbox, d.outbox)),
               (SELECT count(*) FROM shop.parked k WHERE k.order_id = i.id)
        FROM (SELECT $1::varchar AS id) i
        LEFT JOIN shop.mt_doc_paymentsaga p ON p.id = i.id
        LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = i.id
        LEFT JOIN shop.archive a ON a.id = i.id
        """;

    /// <returns>Null where nothing at all is known of the order.</returns>
    public static async Task<OrderDocuments?> FindAsync(NpgsqlDataSource database, string id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = id });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var payment = await DocumentAsync(reader, 0, ContractsJson.Default.PaymentSaga, cancellation);
        var delivery = await DocumentAsync(reader, 2, ContractsJson.Default.DeliverySaga, cancellation);
        var archived = await reader.IsDBNullAsync(4, cancellation) ? null : new ArchivedAt(reader.GetString(4), reader.GetString(5));
        return payment is null && delivery is null && archived is null
            ? null
            : new(
                id, payment is null ? null : payment with { Version = reader.GetInt32(1) },
                delivery is null ? null : delivery with { Version = reader.GetInt32(3) }, archived, reader.GetInt64(6),
                reader.GetInt64(7));
    }

    private static async Task<T?> DocumentAsync<T>(
        NpgsqlDataReader reader, int column, JsonTypeInfo<T> json, CancellationToken cancellation)
        where T : class => await reader.IsDBNullAsync(column, cancellation)
        ? null
        : JsonSerializer.Deserialize(await reader.GetFieldValueAsync<byte[]>(column, cancellation), json);
}
