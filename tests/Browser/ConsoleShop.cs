using CardShop.Local.Parts;
using CardShop.Shop.Operators;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using ShopOperators = CardShop.Tests.Integration.Shop.Shopctl;

namespace CardShop.Tests.Browser;

/// <summary>A shop whose console is used.</summary>
internal static class ConsoleShop
{
    public const string Admin = "ann";
    public const string Approver = "bob";
    public const string Viewer = "vic";

    /// <summary>What somebody would like to be more than text.</summary>
    public const string Markup = "<img src=x onerror=alert(1)>";

    /// <summary>Refunds above 5 yuan take a second operator.</summary>
    public static async Task<RunningShop> StartAsync(TestServers servers)
    {
        var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Console:Shopctl"] = DotnetProgram.Find("CardShop.Shopctl"),
            ["Operators:RefundLimit"] = "500",
        });
        ShopOperators.MakeOperator(shop.Setting("Secrets:Directory")!, Viewer, OperatorRole.Viewer);
        await shop.AddProductAsync("OPS", keys: 30);
        return shop;
    }

    public static async Task<PlacedOrder> DeliveredAsync(RunningShop shop)
    {
        var order = await shop.PlaceAsync("OPS", contact: Markup + "@example.org");
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        return order;
    }
}
