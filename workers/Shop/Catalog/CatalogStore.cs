using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Catalog;

/// <summary>Products as an operator changes them; the publisher takes them to the log.</summary>
public static class CatalogStore
{
    /// <summary>Adds or changes a product, with its stock row. Its version goes up by one.</summary>
    /// <param name="expected">The version that the change was made from, 0 for a new product; null = whatever is there.</param>
    /// <returns>The new version.</returns>
    /// <exception cref="ConflictException">Another version is there than was expected; nothing was written.</exception>
    public static async Task<int> PutAsync(
        NpgsqlDataSource database, Product product, string region, CancellationToken cancellation, int? expected = null)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    INSERT INTO shop.mt_doc_product AS p (id, data, mt_dotnet_type, mt_version)
                    VALUES ($1, $2, 'CardShop.Contracts.Product', 1)
                    ON CONFLICT (id) DO UPDATE
                    SET data = excluded.data, mt_version = p.mt_version + 1, mt_last_modified = transaction_timestamp()
                    WHERE $3::int IS NULL OR p.mt_version = $3
                    RETURNING mt_version
                    """)
                {
                    Parameters =
                    {
                        new() { Value = product.Sku },
                        new()
                        {
                            Value = JsonSerializer.Serialize(product, ContractsJson.Default.Product),
                            NpgsqlDbType = NpgsqlDbType.Jsonb,
                        },
                        new() { Value = (object?)expected ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer },
                    },
                },
                new("INSERT INTO shop.stock (sku, region) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                {
                    Parameters = { new() { Value = product.Sku }, new() { Value = region } },
                },
                new("UPDATE shop.commit_no SET n = n + 1"),
            },
        };
        if (await batch.ExecuteScalarAsync(cancellation) is not int version)
        {
            throw new ConflictException($"{product.Sku} was changed meanwhile");
        }

        await transaction.CommitAsync(cancellation);
        return version;
    }

    /// <summary>True when the log has this version or a later one.</summary>
    public static async Task<bool> IsPublishedAsync(
        NpgsqlDataSource database, string sku, int version, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT published >= $2 FROM shop.mt_doc_product WHERE id = $1");
        command.Parameters.Add(new() { Value = sku });
        command.Parameters.Add(new() { Value = version });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    public static async Task<Product?> FindAsync(NpgsqlDataSource database, string sku, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT data, mt_version FROM shop.mt_doc_product WHERE id = $1");
        command.Parameters.Add(new() { Value = sku });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.Product)! with
            {
                Version = reader.GetInt32(1),
            }
            : null;
    }
}
