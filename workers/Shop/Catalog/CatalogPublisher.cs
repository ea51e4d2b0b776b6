using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CardShop.Shop.Catalog;

/// <summary>
/// Publishes changed products to shop.catalog.v1, from committed rows. Every fleet process runs one; the holder of an
/// advisory lock is the only one that publishes, so versions never go back.
/// </summary>
public sealed class CatalogPublisher(
    NpgsqlDataSource database, ILog log, RollbackFence fence, TimeProvider time, Random random,
    ILogger<CatalogPublisher> logger)
{
    private const long LockId = 0x63617264_63617461;
    private const int Limit = 500;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var published = fence.Reason is null ? await PublishAsync(cancellation) : 0;
                backoff.Reset();
                if (published < Limit)
                {
                    await Task.Delay(Every, time, cancellation);
                }
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.PublishFailed(logger, "catalog", e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    /// <returns>How many products went out now.</returns>
    private async Task<int> PublishAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (!await TryLockAsync(connection, cancellation))
        {
            return 0;
        }

        var products = await ChangedAsync(connection, cancellation);
        if (products.Count == 0 || !await fence.ProbeAsync(cancellation))
        {
            return 0;
        }

        var failures = await log.ProduceAllAsync([.. products.Select(ToRecord)], cancellation);
        if (failures.Count > 0)
        {
            throw new PlaceException(failures[0].Reason);
        }

        await using var mark = new NpgsqlCommand(
            """
            UPDATE shop.mt_doc_product p SET published = t.version
            FROM unnest($1, $2) AS t(id, version) WHERE p.id = t.id AND p.published < t.version
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = products.Select(p => p.Sku).ToArray() },
                new() { Value = products.Select(p => p.Version).ToArray() },
            },
        };
        await mark.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        ShopLog.CatalogPublished(logger, products.Count);
        return products.Count;
    }

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({LockId})", connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static async Task<List<Product>> ChangedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT data, mt_version FROM shop.mt_doc_product WHERE published < mt_version ORDER BY id LIMIT {Limit}",
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var products = new List<Product>();
        while (await reader.ReadAsync(cancellation))
        {
            var product = JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.Product)!;
            products.Add(product with { Version = reader.GetInt32(1) });
        }

        return products;
    }

    private static LogRecord ToRecord(Product product) => new(
        Topics.Catalog.Name, 0, Encoding.UTF8.GetBytes(product.Sku),
        JsonSerializer.SerializeToUtf8Bytes(product, ContractsJson.Default.Product), []);
}
