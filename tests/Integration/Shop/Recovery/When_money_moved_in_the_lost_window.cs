using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop.Recovery;

/// <summary>Invariant 10, money included: to the fen, and nobody has both keys and money.</summary>
public sealed class When_money_moved_in_the_lost_window(TestServers servers)
{
    [Fact]
    public async Task Recovery_and_the_provider_agree_to_the_fen()
    {
        var each = Math.Max(6, Disaster.Orders / 200);
        await using var disaster = await Disaster.StartAsync(
            servers, ("Payments:CheckEverySeconds", "2"), ("Payments:ResendAfterSeconds", "5"));
        var window = new LostWindow(disaster, each);
        await window.PrepareAsync();
        await disaster.BackUpAsync();
        await window.LiveAsync();
        var before = await disaster.OrdersAsync();
        var keys = await disaster.SoldKeysAsync();

        await disaster.DestroyAsync();
        await window.PayInTheDarkAsync();
        await disaster.RestoreAsync();
        await disaster.FencedAsync();
        Assert.Equal(40, await disaster.CountAsync("SELECT imported FROM shop.stock WHERE sku = 'VOID'"));
        var took = await disaster.RecoverAsync();
        disaster.Tell($"{before.Count:N0} orders, {each:N0} of each kind: recovered in {took.TotalSeconds:F1} s.");

        await window.CheckAsync(before);
        await disaster.SameKeysAsync(keys);
        Assert.Equal(25, await disaster.CountAsync("SELECT void FROM shop.stock WHERE sku = 'VOID' AND imported = 60 AND available = 35"));
        Assert.Equal(1_234, await disaster.CountAsync("SELECT (data ->> 'price')::int FROM shop.mt_doc_product WHERE id = 'VOID'"));
        await disaster.CleanAsync();
        disaster.Save("money");
    }
}
