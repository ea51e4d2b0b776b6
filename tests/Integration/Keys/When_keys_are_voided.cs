using CardShop.Contracts;
using CardShop.Shopctl.Keys;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Keys;

public sealed class When_keys_are_voided(TestServers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sold_keys_stay_sold_reserved_ones_are_kept_and_a_repeat_changes_nothing()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("VOID", 0);
        await KeyShop.ImportAsync(shop, "VOID", KeyShop.Secrets("VOID", 20), 7, Stop);
        await Eventually.TrueAsync(
            async () => (await shop.ProductsAsync()).GetValueOrDefault("VOID") == 20, "the API sells them");
        var sold = await shop.PlaceAsync("VOID", quantity: 3);
        await shop.PayAsync(sold);
        await shop.UntilAsync(sold, "delivered");
        var unpaid = await shop.PlaceAsync("VOID", quantity: 2);
        await shop.UntilAsync(unpaid, "awaiting-payment");
        await using var shopctl = KeyShop.Servers(shop);
        var import = Assert.Single(await KeyBatches.ListAsync(shop.Database, "VOID", DateTimeOffset.UnixEpoch, 10, Stop));
        Assert.Equal((20L, 20L, 0L, 17L, 3L, 0L), (import.Keys, import.New, import.Duplicates, import.Unsold, import.Sold, import.Void));

        var first = await VoidAsync(shopctl, import.Id);

        Assert.Equal((15L, 3L, 0L, 2L), (first.Voided, first.Sold, first.Void, first.Kept));
        Assert.Equal("20 0 2 3 15", await KeyShop.StockAsync(shop, "VOID"));
        await shop.PayAsync(unpaid);
        await shop.UntilAsync(unpaid, "delivered");
        var again = await VoidAsync(shopctl, import.Id);
        Assert.Equal((0L, 5L, 15L, 0L), (again.Voided, again.Sold, again.Void, again.Kept));
        Assert.Equal("20 0 0 5 15", await KeyShop.StockAsync(shop, "VOID"));

        // The record itself once more: its id is known.
        var record = (await shop.RecordsAsync(Topics.KeyBatches)).First(r => r.Type == MessageTypes.KeysVoided);
        var end = (await shop.RecordsAsync(Topics.KeyBatches)).Count(r => r.Partition == record.Partition);
        await shop.Log.ProduceAsync(
            new(
                record.Partition.Topic, record.Partition.Partition, System.Text.Encoding.UTF8.GetBytes(record.Key), record.Value,
                [new(RecordHeaders.Type, System.Text.Encoding.UTF8.GetBytes(record.Type!))]),
            Stop);
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                $"SELECT COALESCE(max(next_offset), 0) FROM shop.progress WHERE grp = 'delivery' AND partition = {record.Partition.Partition}")
                == end + 1,
            "the repeat is processed");
        Assert.Equal("20 0 0 5 15", await KeyShop.StockAsync(shop, "VOID"));
        Assert.Equal(15, await shop.CountAsync("SELECT sum(voided) FROM shop.key_voids WHERE reason = 'leaked'"));
    }

    [Fact]
    public async Task Orders_of_the_same_moment_are_delivered_or_sold_out_and_the_stock_adds_up()
    {
        const int Keys = 300;
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string> { ["Sandbox:AutoPay"] = "true" });
        await shop.AddProductAsync("RACE", Keys);
        await using var shopctl = KeyShop.Servers(shop);
        var parts = new List<string>();
        await using (var command = shop.Database.CreateCommand("SELECT DISTINCT batch FROM shop.card_keys"))
        await using (var reader = await command.ExecuteReaderAsync(Stop))
        {
            while (await reader.ReadAsync(Stop))
            {
                parts.Add(reader.GetString(0));
            }
        }

        var placed = 0;
        var selling = Parallel.ForEachAsync(
            Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) =>
            {
                using var answer = await shop.PostOrderAsync(
                    $$"""{"sku":"RACE","quantity":1,"contact":"buyer{{i}}@example.org","channel":"alipay"}""");
                if (answer.IsSuccessStatusCode)
                {
                    Interlocked.Increment(ref placed);
                }
            });
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE status = 'sold'") > 0, "some are sold");
        var report = new VoidReport();
        foreach (var part in parts)
        {
            report = await VoidAsync(shopctl, part);
        }

        await selling;
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                """
                SELECT count(*) FROM shop.mt_doc_paymentsaga p LEFT JOIN shop.mt_doc_deliverysaga d USING (id)
                WHERE p.data ->> 'status' = 'sold-out' OR d.data ->> 'status' = 'delivered'
                """) == placed,
            "every order has ended");
        Assert.True(report.Voided > 0);
        Assert.Equal(1, await shop.CountAsync(
            """
            SELECT count(*) FROM shop.stock s WHERE imported = 300 AND reserved = 0
                AND sold = (SELECT count(*) FROM shop.card_keys WHERE status = 'sold')
                AND void = (SELECT count(*) FROM shop.card_keys WHERE status = 'void')
                AND available = (SELECT count(*) FROM shop.card_keys WHERE status = 'unsold')
            """));
        Assert.Equal(0, await shop.CountAsync(
            "SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE data ->> 'status' = 'review'"));
    }

    private static async Task<VoidReport> VoidAsync(CardShop.Shopctl.Servers.ShopServers shopctl, string batch)
    {
        var voider = new KeyVoider(shopctl.Log, shopctl.Database, "tester", "leaked", TimeProvider.System);
        foreach (var part in await KeyBatches.PartsAsync(shopctl.Database, batch, Stop))
        {
            await voider.SendAsync(await KeyBatches.OfPartAsync(shopctl.Database, part, Stop), Stop);
        }

        await voider.WaitAsync(_ => { }, TimeSpan.FromSeconds(60), Stop);
        return voider.Report;
    }
}
