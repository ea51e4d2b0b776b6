using CardShop.Pipeline.Batches;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>What a record in the working table is; the numbers stand in the migration.</summary>
internal enum RecordKind : short
{
    Fact,
    Event,
    Order,
    Notification,
    Text,
    Void,
}

/// <summary>A record of the log in the working table.</summary>
internal sealed record KeptRecord(
    string OrderId, RecordKind Kind, int Partition, long Offset, DateTimeOffset At, string? Type, byte[] Body);

/// <summary>
/// <c>shop.recovery_records</c>: what was read of the log, by order. It is filled by COPY and read page by page, so that a
/// recovery needs the memory of one page, however much there is.
/// </summary>
internal static class RecordTable
{
    public static async Task ClearAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("TRUNCATE shop.recovery_records", connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public static async Task AddAsync(
        NpgsqlConnection connection, IEnumerable<KeptRecord> records, CancellationToken cancellation)
    {
        await using var copy = await connection.BeginBinaryImportAsync(
            "COPY shop.recovery_records (order_id, kind, partition, log_offset, at, type, body) FROM STDIN (FORMAT BINARY)",
            cancellation);
        foreach (var record in records)
        {
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync(record.OrderId, NpgsqlDbType.Varchar, cancellation);
            await copy.WriteAsync((short)record.Kind, NpgsqlDbType.Smallint, cancellation);
            await copy.WriteAsync(record.Partition, NpgsqlDbType.Integer, cancellation);
            await copy.WriteAsync(record.Offset, NpgsqlDbType.Bigint, cancellation);
            await copy.WriteAsync(record.At.ToUniversalTime(), NpgsqlDbType.TimestampTz, cancellation);
            if (record.Type is { } type)
            {
                await copy.WriteAsync(type, NpgsqlDbType.Text, cancellation);
            }
            else
            {
                await copy.WriteNullAsync(cancellation);
            }

            await copy.WriteAsync(record.Body, NpgsqlDbType.Bytea, cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }

    public static KeptRecord Keep(LogIncoming record, RecordKind kind, string orderId) => new(
        orderId, kind, record.Partition.Partition, record.Offset, record.Timestamp, record.Type, record.Value!);

    /// <summary>All records of the next orders behind one, by order, kind and place.</summary>
    public static async Task<IReadOnlyList<KeptRecord>> OrdersAsync(
        NpgsqlConnection connection, string after, int orders, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH page AS MATERIALIZED (
                SELECT DISTINCT order_id FROM shop.recovery_records WHERE order_id > $1 AND kind <> 5
                ORDER BY order_id LIMIT $2)
            SELECT r.order_id, r.kind, r.partition, r.log_offset, r.at, r.type, r.body
            FROM page p JOIN shop.recovery_records r USING (order_id)
            ORDER BY r.order_id, r.kind, r.partition, r.log_offset
            """,
            connection)
        {
            Parameters = { new() { Value = after, NpgsqlDbType = NpgsqlDbType.Varchar }, new() { Value = (long)orders } },
        };
        return await ReadAsync(command, cancellation);
    }

    /// <summary>The next voids behind a place, in the log's order.</summary>
    public static async Task<IReadOnlyList<KeptRecord>> VoidsAsync(
        NpgsqlConnection connection, int partition, long offset, int limit, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT order_id, kind, partition, log_offset, at, type, body FROM shop.recovery_records
            WHERE order_id = '' AND kind = 5 AND (partition, log_offset) > ($1, $2)
            ORDER BY partition, log_offset LIMIT $3
            """,
            connection)
        {
            Parameters = { new() { Value = partition }, new() { Value = offset }, new() { Value = (long)limit } },
        };
        return await ReadAsync(command, cancellation);
    }

    private static async Task<IReadOnlyList<KeptRecord>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        var records = new List<KeptRecord>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            records.Add(new(
                reader.GetString(0), (RecordKind)reader.GetInt16(1), reader.GetInt32(2), reader.GetInt64(3),
                await reader.GetFieldValueAsync<DateTimeOffset>(4, cancellation),
                await reader.IsDBNullAsync(5, cancellation) ? null : reader.GetString(5),
                await reader.GetFieldValueAsync<byte[]>(6, cancellation)));
        }

        return records;
    }
}
