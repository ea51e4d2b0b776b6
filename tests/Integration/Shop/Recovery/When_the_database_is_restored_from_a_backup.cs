using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop.Recovery;

/// <summary>Invariant 10: a restored backup and a recovery lose nothing.</summary>
public sealed class When_the_database_is_restored_from_a_backup(TestServers servers)
{
    [Fact]
    public async Task Recovery_brings_back_every_order_with_its_keys_and_the_shop_goes_on()
    {
        await using var disaster = await Disaster.StartAsync(servers, ("Sandbox:AutoPay", "true"));
        var half = Disaster.Orders / 2;
        await disaster.Shop.AddProductAsync("GONE", keys: Disaster.Orders + 200);
        await disaster.PlaceAsync("GONE", half);
        await disaster.DeliveredAsync(half);
        Assert.Equal(1, await Shopctl.RunAsync(disaster.Shop, "recover", "--yes"));
        await disaster.BackUpAsync();
        await disaster.PlaceAsync("GONE", Disaster.Orders - half);
        await disaster.DeliveredAsync(Disaster.Orders);
        var before = await disaster.SoldKeysAsync();

        // Some are under way when it happens, and more are accepted while there is no database.
        await disaster.PlaceAsync("GONE", 20);
        await disaster.UnderWayAsync(Disaster.Orders);
        await disaster.DestroyAsync();
        await disaster.PlaceAsync("GONE", 20);
        await disaster.RestoreAsync();
        await disaster.FencedAsync();
        var told = await disaster.ToldKeysAsync();
        Assert.Equal(0, await Shopctl.RunAsync(disaster.Shop, "recover", "--dry-run"));
        Assert.Equal(half, await disaster.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga"));
        var took = await disaster.RecoverAsync();
        disaster.Tell($"{Disaster.Orders:N0} orders, backup at {half:N0}: recovered in {took.TotalSeconds:F1} s.");

        await disaster.PlaceAsync("GONE", 20);
        await disaster.DeliveredAsync(Disaster.Orders + 60);
        await disaster.SameKeysAsync(before);
        await disaster.SameKeysAsync(told);
        await disaster.CleanAsync();
        disaster.Save("backup");
    }
}
