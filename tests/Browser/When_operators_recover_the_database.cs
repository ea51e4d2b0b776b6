using CardShop.Local.Parts;
using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Recovery;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

/// <summary>An older database is restored: the console says what is wrong, shows the plan, and carries it out.</summary>
public sealed class When_operators_recover_the_database(TestServers servers, Chromium chromium)
{
    private const int Orders = 10;

    [Fact]
    public async Task They_see_the_fence_make_a_plan_run_it_and_the_shop_goes_on()
    {
        await using var disaster = await Disaster.StartAsync(
            servers, ("Sandbox:AutoPay", "true"), ("Console:Shopctl", DotnetProgram.Find("CardShop.Shopctl")));
        var shop = disaster.Shop;
        await shop.AddProductAsync("BACK", keys: 4 * Orders);
        await disaster.PlaceAsync("BACK", Orders);
        await disaster.DeliveredAsync(Orders);
        await disaster.BackUpAsync();
        await disaster.PlaceAsync("BACK", Orders);
        await disaster.DeliveredAsync(2 * Orders);
        var before = await disaster.SoldKeysAsync();
        await disaster.DestroyAsync();
        await disaster.RestoreAsync();
        await disaster.FencedAsync();

        await using var ann = await chromium.VisitAsync(shop, Screen.Desktop);
        await ann.LogInAsync(ConsoleShop.Admin);
        await Visitor.SeesAsync(ann.Page.Locator(".verdict.bad", new() { HasTextString = "the database is older than the log" }));
        await ann.PictureAsync("ops-overview-fenced");
        await ann.GoAsync("replay/recover", "Replay");
        await Assertions.Expect(ann.Page.Locator(".badge.bad").First).ToHaveTextAsync("Rollback fence: fenced");
        await ann.Button("Make a plan").ClickAsync();
        await Visitor.SeesAsync(ann.Button("Run the recovery"));
        await ann.PictureAsync("ops-recover-plan");
        await ann.Button("Run the recovery").ClickAsync();
        await ann.ConfirmAsync("Run the recovery", "the disk is lost, yesterday's backup is in its place");
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);
        await Visitor.SeesAsync(ann.Page.Locator(".badge.good"));

        await disaster.PlaceAsync("BACK", Orders);
        await disaster.DeliveredAsync(3 * Orders);
        await disaster.SameKeysAsync(before);
        await Eventually.TrueAsync(
            async () => await disaster.CountAsync("SELECT count(*) FROM shop.outbox") == 0, "everything about it is sent");
        await disaster.CleanAsync();
    }
}
