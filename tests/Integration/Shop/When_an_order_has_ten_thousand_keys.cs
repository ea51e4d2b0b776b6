using System.Diagnostics;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Tests.Integration.Keys;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_an_order_has_ten_thousand_keys(TestServers servers)
{
    private const int Keys = 10_000;

    [Fact]
    public async Task It_is_delivered_whole_with_one_event_and_shows_every_key_also_beside_others_of_its_size()
    {
        const int Orders = 4;
        await using var shop = await RunningShop.StartAsync(servers);
        await Shopctl.AddProductAsync(shop, "BULK", "unique", "--max-quantity", Keys.Text());
        var file = Path.Combine(Directory.CreateDirectory(servers.NewFolder("keys")).FullName, "keys");
        Assert.Equal(0, await Shopctl.ImportAsync(shop, "BULK", file, [.. KeyShop.Secrets("BULK", Orders * Keys)]));
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync())["BULK"] == Orders * Keys, "the API sells them");

        var one = await shop.PlaceAsync("BULK", Keys, contact: "bulk0@example.org");
        await shop.UntilAsync(one, "awaiting-payment");
        var watch = Stopwatch.StartNew();
        await shop.PayAsync(one);
        var view = await shop.UntilAsync(one, "delivered");
        var delivered = watch.Elapsed;
        watch.Restart();
        var secrets = When_goods_are_manual.Secrets((await shop.ShowAsync(one)).Body);
        var shown = watch.Elapsed;
        Assert.Equal(Keys, secrets.Distinct().Count());
        Assert.Equal(Keys, view.GetProperty("quantity").GetInt32());

        // All at once: together they are more than one transaction takes.
        var others = new List<PlacedOrder>();
        for (var i = 1; i < Orders; i++)
        {
            others.Add(await shop.PlaceAsync("BULK", Keys, contact: $"bulk{i}@example.org"));
            await shop.UntilAsync(others[^1], "awaiting-payment");
        }

        await shop.StopFleetsAsync();
        foreach (var order in others)
        {
            await shop.PayAsync(order);
        }

        shop.StartFleets();
        var all = secrets.ToHashSet();
        foreach (var order in others)
        {
            all.UnionWith(When_goods_are_manual.Secrets(await shop.UntilAsync(order, "delivered")));
        }

        Assert.Equal(Orders * Keys, all.Count);
        Assert.Equal($"{Orders * Keys} 0 0 {Orders * Keys} 0", await KeyShop.StockAsync(shop, "BULK"));
        var events = (await shop.RecordsAsync(Topics.Deliveries)).Where(r => r.Type == MessageTypes.OrderDelivered).ToList();
        Assert.Equal(Orders, events.Count);
        Assert.All(events, e => Assert.Equal(
            Keys, JsonSerializer.Deserialize(e.Value, ContractsJson.Default.OrderDelivered)!.KeyIds.Distinct().Count()));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "audit"));
        var document = await shop.CountAsync("SELECT max(length(data::text)) FROM shop.mt_doc_deliverysaga");
        TestContext.Current.SendDiagnosticMessage(
            $"10,000 keys: paid to shown {delivered.TotalMilliseconds:F0} ms, read again {shown.TotalMilliseconds:F0} ms, " +
            $"event {events.Max(e => e.Value!.Length):N0} bytes, document {document:N0} characters");
        Assert.InRange(events.Max(e => e.Value!.Length), 1, 900_000);
    }
}
