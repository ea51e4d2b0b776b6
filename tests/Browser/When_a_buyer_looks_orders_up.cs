using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

public sealed class When_a_buyer_looks_orders_up(TestServers servers, Chromium chromium)
{
    [Fact]
    public async Task Another_browser_finds_them_by_contact_and_password_or_link_and_all_of_it_by_keyboard_alone()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("FIND", keys: 5);
        PlacedOrder order;
        await using (var buyer = await chromium.VisitAsync(shop, Screen.Desktop))
        {
            order = await OrderByKeyboardAsync(buyer);
            await shop.PayAsync(order);
            await buyer.SeesStatusAsync("Delivered");
            await CopyByKeyboardAsync(buyer);
        }

        await using var other = await chromium.VisitAsync(shop, Screen.Phone);
        await other.OpenAsync("/find");
        await Visitor.SeesAsync(other.Text("There are no orders in this browser yet."));
        await other.Page.Locator("#contact").FillAsync("ann@example.org");
        await other.Page.Locator("#password").FillAsync("wrong password");
        await other.Button("Find").ClickAsync();
        await Visitor.SeesAsync(other.Text("No order was found."));
        await other.Page.Locator("#password").FillAsync("open sesame");
        await other.Button("Find").ClickAsync();
        await Visitor.SeesAsync(other.Text("Orders found: 1"));
        await other.PictureAsync("find-found");
        await other.Page.Locator("form .orders a").ClickAsync();
        Assert.Equal(order.Id, (await other.PlacedAsync()).Id);
        await other.SeesStatusAsync("Delivered");

        await other.OpenAsync("/find");
        await other.Page.Locator("#link").FillAsync("not a link");
        await other.Page.Locator("form:has(#link) button").ClickAsync();
        await Visitor.SeesAsync(other.Text("This is not a whole link of an order."));
        await other.Page.Locator("#link").FillAsync($"https://shop.example/order#{order.Id}.{order.Token}");
        await other.Page.Locator("form:has(#link) button").ClickAsync();
        await other.SeesStatusAsync("Delivered");

        await other.OpenAsync("/find");
        await other.Page.Locator("section .orders button").ClickAsync();
        await other.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Visitor.SeesAsync(other.Text("There are no orders in this browser yet."));
    }

    private static async Task<PlacedOrder> OrderByKeyboardAsync(Visitor buyer)
    {
        await buyer.OpenAsync("/");
        await Visitor.SeesAsync(buyer.Text("Test FIND"));
        await TabToAsync(buyer, "document.activeElement.matches('.products a')");
        await buyer.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(buyer.Heading("Order"));
        await TabToAsync(buyer, "document.activeElement.id === 'quantity'");
        await TabToAsync(buyer, "document.activeElement.id === 'contact'");
        await buyer.Page.Keyboard.TypeAsync("Ann@example.org");
        await TabToAsync(buyer, "document.activeElement.id === 'password'");
        await buyer.Page.Keyboard.TypeAsync("open sesame");
        await TabToAsync(buyer, "document.activeElement.name === 'channel'");
        await buyer.Page.Keyboard.PressAsync("ArrowDown");
        await TabToAsync(buyer, "document.activeElement.type === 'submit'");
        await buyer.Page.Keyboard.PressAsync("Enter");
        return await buyer.PlacedAsync();
    }

    private static async Task CopyByKeyboardAsync(Visitor buyer)
    {
        await TabToAsync(buyer, "document.activeElement.matches('.keys button')");
        await buyer.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(buyer.Text("Copied"));
        Assert.StartsWith(
            "FIND-secret-", await buyer.Page.EvaluateAsync<string>("navigator.clipboard.readText()"), StringComparison.Ordinal);
    }

    private static async Task TabToAsync(Visitor buyer, string reached)
    {
        for (var i = 0; i < 30; i++)
        {
            await buyer.Page.Keyboard.PressAsync("Tab");
            if (await buyer.Page.EvaluateAsync<bool>(reached))
            {
                return;
            }
        }

        Assert.Fail("The tab key does not lead to where " + reached);
    }
}
