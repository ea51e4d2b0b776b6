using CardShop.Contracts;
using CardShop.Tests.Integration.Keys;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>Paid orders that found nothing left: their keys come by an import, oldest first, however many they are.</summary>
public sealed class When_orders_wait_for_stock(TestServers servers)
{
    [Fact]
    public async Task One_import_serves_all_that_it_can_oldest_first()
    {
        const int Orders = 260;
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("LATE", keys: 1, waitSeconds: 3_600, hold: HoldPolicy.Payment);
        var orders = new List<PlacedOrder>();
        for (var i = 0; i <= Orders; i++)
        {
            orders.Add(await shop.PlaceAsync("LATE", contact: $"buyer{i}@example.org"));
        }

        foreach (var order in orders)
        {
            await shop.PayAsync(order);
        }

        await Eventually.TrueAsync(async () => await WaitingAsync(shop) == Orders, "all but one wait");
        var oldest = await OldestAsync(shop, Orders - 5);
        await shop.ImportAsync("LATE", KeyShop.Secrets("LATE", Orders - 5));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                "SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'") == Orders - 4,
            "as many are delivered as keys came");
        Assert.Equal(5, await WaitingAsync(shop));
        Assert.Equal(Orders - 5, await shop.CountAsync(
            $"""
            SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'
            AND id = ANY(ARRAY[{string.Join(',', oldest.Select(id => $"'{id}'"))}])
            """));
        Assert.Equal($"{Orders - 4} 0 0 {Orders - 4} 0", await KeyShop.StockAsync(shop, "LATE"));
    }

    private static Task<long> WaitingAsync(RunningShop shop) =>
        shop.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'waiting-stock'");

    private static async Task<List<string>> OldestAsync(RunningShop shop, int count)
    {
        await using var command = shop.Database.CreateCommand(
            """
            SELECT id FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'waiting-stock'
            ORDER BY data ->> 'createdAt', id LIMIT $1
            """);
        command.Parameters.Add(new() { Value = count });
        await using var reader = await command.ExecuteReaderAsync();
        var ids = new List<string>();
        while (await reader.ReadAsync())
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }
}
