using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Store;

/// <summary>
/// Counts unpaid orders per contact and per network from the documents, by their partial indexes, and no further than the
/// limits need: what it costs is bounded by the batch.
/// </summary>
internal static class LimitStatement
{
    private const string Open =
        "data ->> 'status' IN ('reserved', 'awaiting-payment') AND data #>> '{order,networkHash}' IS NOT NULL";

    public static NpgsqlCommand Count(
        IReadOnlyCollection<string> contacts, IReadOnlyCollection<string> networks, int maxPerContact, int maxPerNetwork) =>
        new(
            $$"""
            SELECT false, h, n FROM unnest($1) AS h CROSS JOIN LATERAL (
                SELECT count(*)::int AS n FROM (
                    SELECT FROM shop.mt_doc_paymentsaga
                    WHERE data #>> '{order,contactHash}' = h AND {{Open}} LIMIT $3) AS o) AS c
            UNION ALL
            SELECT true, h, n FROM unnest($2) AS h CROSS JOIN LATERAL (
                SELECT count(*)::int AS n FROM (
                    SELECT FROM shop.mt_doc_paymentsaga
                    WHERE data #>> '{order,networkHash}' = h AND {{Open}} LIMIT $4) AS o) AS c
            """)
        {
            Parameters =
            {
                new() { Value = contacts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = networks.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = (long)maxPerContact },
                new() { Value = (long)maxPerNetwork },
            },
        };

    public static async Task<OpenOrders> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var contacts = new Dictionary<string, int>();
        var networks = new Dictionary<string, int>();
        while (await reader.ReadAsync(cancellation))
        {
            (reader.GetBoolean(0) ? networks : contacts)[reader.GetString(1)] = reader.GetInt32(2);
        }

        return new(contacts, networks);
    }
}
