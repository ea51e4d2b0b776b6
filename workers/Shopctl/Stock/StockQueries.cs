using System.Data;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Stock;
using CardShop.Shopctl.Audit;
using Npgsql;

namespace CardShop.Shopctl.Stock;

/// <summary>Reads the counters, and what stands behind them.</summary>
internal static class StockQueries
{
    private const string Counters =
        """
        SELECT s.sku, s.region, s.imported, s.available, s.reserved, s.held, s.sold, s.void, p.data
        FROM shop.stock s LEFT JOIN shop.mt_doc_product p ON p.id = s.sku
        WHERE $1::varchar IS NULL OR s.sku = $1
        ORDER BY s.sku, s.region
        """;

    /// <summary>Columns: sku, region, unsold, sold, void, reserved, held.</summary>
    private static readonly string[] Evidence =
    [
        """
        SELECT sku, region, count(*) FILTER (WHERE status = 'unsold'), count(*) FILTER (WHERE status = 'sold'),
               count(*) FILTER (WHERE status = 'void'), 0::bigint, 0::bigint
        FROM shop.card_keys WHERE $1::varchar IS NULL OR sku = $1 GROUP BY sku, region
        """,
        """
        SELECT data #>> '{order,sku}', data #>> '{order,region}', 0::bigint, 0::bigint, 0::bigint,
               sum((data #>> '{order,quantity}')::bigint)::bigint, sum((data #>> '{order,quantity}')::bigint)::bigint
        FROM shop.mt_doc_paymentsaga
        WHERE (data ->> 'reserved')::boolean AND data ? 'order' AND ($1::varchar IS NULL OR data #>> '{order,sku}' = $1)
        GROUP BY 1, 2
        """,
        """
        SELECT data ->> 'sku', data ->> 'region', 0::bigint, 0::bigint, 0::bigint,
               sum((data ->> 'quantity')::bigint)::bigint, 0::bigint
        FROM shop.mt_doc_deliverysaga
        WHERE (data ->> 'reserved')::boolean AND ($1::varchar IS NULL OR data ->> 'sku' = $1)
        GROUP BY 1, 2
        """,
    ];

    /// <param name="sku">Null: all products.</param>
    public static async Task<IReadOnlyList<StockRow>> ReadAsync(
        NpgsqlDataSource database, string? sku, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await RowsAsync(connection, sku, cancellation);
    }

    /// <summary>Counters and rows of the same moment, while the shop sells.</summary>
    public static async Task<(IReadOnlyList<StockRow> Rows, Dictionary<StockKey, StockEvidence> Evidence)> CheckedAsync(
        NpgsqlDataSource database, string? sku, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        await using (var begin = new NpgsqlCommand(
            "SET TRANSACTION READ ONLY; SET LOCAL enable_seqscan = on; SET LOCAL idle_in_transaction_session_timeout = 0",
            connection))
        {
            await begin.ExecuteNonQueryAsync(cancellation);
        }

        var rows = await RowsAsync(connection, sku, cancellation);
        var evidence = new Dictionary<StockKey, StockEvidence>();
        foreach (var sql in Evidence)
        {
            await using var command = Command(sql, connection, sku);
            command.CommandTimeout = 0;
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var key = new StockKey(reader.GetString(0), reader.GetString(1));
                evidence[key] = evidence.GetValueOrDefault(key) + new StockEvidence(
                    reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6));
            }
        }

        await transaction.RollbackAsync(cancellation);
        return (rows, evidence);
    }

    private static async Task<IReadOnlyList<StockRow>> RowsAsync(
        NpgsqlConnection connection, string? sku, CancellationToken cancellation)
    {
        await using var command = Command(Counters, connection, sku);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<StockRow>();
        while (await reader.ReadAsync(cancellation))
        {
            var product = await reader.IsDBNullAsync(8, cancellation)
                ? null
                : JsonSerializer.Deserialize(
                    await reader.GetFieldValueAsync<byte[]>(8, cancellation), ContractsJson.Default.Product);
            rows.Add(new(
                new(reader.GetString(0), reader.GetString(1)),
                new(
                    reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6),
                    reader.GetInt64(7)),
                product?.Kind ?? ProductKind.Unique, product?.OnSale ?? false, product?.LowStock ?? 0));
        }

        return rows;
    }

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, string? sku) => new(sql, connection)
    {
        Parameters = { new() { Value = (object?)sku ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Varchar } },
    };
}
