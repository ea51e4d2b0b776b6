using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using Npgsql;

namespace CardShop.Api.Admin;

/// <summary>What operators read from PostgreSQL. Every statement ends at a bound, whatever the shop has grown to.</summary>
public static class AdminQueries
{
    /// <summary>Products behind a sku, in the order of their skus.</summary>
    public static async Task<IReadOnlyList<AdminProduct>> ProductsAsync(
        NpgsqlDataSource database, string after, int limit, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT data, mt_version, published >= mt_version FROM shop.mt_doc_product WHERE id > $1 ORDER BY id LIMIT $2");
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var products = new List<AdminProduct>();
        while (await reader.ReadAsync(cancellation))
        {
            var product = (await DocumentAsync(reader, 0, ContractsJson.Default.Product, cancellation))!;
            products.Add(new(product with { Version = reader.GetInt32(1) }, reader.GetBoolean(2)));
        }

        return products;
    }

    /// <summary>The counters of so many products behind a sku, all regions of each.</summary>
    public static async Task<IReadOnlyList<AdminStockRow>> StockAsync(
        NpgsqlDataSource database, string after, int products, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT s.sku, s.region, s.imported, s.available, s.reserved, s.held, s.sold, s.void
            FROM (SELECT DISTINCT sku FROM shop.stock WHERE sku > $1 ORDER BY sku LIMIT $2) AS p
            JOIN shop.stock s ON s.sku = p.sku
            ORDER BY s.sku, s.region
            """);
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = products });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<AdminStockRow>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new(
                reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
                reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7)));
        }

        return rows;
    }

    /// <summary>How far the fleets have come, and what is waiting.</summary>
    public static async Task<(IReadOnlyDictionary<(string Group, PartitionKey Partition), long> Progress, AdminWork Work)> OverviewAsync(
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("SELECT grp, topic, partition, next_offset FROM shop.progress"),
                new(
                    $$"""
                    SELECT (SELECT count(*) FROM (SELECT FROM shop.outbox LIMIT 1000) o),
                           coalesce((SELECT extract(epoch FROM clock_timestamp() - created_at)
                                     FROM shop.outbox ORDER BY number LIMIT 1), 0)::float8,
                           (SELECT count(*) FROM (SELECT FROM shop.mt_doc_paymentsaga
                               WHERE {{ReviewQueries.IsOpen}} LIMIT 1000) r),
                           (SELECT count(*) FROM (SELECT FROM shop.mt_doc_deliverysaga
                               WHERE data ->> 'status' = 'manual' LIMIT 1000) m),
                           (SELECT count(*) FROM (SELECT FROM shop.parked LIMIT 1000) p),
                           (SELECT count(*) FROM (SELECT FROM shop.mails WHERE state = 'failed' LIMIT 1000) f)
                    """),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var progress = new Dictionary<(string, PartitionKey), long>();
        while (await reader.ReadAsync(cancellation))
        {
            progress[(reader.GetString(0), new(reader.GetString(1), reader.GetInt32(2)))] = reader.GetInt64(3);
        }

        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (progress, new(
            reader.GetInt64(0), Math.Round(reader.GetDouble(1), 1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
            reader.GetInt64(5)));
    }

    /// <summary>How long orders took from payment to delivery, of those that have both.</summary>
    /// <returns>Milliseconds; the provider's clock may make them negative.</returns>
    public static async Task<IReadOnlyList<double>> LatenciesAsync(
        NpgsqlDataSource database, IReadOnlyCollection<string> orders, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT (extract(epoch FROM (d.data ->> 'deliveredAt')::timestamptz - (p.data #>> '{payments,0,at}')::timestamptz) * 1000)::float8
            FROM unnest($1) AS i(id)
            JOIN shop.mt_doc_paymentsaga p ON p.id = i.id
            JOIN shop.mt_doc_deliverysaga d ON d.id = i.id
            WHERE d.data ->> 'deliveredAt' IS NOT NULL AND p.data #>> '{payments,0,at}' IS NOT NULL
            """);
        command.Parameters.Add(new() { Value = orders.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var latencies = new List<double>(orders.Count);
        while (await reader.ReadAsync(cancellation))
        {
            latencies.Add(reader.GetDouble(0));
        }

        return latencies;
    }

    private static async Task<T?> DocumentAsync<T>(
        NpgsqlDataReader reader, int column, JsonTypeInfo<T> json, CancellationToken cancellation)
        where T : class => await reader.IsDBNullAsync(column, cancellation)
        ? null
        : JsonSerializer.Deserialize(await reader.GetFieldValueAsync<byte[]>(column, cancellation), json);
}
