using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

public sealed class When_a_buyer_shops(TestServers servers, Chromium chromium)
{
    [Fact]
    public async Task A_product_is_found_ordered_paid_and_its_keys_are_shown_in_both_languages_on_small_and_large_screens()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("GAME-50", keys: 40, price: 4_990);
        await shop.AddProductAsync("MUSIC-10", keys: 3);

        await BuyInEnglishAsync(shop, Screen.Phone);
        await BuyInEnglishAsync(shop, Screen.Dark);
        await BuyInChineseAsync(shop, Screen.Phone);
        await BuyInChineseAsync(shop, Screen.Desktop);
    }

    private async Task BuyInEnglishAsync(RunningShop shop, Screen screen)
    {
        await using var buyer = await chromium.VisitAsync(shop, screen);
        await buyer.OpenAsync("/");
        await Visitor.SeesAsync(buyer.Text("Test MUSIC-10"));
        await buyer.PictureAsync("shop");
        await buyer.Page.Locator("#search").FillAsync("game");
        await Assertions.Expect(buyer.Page.Locator(".products li")).ToHaveCountAsync(1);
        await buyer.Text("Test GAME-50").ClickAsync();

        await Visitor.SeesAsync(buyer.Heading("Order"));
        await buyer.FillAsync(2, "ann@example.org", "open sesame");
        await Visitor.SeesAsync(buyer.Text("¥99.80"));
        await buyer.PictureAsync("product");
        await buyer.Button("Place order").ClickAsync();
        await buyer.PlacedAsync();

        await buyer.SeesStatusAsync("Waiting for payment");
        await Visitor.SeesAsync(buyer.Page.Locator("img.qr"));
        await Visitor.SeesAsync(buyer.Page.Locator(".count"));
        await buyer.PictureAsync("order-payment");
        await buyer.PayAsync(shop);
        await buyer.SeesStatusAsync("Delivered");
        await Assertions.Expect(buyer.Page.Locator(".keys code")).ToHaveCountAsync(2);
        await Assertions.Expect(buyer.Page.Locator(".keys code").First).ToContainTextAsync("GAME-50-secret-");
        await buyer.PictureAsync("order-delivered");

        await buyer.Button("Copy all").ClickAsync();
        var copied = await buyer.Page.EvaluateAsync<string>("navigator.clipboard.readText()");
        Assert.Equal(2, copied.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var download = await buyer.Page.RunAndWaitForDownloadAsync(() => buyer.Button("Download").ClickAsync());
        Assert.Equal(copied, await File.ReadAllTextAsync(await download.PathAsync()));

        // The page is what the link says: it can be loaded again, and this browser remembers it.
        await buyer.Page.ReloadAsync();
        await buyer.SeesStatusAsync("Delivered");
        await buyer.OpenAsync("/find");
        await Assertions.Expect(buyer.Page.Locator(".orders").First).ToContainTextAsync("Test GAME-50");
        await buyer.PictureAsync("find");
    }

    private async Task BuyInChineseAsync(RunningShop shop, Screen screen)
    {
        await using var buyer = await chromium.VisitAsync(shop, screen, "zh-CN");
        await buyer.OpenAsync("/");
        await Visitor.SeesAsync(buyer.Heading("商品"));
        await Visitor.SeesAsync(buyer.Text("Test GAME-50"));
        await buyer.PictureAsync("shop");
        await buyer.Text("Test GAME-50").ClickAsync();
        await Visitor.SeesAsync(buyer.Heading("下单"));
        await buyer.FillAsync(1, "安@例子.中国");
        await buyer.PictureAsync("product");
        await buyer.Button("提交订单").ClickAsync();
        await buyer.PlacedAsync();
        await buyer.SeesStatusAsync("等待付款");
        await Visitor.SeesAsync(buyer.Page.Locator("img.qr"));
        await buyer.PictureAsync("order-payment");
        await buyer.PayAsync(shop);
        await buyer.SeesStatusAsync("已发货");
        await Assertions.Expect(buyer.Page.Locator(".keys code")).ToHaveCountAsync(1);
        await buyer.PictureAsync("order-delivered");

        await buyer.Button("English").ClickAsync();
        await buyer.SeesStatusAsync("Delivered");
        Assert.Equal("en", await buyer.Page.EvaluateAsync<string>("document.documentElement.lang"));
    }
}
