using CardShop.Shop.Orders;
using CardShop.Shopctl.Keys;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Keys;

public sealed class When_key_encryption_rotates(TestServers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sales_go_on_and_every_key_ends_under_the_new_one()
    {
        const int Keys = 3_000;
        const int Orders = 400;
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string> { ["Sandbox:AutoPay"] = "true" });
        await shop.AddProductAsync("ROTATE", Keys);

        // The API and the fleets run on: nobody tells them.
        var folder = shop.Setting("Secrets:Directory")!;
        Assert.Equal("kek-2", ShopSecrets.AddKeyEncryptionKey(folder, stage: false));
        await using var shopctl = KeyShop.Servers(shop);
        var rotator = new KeyRotator(shopctl.Database, shopctl.OpenVault(), new(100, 1_000), TimeProvider.System);
        var rotating = rotator.RunAsync(_ => { }, Stop);
        var placed = new List<PlacedOrder>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Orders), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) =>
            {
                var order = await shop.PlaceAsync("ROTATE", contact: $"buyer{i}@example.org");
                lock (placed)
                {
                    placed.Add(order);
                }
            });
        Assert.Equal(Keys, await rotating);

        var secrets = new HashSet<string>();
        foreach (var order in placed)
        {
            var view = await shop.UntilAsync(order, "delivered");
            secrets.Add(view.GetProperty("delivery").GetProperty("keys")[0].GetProperty("secret").GetString()!);
        }

        Assert.Equal(Orders, secrets.Count);
        Assert.All(secrets, s => Assert.StartsWith("ROTATE-secret-", s, StringComparison.Ordinal));
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE kek <> 'kek-2'"));
        Assert.Equal(Orders, await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE status = 'sold'"));
        Assert.Equal(0, await shop.CountAsync(
            "SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE data ->> 'status' = 'review'"));
        Assert.Equal(1, await shop.CountAsync(
            "SELECT count(*) FROM shop.key_rotation WHERE kek = 'kek-2' AND done_at IS NOT NULL AND below IS NULL"));
    }

    [Fact]
    public async Task An_interrupted_one_goes_on_where_it_was_and_rows_that_others_hold_are_met_again()
    {
        const int Keys = 1_000;
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("BROKEN", Keys);
        ShopSecrets.AddKeyEncryptionKey(shop.Setting("Secrets:Directory")!, stage: false);
        await using var shopctl = KeyShop.Servers(shop);
        KeyRotator Rotator() => new(shopctl.Database, shopctl.OpenVault(), new(50, 100_000), TimeProvider.System);

        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Rotator().RunAsync(
            state =>
            {
                if (state.Resealed >= 400)
                {
                    interrupt.Cancel();
                }
            },
            interrupt.Token));
        var done = await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE kek = 'kek-2'");
        Assert.InRange(done, 400, 450);

        // A sale holds the lowest ten: the first pass leaves them, a later one finds them.
        await using var sale = await shop.Database.OpenConnectionAsync(Stop);
        var transaction = await sale.BeginTransactionAsync(Stop);
        await using (var hold = sale.CreateCommand())
        {
            hold.CommandText = "SELECT id FROM shop.card_keys ORDER BY id LIMIT 10 FOR UPDATE";
            await hold.ExecuteNonQueryAsync(Stop);
        }

        var states = new List<RotationState>();
        var resealed = await Rotator().RunAsync(
            state =>
            {
                states.Add(state);
                if (state.Pass == 2 && states.Count(s => s.Pass == 2) == 1)
                {
                    transaction.Rollback();
                }
            },
            Stop);

        Assert.Equal(Keys - done, resealed);
        Assert.InRange(states[0].Part, 0.3, 0.6);
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE kek <> 'kek-2'"));
        Assert.Equal(0, await Rotator().RunAsync(_ => { }, Stop));
    }
}
