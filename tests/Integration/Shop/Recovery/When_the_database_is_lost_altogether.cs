using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop.Recovery;

/// <summary>Invariant 10 without any backup: while nothing was trimmed, the log is enough.</summary>
public sealed class When_the_database_is_lost_altogether(TestServers servers)
{
    [Fact]
    public async Task Recovery_rebuilds_catalog_keys_and_orders_from_the_log_however_often_it_is_interrupted()
    {
        await using var disaster = await Disaster.StartAsync(servers, ("Sandbox:AutoPay", "true"));
        await disaster.Shop.AddProductAsync("EMPTY", keys: Disaster.Orders + 200);
        await disaster.PlaceAsync("EMPTY", Disaster.Orders);
        await disaster.DeliveredAsync(Disaster.Orders);
        var before = await disaster.SoldKeysAsync();

        await disaster.PlaceAsync("EMPTY", 20);
        await disaster.UnderWayAsync(Disaster.Orders);
        await disaster.DestroyAsync();
        await disaster.Postgres.StartAsync();
        disaster.Shop.Database.Clear();
        Assert.Equal(1, await Shopctl.RunAsync(disaster.Shop, "recover", "--yes"));
        await disaster.ReplaceAsync();
        await disaster.FencedAsync();
        var told = await disaster.ToldKeysAsync();
        await disaster.InterruptAsync();
        var took = await disaster.RecoverAsync();
        disaster.Tell($"{Disaster.Orders:N0} orders, no backup: recovered in {took.TotalSeconds:F1} s.");

        await disaster.PlaceAsync("EMPTY", 20);
        await disaster.DeliveredAsync(Disaster.Orders + 40);
        await disaster.SameKeysAsync(before);
        await disaster.SameKeysAsync(told);
        await disaster.CleanAsync();
        disaster.Save("empty");

        // A second time, after the log was trimmed: now it is said, and nothing is done.
        await disaster.DestroyAsync();
        await disaster.TrimAsync(Topics.Orders.Name, Topics.Orders.PartitionOf("EMPTY"), 1);
        await disaster.ReplaceAsync();
        await disaster.FencedAsync();
        Assert.Equal(1, await Shopctl.RunAsync(disaster.Shop, "recover", "--yes", "--why", "again"));
        Assert.Equal(0, await disaster.CountAsync(
            "SELECT (SELECT count(*) FROM shop.mt_doc_paymentsaga) + (SELECT count(*) FROM shop.mt_doc_product)"));
    }
}
