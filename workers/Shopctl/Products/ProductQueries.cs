using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CardShop.Contracts;
using Npgsql;

namespace CardShop.Shopctl.Products;

/// <summary>A product with the stock of all regions.</summary>
/// <param name="Published">shop.catalog.v1 has this version.</param>
public sealed record ProductRow(Product Product, long Available, long Reserved, long Sold, bool Published);

/// <summary>Reading the catalog for operators.</summary>
public static class ProductQueries
{
    /// <summary>All products in the order of their skus.</summary>
    public static async IAsyncEnumerable<ProductRow> AllAsync(
        NpgsqlDataSource database, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT p.data, p.mt_version, p.published >= p.mt_version,
                   coalesce(s.available, 0)::bigint, coalesce(s.reserved, 0)::bigint, coalesce(s.sold, 0)::bigint
            FROM shop.mt_doc_product p
            LEFT JOIN LATERAL (
                SELECT sum(available) AS available, sum(reserved) AS reserved, sum(sold) AS sold
                FROM shop.stock WHERE sku = p.id) s ON true
            ORDER BY p.id
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var product = JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.Product)!;
            yield return new(
                product with { Version = reader.GetInt32(1) },
                reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetBoolean(2));
        }
    }

    /// <summary>The counters of a product, per region.</summary>
    public static async IAsyncEnumerable<(string Region, string Text)> StockAsync(
        NpgsqlDataSource database, string sku, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT region, available, reserved, held, sold, void, imported FROM shop.stock WHERE sku = $1 ORDER BY region");
        command.Parameters.Add(new() { Value = sku });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            yield return (
                reader.GetString(0),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{reader.GetInt64(1)} available + {reader.GetInt64(2)} reserved ({reader.GetInt64(3)} unpaid) + " +
                    $"{reader.GetInt64(4)} sold + {reader.GetInt64(5)} void = {reader.GetInt64(6)} imported"));
        }
    }
}
