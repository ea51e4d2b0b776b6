using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CardShop.Shop.Store;

/// <summary>What a publisher publishes: documents with a column <c>published</c>, and the topic that holds their last versions.</summary>
/// <param name="Type">The document type, as in <c>mt_doc_(type)</c>.</param>
/// <param name="LockId">Of the advisory lock that one publisher holds.</param>
/// <param name="Versioned">The document with the version of its row.</param>
public sealed record Published<T>(
    string Type, Topic Topic, long LockId, JsonTypeInfo<T> Json, Func<T, string> KeyOf, Func<T, int, T> Versioned,
    Func<T, int> VersionOf);

/// <summary>The kinds of documents that other processes follow without the database.</summary>
public static class Published
{
    public static readonly Published<Product> Products = new(
        "product", Topics.Catalog, 0x63617264_63617461, ContractsJson.Default.Product, p => p.Sku,
        (p, version) => p with { Version = version }, p => p.Version);

    public static readonly Published<Partner> Partners = new(
        "partner", Topics.Partners, 0x63617264_70617274, ContractsJson.Default.Partner, p => p.Id,
        (p, version) => p with { Version = version }, p => p.Version);
}

/// <summary>
/// Publishes changed documents to their compacted topic, from committed rows. Every fleet process runs one of each kind;
/// the holder of an advisory lock is the only one that publishes, so versions never go back.
/// </summary>
public sealed class DocumentPublisher<T>(
    Published<T> kind, NpgsqlDataSource database, ILog log, RollbackFence fence, TimeProvider time, Random random,
    ILogger<DocumentPublisher<T>> logger)
{
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
                ShopLog.PublishFailed(logger, kind.Type, e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    /// <returns>How many went out now.</returns>
    private async Task<int> PublishAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (!await TryLockAsync(connection, cancellation))
        {
            return 0;
        }

        var changed = await ChangedAsync(connection, cancellation);
        if (changed.Count == 0 || !await fence.ProbeAsync(cancellation))
        {
            return 0;
        }

        var failures = await log.ProduceAllAsync([.. changed.Select(ToRecord)], cancellation);
        if (failures.Count > 0)
        {
            throw new PlaceException(failures[0].Reason);
        }

        await using var mark = new NpgsqlCommand(
            $"""
            UPDATE shop.mt_doc_{kind.Type} p SET published = t.version
            FROM unnest($1, $2) AS t(id, version) WHERE p.id = t.id AND p.published < t.version
            """,
            connection, transaction)
        {
            Parameters =
            {
                new() { Value = changed.Select(kind.KeyOf).ToArray() },
                new() { Value = changed.Select(kind.VersionOf).ToArray() },
            },
        };
        await mark.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        ShopLog.DocumentsPublished(logger, kind.Topic.Name, changed.Count);
        return changed.Count;
    }

    private async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({kind.LockId})", connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task<List<T>> ChangedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT data, mt_version FROM shop.mt_doc_{kind.Type} WHERE published < mt_version ORDER BY id LIMIT {Limit}",
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var changed = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            var document = JsonSerializer.Deserialize(await reader.GetFieldValueAsync<byte[]>(0, cancellation), kind.Json)!;
            changed.Add(kind.Versioned(document, reader.GetInt32(1)));
        }

        return changed;
    }

    private LogRecord ToRecord(T document) => new(
        kind.Topic.Name, kind.Topic.PartitionOf(kind.KeyOf(document)), Encoding.UTF8.GetBytes(kind.KeyOf(document)),
        JsonSerializer.SerializeToUtf8Bytes(document, kind.Json), []);
}
