using CardShop.Shopctl.Settings;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shopctl.Keys;

/// <summary>An import: what its batches came to, and what became of its keys.</summary>
/// <param name="Duplicates">Keys that were in stock already, under an earlier batch.</param>
public sealed record ImportLine(
    string Id, string Sku, DateTimeOffset At, int Batches, long Keys, long Duplicates, long Unsold, long Sold, long Void)
{
    public long New => Keys - Duplicates;
}

/// <summary>A key of a batch, sealed.</summary>
public sealed record StockedKey(Guid Id, string Sku, string Region, string Status, string Kek, byte[] Sealed);

/// <summary>Reads what was imported. A batch of an operator is an import, or one of its parts by its whole id.</summary>
public static class KeyBatches
{
    private const int MaxPart = 10_000;

    /// <summary>The latest imports since a time, latest first.</summary>
    /// <param name="sku">Null for all products.</param>
    public static async Task<IReadOnlyList<ImportLine>> ListAsync(
        NpgsqlDataSource database, string? sku, DateTimeOffset since, int limit, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT b.import, b.sku, b.at, b.batches, b.keys, b.duplicates, k.unsold, k.sold, k.void
            FROM (
                SELECT import, sku, max(imported_at) AS at, count(*) AS batches, sum(keys) AS keys,
                    sum(cardinality(duplicates)) AS duplicates, array_agg(id) AS ids
                FROM shop.key_batches WHERE imported_at >= $2 AND ($1::varchar IS NULL OR sku = $1)
                GROUP BY import, sku ORDER BY 3 DESC, 1 LIMIT $3) AS b
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE status = 'unsold') AS unsold, count(*) FILTER (WHERE status = 'sold') AS sold,
                    count(*) FILTER (WHERE status = 'void') AS void
                FROM shop.card_keys WHERE batch = ANY(b.ids)) AS k
            ORDER BY b.at DESC, b.import
            """);
        command.CommandTimeout = 300;
        command.Parameters.Add(new() { Value = (object?)sku ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = since });
        command.Parameters.Add(new() { Value = (long)limit });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var lines = new List<ImportLine>();
        while (await reader.ReadAsync(cancellation))
        {
            lines.Add(new(
                reader.GetString(0), reader.GetString(1), await reader.GetFieldValueAsync<DateTimeOffset>(2, cancellation),
                (int)reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7),
                reader.GetInt64(8)));
        }

        return lines;
    }

    /// <summary>The ids of a batch's parts: of an import, or of the one part that is named.</summary>
    /// <exception cref="ShopctlException">There is none.</exception>
    public static async Task<IReadOnlyList<string>> PartsAsync(
        NpgsqlDataSource database, string batch, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT id FROM shop.key_batches WHERE import = $1 UNION SELECT id FROM shop.key_batches WHERE id = $1 ORDER BY 1");
        command.Parameters.Add(new() { Value = batch });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var parts = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            parts.Add(reader.GetString(0));
        }

        return parts.Count > 0
            ? parts
            : throw new ShopctlException(
                ExitCodes.Failed, $"There is no batch {batch}: 'shopctl keys batches' lists them.");
    }

    /// <summary>The keys of one part, by id.</summary>
    public static Task<IReadOnlyList<StockedKey>> OfPartAsync(
        NpgsqlDataSource database, string part, CancellationToken cancellation) =>
        ReadAsync(database, "batch = $1", new() { Value = part }, cancellation);

    /// <summary>Keys by their ids; unknown ones are absent.</summary>
    public static Task<IReadOnlyList<StockedKey>> OfIdsAsync(
        NpgsqlDataSource database, IReadOnlyCollection<Guid> ids, CancellationToken cancellation) =>
        ReadAsync(database, "id = ANY($1)", new() { Value = ids.ToArray() }, cancellation);

    private static async Task<IReadOnlyList<StockedKey>> ReadAsync(
        NpgsqlDataSource database, string which, NpgsqlParameter parameter, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"SELECT id, sku, region, status, kek, sealed FROM shop.card_keys WHERE {which} ORDER BY id LIMIT {MaxPart}");
        command.Parameters.Add(parameter);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var keys = new List<StockedKey>();
        while (await reader.ReadAsync(cancellation))
        {
            keys.Add(new(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4),
                await reader.GetFieldValueAsync<byte[]>(5, cancellation)));
        }

        return keys;
    }
}
