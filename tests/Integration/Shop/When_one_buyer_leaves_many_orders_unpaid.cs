using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>The limits of open orders, from the settings to what the buyer is shown.</summary>
public sealed class When_one_buyer_leaves_many_orders_unpaid(TestServers servers)
{
    private static Dictionary<string, string> Limits(bool local, int contact, int network) => new()
    {
        ["Local"] = local ? "true" : "false",
        ["Orders:MaxOpenPerContact"] = contact.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["Orders:MaxOpenPerNetwork"] = network.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    [Theory]
    [InlineData(1, 20, true)]
    [InlineData(20, 1, false)]
    public async Task One_more_than_the_limit_is_refused_and_after_payment_taken(int contact, int network, bool sameContact)
    {
        await using var shop = await RunningShop.StartAsync(servers, Limits(local: false, contact, network));
        await shop.AddProductAsync("MANY", keys: 5);
        var first = await shop.PlaceAsync("MANY");
        await shop.UntilAsync(first, "awaiting-payment");

        var second = await shop.PlaceAsync("MANY", contact: sameContact ? "buyer@example.org" : "other@example.org");
        var view = await shop.UntilAsync(second, "refused");
        Assert.False(view.TryGetProperty("payment", out _));
        Assert.False(view.TryGetProperty("reason", out _));

        await shop.PayAsync(first);
        await shop.UntilAsync(first, "delivered");
        await shop.UntilAsync(await shop.PlaceAsync("MANY"), "awaiting-payment");
    }

    [Fact]
    public async Task Loopback_in_local_mode_has_no_limit()
    {
        await using var shop = await RunningShop.StartAsync(servers, Limits(local: true, 1, 1));
        await shop.AddProductAsync("MANY", keys: 5);
        foreach (var order in new[] { await shop.PlaceAsync("MANY"), await shop.PlaceAsync("MANY"), await shop.PlaceAsync("MANY") })
        {
            await shop.UntilAsync(order, "awaiting-payment");
        }
    }
}
