using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Keys;

public sealed class When_keys_are_imported(TestServers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_interrupted_import_goes_on_and_ends_with_every_key_once()
    {
        const int Count = 5_000;
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("RESUME", 0);
        var secrets = KeyShop.Secrets("RESUME", Count);

        var broken = await KeyShop.ImportAsync(shop, "RESUME", secrets, 100, Stop, stopAfter: 2_650);
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.key_batches WHERE sku = 'RESUME'") >= broken.BatchesSent,
            "what was sent is loaded");
        var rest = await KeyShop.ImportAsync(shop, "RESUME", secrets, 100, Stop);
        var again = await KeyShop.ImportAsync(shop, "RESUME", secrets, 100, Stop);
        var otherSize = await KeyShop.ImportAsync(shop, "RESUME", secrets, 333, Stop);

        Assert.InRange(rest.BatchesKnown, broken.BatchesSent, 26);
        Assert.Equal(50, rest.BatchesKnown + rest.BatchesSent);
        Assert.Equal(Count - (100 * rest.BatchesKnown), rest.Imported);
        Assert.Equal((0, 50, 0L, (long)Count), (again.BatchesSent, again.BatchesKnown, again.Imported, again.DuplicatesInStock.Count));
        Assert.Equal((0L, (long)Count), (otherSize.Imported, otherSize.DuplicatesInStock.Count));
        Assert.Equal("5000 5000 0 0 0", await KeyShop.StockAsync(shop, "RESUME"));
        Assert.Equal(Count, await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE sku = 'RESUME'"));
    }

    [Fact]
    public async Task A_batch_that_stands_in_the_log_twice_is_loaded_once()
    {
        await using var shop = await RunningShop.StartAsync(servers, fleets: false);
        var secrets = KeyShop.Secrets("TWICE", 250);
        await CardShop.Shop.Catalog.CatalogStore.PutAsync(
            shop.Database,
            new("TWICE", "Twice", 1_000, "CNY", 10, true, CardShop.Contracts.HoldPolicy.Order, 900, 0, 0), "a", Stop);

        // Nobody loads: both are interrupted while they wait, and both have sent.
        for (var run = 0; run < 2; run++)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var importing = KeyShop.ImportAsync(shop, "TWICE", secrets, 100, limit.Token);
            var wanted = 3 * (run + 1);
            await Eventually.TrueAsync(
                async () => (await shop.RecordsAsync(CardShop.Contracts.Topics.KeyBatches)).Count >= wanted, "all batches are durable");
            await limit.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => importing);
        }

        shop.StartFleets();
        var last = await KeyShop.ImportAsync(shop, "TWICE", secrets, 100, Stop);
        Assert.Equal(250, last.Imported + last.DuplicatesInStock.Count);
        await Eventually.TrueAsync(
            async () => await KeyShop.StockAsync(shop, "TWICE") == "250 250 0 0 0", "the stock is right");
        Assert.Equal(3, await shop.CountAsync("SELECT count(*) FROM shop.key_batches"));
    }
}
