using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

public sealed class When_something_goes_wrong_for_a_buyer(TestServers servers, Chromium chromium)
{
    [Fact]
    public async Task Every_refusal_says_what_to_do()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("FEW", keys: 3);
        await shop.AddProductAsync("SHORT", keys: 5, holdSeconds: 3);
        await shop.AddProductAsync("LONG", keys: 5);

        await WrongFieldsAsync(shop);
        await SoldOutAsync(shop);
        await ExpiryAsync(shop);
        await CancelAsync(shop);
        await WrongLinkAsync(shop);
        await ProcessingAwayAsync(shop);
    }

    private async Task WrongFieldsAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/LONG");
        await buyer.FillAsync(1000, "x", "short");
        await buyer.Button("Place order").ClickAsync();
        await Visitor.SeesAsync(buyer.Text("Enter a whole number from 1 to 100."));
        await Visitor.SeesAsync(buyer.Text("Say how you can be reached"));
        await Visitor.SeesAsync(buyer.Text("Use 6 to 128 characters, or leave it empty."));
        Assert.Equal("quantity", await buyer.Page.EvaluateAsync<string>("document.activeElement.id"));
        Assert.DoesNotContain(buyer.Requests, r => r.Method == "POST");
        await buyer.PictureAsync("product-wrong-fields");
    }

    private async Task SoldOutAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/FEW");
        await Visitor.SeesAsync(buyer.Text("Only 3 left"));
        var faster = await shop.PlaceAsync("FEW", quantity: 3);
        await shop.UntilAsync(faster, "awaiting-payment");
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync())["FEW"] == 0, "the stock is known to be gone");
        await buyer.FillAsync(1, "late@example.org");
        await buyer.Button("Place order").ClickAsync();
        await Visitor.SeesAsync(buyer.Text("This product is sold out or not on sale."));
        await shop.ImportAsync("FEW", ["FEW-secret-late-1", "FEW-secret-late-2"]);
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync())["FEW"] == 2, "there are two more");
        await buyer.Page.Locator("#quantity").FillAsync("3");
        await buyer.Button("Place order").ClickAsync();
        await Visitor.SeesAsync(buyer.Text("Only 2 left. Order fewer."));
        await shop.PlaceAsync("FEW", quantity: 2);
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync())["FEW"] == 0, "they are gone too");
        await buyer.OpenAsync("/");
        await Visitor.SeesAsync(buyer.Text("Sold out"));
        await buyer.OpenAsync("/p/FEW");
        await Visitor.SeesAsync(buyer.Text("This product is sold out or not on sale."));
        await buyer.PictureAsync("product-sold-out");
    }

    private async Task ExpiryAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OrderAsync("SHORT");
        await buyer.SeesStatusAsync("Expired");
        await Visitor.SeesAsync(buyer.Text("The time to pay has passed."));
        await buyer.PictureAsync("order-expired");
    }

    private async Task CancelAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.Page.Clock.InstallAsync();
        await buyer.OrderAsync("LONG");
        await buyer.SeesStatusAsync("Waiting for payment");
        await buyer.Button("Cancel the order").ClickAsync();
        await buyer.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Go back" }).ClickAsync();
        await buyer.SeesStatusAsync("Waiting for payment");
        await buyer.Button("Cancel the order").ClickAsync();
        await buyer.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel the order" }).ClickAsync();
        await buyer.SeesStatusAsync("Cancelled");
        await Visitor.SeesAsync(buyer.Text("If you paid all the same, you get the goods or your money back."));

        // Money may have been under way: the page looks again.
        var looks = buyer.Requests.Count(IsLook);
        await buyer.Page.Clock.RunForAsync(30_000);
        await Eventually.TrueAsync(() => Task.FromResult(buyer.Requests.Count(IsLook) > looks), "the page looks at the order again");
    }

    private static bool IsLook(IRequest request) => request.Method == "GET" && request.Url.Split('/')[^2] == "orders";

    /// <summary>Nobody works: orders are taken, no time is promised, and everything goes on by itself.</summary>
    private async Task ProcessingAwayAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.Page.Clock.InstallAsync();
        await shop.StopFleetsAsync();
        await shop.PlaceAsync("LONG");
        await buyer.OrderAsync("LONG");
        await buyer.SeesStatusAsync("In the queue");
        await Visitor.SeesAsync(buyer.Text("Orders before yours: 1 · about"));
        await buyer.Page.Clock.RunForAsync(30_000);
        await Visitor.SeesAsync(buyer.Text("Orders before yours: 1 · the queue stands still just now, and goes on in order"));
        await Visitor.SeesAsync(buyer.Text("Your order is safely stored; please do not order again."));
        await buyer.PictureAsync("order-queue-stands-still");
        shop.StartFleets();
        await buyer.SeesStatusAsync("Waiting for payment");
    }

    private async Task WrongLinkAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/order");
        await Visitor.SeesAsync(buyer.Text("This link is not complete."));
        await buyer.OpenAsync("/find");
        await buyer.OpenAsync("/order#a" + new string('b', 25) + "." + new string('A', 60));
        await Visitor.SeesAsync(buyer.Text("There is no such order."));
        await buyer.OpenAsync("/p/NOTHING");
        await Visitor.SeesAsync(buyer.Text("There is no such product."));
        await buyer.OpenAsync("/nowhere");
        await Visitor.SeesAsync(buyer.Heading("There is no such page"));
    }
}
