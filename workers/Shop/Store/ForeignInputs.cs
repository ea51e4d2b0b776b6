using CardShop.Shop.Orders;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Store;

/// <summary>Inputs of a topic that are kept for another region.</summary>
public sealed record KeptInputs(string Region, string Topic, long Records, DateTimeOffset FirstAt, DateTimeOffset LastAt);

/// <summary><c>shop.foreign_inputs</c>: what is kept for other regions, counted in the transactions that pass it over.</summary>
public static class ForeignInputs
{
    /// <param name="passed">In the table's order, so that two batches never wait for each other in a circle.</param>
    internal static NpgsqlBatchCommand Note(IReadOnlyList<PassedInputs> passed, DateTimeOffset now) => new(
        """
        INSERT INTO shop.foreign_inputs AS f (region, topic, records, first_at, last_at)
        SELECT region, topic, records, $4, $4 FROM unnest($1, $2, $3) AS t(region, topic, records)
        ON CONFLICT (region, topic) DO UPDATE SET records = f.records + excluded.records, last_at = excluded.last_at
        """)
    {
        Parameters =
        {
            new()
            {
                Value = passed.Select(p => p.Region).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
            },
            new() { Value = passed.Select(p => p.Topic).ToArray() },
            new() { Value = passed.Select(p => (long)p.Records).ToArray() },
            new() { Value = now.ToUniversalTime() },
        },
    };

    public static async Task<IReadOnlyList<KeptInputs>> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT region, topic, records, first_at, last_at FROM shop.foreign_inputs ORDER BY region, topic");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var kept = new List<KeptInputs>();
        while (await reader.ReadAsync(cancellation))
        {
            kept.Add(new(
                reader.GetString(0), reader.GetString(1), reader.GetInt64(2),
                await reader.GetFieldValueAsync<DateTimeOffset>(3, cancellation),
                await reader.GetFieldValueAsync<DateTimeOffset>(4, cancellation)));
        }

        return kept;
    }
}
