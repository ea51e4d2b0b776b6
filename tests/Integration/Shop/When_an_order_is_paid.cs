using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>The main job, end to end.</summary>
public sealed class When_an_order_is_paid(TestServers servers)
{
    [Fact]
    public async Task Its_keys_are_shown_and_partners_learn_of_it_once()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("GIFT", keys: 10);
        var order = await shop.PlaceAsync("GIFT", quantity: 3);

        await shop.PayAsync(order);
        var view = await shop.UntilAsync(order, "delivered");

        var keys = view.GetProperty("delivery").GetProperty("keys").EnumerateArray()
            .Select(k => k.GetProperty("secret").GetString()!).ToList();
        Assert.Equal(3, keys.Distinct().Count());
        Assert.All(keys, k => Assert.StartsWith("GIFT-secret-", k, StringComparison.Ordinal));
        Assert.Equal(3000, view.GetProperty("amount").GetProperty("minor").GetInt64());
        var events = await shop.RecordsAsync(Topics.Deliveries);
        Assert.Single(events, e => e.Key == order.Id && e.Type == MessageTypes.OrderDelivered);
        Assert.Equal(1, await shop.CountAsync(
            "SELECT count(*) FROM shop.stock WHERE available = 7 AND sold = 3 AND reserved = 0 AND held = 0 AND imported = 10"));
    }
}
