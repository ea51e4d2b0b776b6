using System.Text.Json;
using CardShop.Contracts;
using Npgsql;

namespace CardShop.Shop.Store;

/// <summary>Reading cases for operators.</summary>
public static class ReviewQueries
{
    /// <summary>SQL: a payment saga has an open case. Word for word that of the partial index, or it is not used.</summary>
    public const string IsOpen =
        "data #> '{reviews,0}' IS NOT NULL AND jsonb_path_exists(data, '$.reviews[*] ? (!exists(@.closedAt))')";

    /// <summary><see cref="IsOpen"/> of the table that a statement calls so.</summary>
    public static string IsOpenIn(string alias) => IsOpen.Replace("data", alias + ".data", StringComparison.Ordinal);

    /// <summary>Orders with an open case behind an id, by the partial index of them.</summary>
    public static Task<IReadOnlyList<PaymentSaga>> OpenAsync(
        NpgsqlDataSource database, string? after, int limit, CancellationToken cancellation) => ReadAsync(
        database,
        $$"""
        SELECT data FROM shop.mt_doc_paymentsaga
        WHERE {{IsOpen}} AND id > $1
        ORDER BY id LIMIT $2
        """,
        [new() { Value = after ?? string.Empty }, new() { Value = limit }],
        cancellation);

    public static async Task<PaymentSaga?> FindAsync(
        NpgsqlDataSource database, string orderId, CancellationToken cancellation)
    {
        var found = await ReadAsync(
            database, "SELECT data FROM shop.mt_doc_paymentsaga WHERE id = $1", [new() { Value = orderId }], cancellation);
        return found.Count > 0 ? found[0] : null;
    }

    private static async Task<IReadOnlyList<PaymentSaga>> ReadAsync(
        NpgsqlDataSource database, string sql, NpgsqlParameter[] parameters, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var sagas = new List<PaymentSaga>();
        while (await reader.ReadAsync(cancellation))
        {
            sagas.Add(JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.PaymentSaga)!);
        }

        return sagas;
    }
}
