using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

public sealed class When_something_goes_wrong_for_a_buyer(TestServers servers, Chromium chromium)
{
    [Fact]
    public async Task Every_refusal_says_what_to_do_and_no_text_of_anybody_becomes_markup()
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
        await MarkupAsync(shop);
    }

    [Fact]
    public async Task Two_hundred_products_are_one_request_and_an_order_page_is_light()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("LIGHT", keys: 3);
        for (var i = 0; i < 199; i++)
        {
            await CatalogStore.PutAsync(
                shop.Database, new($"MANY-{i}", $"Product {i}", 100 + i, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0), "a", default);
        }

        await Eventually.TrueAsync(async () => (await shop.ProductsAsync()).Count == 200, "all are offered");
        await using var buyer = await chromium.VisitAsync(shop, Screen.Desktop);
        await buyer.OpenAsync("/");
        await Assertions.Expect(buyer.Page.Locator(".products li")).ToHaveCountAsync(200);
        Assert.Single(buyer.Requests, r => r.Url.Contains("/v1/", StringComparison.Ordinal));
        await buyer.PictureAsync("shop-200");

        var order = await shop.PlaceAsync("LIGHT");
        await shop.UntilAsync(order, "awaiting-payment");
        var before = buyer.Requests.Count;
        await buyer.OpenAsync($"/order#{order.Id}.{order.Token}");
        await Visitor.SeesAsync(buyer.Page.Locator("img.qr"));
        var bytes = 0;
        foreach (var request in buyer.Requests.Skip(before).Where(r => !r.Url.EndsWith("/events", StringComparison.Ordinal)))
        {
            if (request.Url.StartsWith("blob:", StringComparison.Ordinal))
            {
                continue;
            }

            var sizes = await request.SizesAsync();
            bytes += sizes.ResponseHeadersSize + sizes.ResponseBodySize;
        }

        Assert.InRange(bytes, 10_000, 100_000);
    }

    private async Task WrongFieldsAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/LONG");
        await buyer.FillAsync(1000, "x", "short");
        await buyer.Button("Place order").ClickAsync();
        await Visitor.SeesAsync(buyer.Text("Enter a whole number from 1 to 100."));
        await Visitor.SeesAsync(buyer.Text("Enter 3 to 254 characters."));
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
        await buyer.OrderAsync("LONG");
        await buyer.SeesStatusAsync("Waiting for payment");
        await buyer.Button("Cancel the order").ClickAsync();
        await buyer.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Go back" }).ClickAsync();
        await buyer.SeesStatusAsync("Waiting for payment");
        await buyer.Button("Cancel the order").ClickAsync();
        await buyer.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel the order" }).ClickAsync();
        await buyer.SeesStatusAsync("Cancelled");
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
    }

    private async Task MarkupAsync(RunningShop shop)
    {
        const string Name = "<img src=x onerror=alert(1)>";
        const string Key = "<script>alert(2)</script>\"'&";
        await CatalogStore.PutAsync(
            shop.Database, new("MARKUP", Name, 100, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0), "a", default);
        await shop.ImportAsync("MARKUP", [Key]);
        await Eventually.TrueAsync(
            async () => (await shop.ProductsAsync()).TryGetValue("MARKUP", out var stock) && stock == 1, "it is sold");
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        var asked = false;
        buyer.Page.Dialog += (_, dialog) =>
        {
            asked = true;
            _ = dialog.DismissAsync();
        };
        await buyer.OpenAsync("/");
        await Visitor.SeesAsync(buyer.Text(Name));
        await buyer.OpenAsync("/p/MARKUP");
        await Visitor.SeesAsync(buyer.Heading(Name));
        await buyer.FillAsync(1, "<b>\"bold\"</b>@example.org");
        await buyer.Button("Place order").ClickAsync();
        await buyer.PlacedAsync();
        await buyer.PayAsync(shop);
        await buyer.SeesStatusAsync("Delivered");
        await Assertions.Expect(buyer.Page.Locator(".keys code")).ToHaveTextAsync(Key);
        await buyer.OpenAsync("/find");
        await Assertions.Expect(buyer.Page.Locator(".orders").First).ToContainTextAsync(Name);
        Assert.False(asked);
        // What this browser remembers is no way in either.
        await buyer.Page.EvaluateAsync(
            "s => localStorage.setItem('cardshop.orders', s)",
            JsonSerializer.Serialize(new[] { new { id = "javascript:alert(3)", token = "x", sku = Name, name = Name, at = "never" } }));
        await buyer.Page.ReloadAsync();
        await Visitor.SeesAsync(buyer.Text("There are no orders in this browser yet."));
        Assert.False(asked);
    }
}
