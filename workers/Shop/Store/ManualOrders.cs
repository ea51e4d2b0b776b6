using System.Text.Json;
using CardShop.Contracts;
using Npgsql;

namespace CardShop.Shop.Store;

/// <summary>A paid order of manual goods that waits for an operator.</summary>
/// <param name="Until">Then it goes to review.</param>
public sealed record ManualOrder(string OrderId, string Sku, int Quantity, DateTimeOffset PaidAt, DateTimeOffset? Until);

/// <summary>What operators have to hand over.</summary>
public static class ManualOrders
{
    /// <summary>The most urgent first, by the partial index of them.</summary>
    public static async Task<IReadOnlyList<ManualOrder>> WaitingAsync(
        NpgsqlDataSource database, int most, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT data FROM shop.mt_doc_deliverysaga
            WHERE data ->> 'status' = 'manual' ORDER BY data ->> 'waitUntil', id LIMIT $1
            """);
        command.Parameters.Add(new() { Value = most });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new List<ManualOrder>();
        while (await reader.ReadAsync(cancellation))
        {
            var saga = JsonSerializer.Deserialize(
                await reader.GetFieldValueAsync<byte[]>(0, cancellation), ContractsJson.Default.DeliverySaga)!;
            found.Add(new(saga.Id, saga.Sku, saga.Quantity, saga.CreatedAt, saga.WaitUntil));
        }

        return found;
    }
}
