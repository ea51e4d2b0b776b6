using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;
using ShopctlRun = CardShop.Tests.Integration.Shop.Shopctl;

namespace CardShop.Tests.Browser;

public sealed class When_the_catalog_is_browsed(TestServers servers, Chromium chromium)
{
    private const string Image = "<img src=x onerror=alert(1)>";
    private const string Script = "\"><script>alert(2)</script>'&amp;";

    [Fact]
    public async Task Two_hundred_products_are_one_request_tiers_are_what_is_paid_and_no_text_of_anybody_becomes_markup()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await SeedAsync(shop);
        await FilterAsync(shop);
        await BuyManyAsync(shop);
        await HiddenAsync(shop);
        await MarkupAsync(shop);
    }

    private static async Task SeedAsync(RunningShop shop)
    {
        string?[] categories = ["Games", "Music", "话费充值", null];
        for (var i = 0; i < 199; i++)
        {
            var product = new Product($"MANY-{i}", $"Product {i}", 1_000 + i, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0)
            {
                Category = categories[i % categories.Length],
                Description = new string('字', 4_000),
                Tiers = i % 10 == 0 ? [new(5, 1_000)] : null,
            };
            await CatalogStore.PutAsync(shop.Database, product, "a", default);
        }

        await ShopctlRun.AddProductAsync(
            shop, "TIERED", "unique", "--max-quantity", "20", "--tier", "10=900", "--tier", "20=800", "--category", "Games",
            "--description", "A key for the game.\n\n1. Open the game.\n2. Enter the key.");
        await shop.ImportAsync("TIERED", Enumerable.Range(0, 30).Select(i => $"TIERED-secret-{i}"));
        await Eventually.TrueAsync(
            async () => await shop.ProductsAsync() is { Count: 200 } all && all["TIERED"] == 30, "all are offered");
    }

    private async Task FilterAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Desktop);
        var items = buyer.Page.Locator(".products li");
        await buyer.OpenAsync("/");
        await Assertions.Expect(items).ToHaveCountAsync(200);
        var data = Assert.Single(buyer.Requests, r => r.Url.Contains("/v1/", StringComparison.Ordinal));
        // Descriptions are read on a product's own page: 800,000 characters stay where they are.
        Assert.InRange((await data.SizesAsync()).ResponseBodySize, 10_000, 60_000);

        await buyer.Page.Locator("#category").SelectOptionAsync("Games");
        await Assertions.Expect(items).ToHaveCountAsync(51);
        await buyer.PictureAsync("shop-200");
        await buyer.Page.Locator("#search").FillAsync("19 product");
        await Assertions.Expect(items).ToHaveCountAsync(2);
        await Visitor.SeesAsync(buyer.Text("Products: 2"));
        Assert.EndsWith("/?search=19+product&category=Games", buyer.Page.Url, StringComparison.Ordinal);
        await buyer.Page.ReloadAsync();
        await Assertions.Expect(items).ToHaveCountAsync(2);
        await buyer.Text("Product 196").ClickAsync();
        await Visitor.SeesAsync(buyer.Heading("Product 196"));
        await buyer.Page.GoBackAsync();
        await Assertions.Expect(items).ToHaveCountAsync(2);
        Assert.Equal("Games", await buyer.Page.Locator("#category").InputValueAsync());
        await buyer.Page.Locator("#category").SelectOptionAsync("Music");
        await Assertions.Expect(items).ToHaveCountAsync(2);
        await buyer.Page.Locator("#search").FillAsync("nothing like it");
        await Visitor.SeesAsync(buyer.Text("No product matches."));
        await buyer.Page.Locator("#search").FillAsync("充值");
        await buyer.Page.Locator("#category").SelectOptionAsync("");
        await Assertions.Expect(items).ToHaveCountAsync(50);
    }

    private async Task BuyManyAsync(RunningShop shop)
    {
        await using (var other = await chromium.VisitAsync(shop, Screen.Dark, "zh-CN"))
        {
            await other.OpenAsync("/p/TIERED");
            await Visitor.SeesAsync(other.Text("10 件起"));
            await other.Page.Locator("#quantity").FillAsync("12");
            await Visitor.SeesAsync(other.Text("每件 ¥9.00"));
            await other.PictureAsync("product-tiers");
        }

        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/TIERED");
        await Visitor.SeesAsync(buyer.Text("from 10"));
        Assert.Equal(
            "A key for the game.\n\n1. Open the game.\n2. Enter the key.", await buyer.Page.Locator("article .text").InnerTextAsync());
        foreach (var (quantity, total, each, tier) in ((int, string, string, string)[])
            [(1, "¥10.00", "¥10.00 each", "from 1"), (9, "¥90.00", "¥10.00 each", "from 1"), (20, "¥160.00", "¥8.00 each", "from 20"),
             (21, "—", "", "from 20"), (10, "¥90.00", "¥9.00 each", "from 10")])
        {
            await buyer.Page.Locator("#quantity").FillAsync(quantity.ToString(CultureInfo.InvariantCulture));
            await Assertions.Expect(buyer.Page.Locator("#total")).ToHaveTextAsync(total);
            await Assertions.Expect(buyer.Page.Locator("#total + span")).ToHaveTextAsync(each);
            await Assertions.Expect(buyer.Page.Locator("tr[aria-current] th")).ToHaveTextAsync(tier);
        }

        await buyer.PictureAsync("product-tiers");
        await buyer.FillAsync(10, "ann@example.org");
        await buyer.Button("Place order").ClickAsync();
        var order = await buyer.PlacedAsync();
        await buyer.SeesStatusAsync("Waiting for payment");
        await Visitor.SeesAsync(buyer.Text("¥90.00"));
        await LightAsync(shop, order);

        // What was quoted stays, whatever the catalog says later.
        Assert.Equal(0, await ShopctlRun.RunAsync(shop, "product", "change", "TIERED", "--price", "2000", "--no-tiers", "--category", ""));
        await buyer.PayAsync(shop);
        await buyer.SeesStatusAsync("Delivered");
        await Visitor.SeesAsync(buyer.Text("¥90.00"));
        var placed = JsonSerializer.Deserialize(
            Assert.Single(await shop.RecordsAsync(Topics.Orders)).Value!, ContractsJson.Default.OrderPlaced)!;
        Assert.Equal((900, 9_000), (placed.UnitPrice, placed.Amount));
        await buyer.OpenAsync("/p/TIERED");
        await Visitor.SeesAsync(buyer.Text("¥20.00"));
        Assert.True(await buyer.Page.Locator("table").IsHiddenAsync());
    }

    /// <summary>All that a first visit to an order's page takes, while the shop has two hundred products.</summary>
    private async Task LightAsync(RunningShop shop, PlacedOrder order)
    {
        await using var visitor = await chromium.VisitAsync(shop, Screen.Phone);
        var network = await visitor.Page.Context.NewCDPSessionAsync(visitor.Page);
        await network.SendAsync("Network.enable");
        // Headers and bodies as they came over the wire; of the stream of events, which does not end, what has come.
        var bytes = new ConcurrentDictionary<string, double>();
        network.Event("Network.dataReceived").OnEvent += (_, e) => bytes.AddOrUpdate(
            IdOf(e), SizeOf(e), (_, known) => known + SizeOf(e));
        network.Event("Network.loadingFinished").OnEvent += (_, e) => bytes[IdOf(e)] = SizeOf(e);
        await visitor.OpenAsync($"/order#{order.Id}.{order.Token}");
        await Visitor.SeesAsync(visitor.Page.Locator("img.qr"));
        await Visitor.SeesAsync(visitor.Page.Locator("#other-channel"));
        Assert.InRange(bytes.Values.Sum(), 10_000, 100_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"The order's page: {bytes.Values.Sum():N0} bytes in {bytes.Count} answers");
    }

    private static string IdOf(JsonElement? e) => e!.Value.GetProperty("requestId").GetString()!;

    private static double SizeOf(JsonElement? e) => e!.Value.GetProperty("encodedDataLength").GetDouble();

    /// <summary>What is not listed is sold to whoever knows its sku.</summary>
    private async Task HiddenAsync(RunningShop shop)
    {
        Assert.Equal(0, await ShopctlRun.RunAsync(
            shop, "product", "add", "QUIET", "--name", "Quiet", "--price", "100", "--kind", "manual", "--hidden"));
        await Eventually.TrueAsync(
            async () => (await shop.Http.GetAsync(new Uri(shop.Api, "/v1/products/QUIET"))).IsSuccessStatusCode, "the API knows it");
        Assert.False((await shop.ProductsAsync()).ContainsKey("QUIET"));
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/?search=quiet");
        await Visitor.SeesAsync(buyer.Text("No product matches."));
        await buyer.OrderAsync("QUIET");
        await buyer.SeesStatusAsync("Waiting for payment");
    }

    private async Task MarkupAsync(RunningShop shop)
    {
        foreach (var (sku, kind) in ((string, ProductKind)[])[("KEYS", ProductKind.Unique), ("HAND", ProductKind.Manual)])
        {
            var product = new Product(sku, Image + sku, 100, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0, kind)
            {
                Category = Script,
                Description = Image + "\n" + Script,
            };
            await CatalogStore.PutAsync(shop.Database, product, "a", default);
        }

        var file = Path.GetTempFileName();
        // A number and a secret, quoted as CSV has it.
        Assert.Equal(0, await ShopctlRun.ImportAsync(
            shop, "KEYS", file, [$"{Image},\"{Script.Replace("\"", "\"\"", StringComparison.Ordinal)}\""], "--format", "csv", "--no-header"));
        File.Delete(file);
        await Eventually.TrueAsync(
            async () => await shop.ProductsAsync() is var all && all.ContainsKey("HAND") && all.GetValueOrDefault("KEYS") == 1,
            "both are sold");

        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await ListedAsync(buyer);
        var hand = await OrderedAsync(shop, buyer, "HAND");
        await buyer.SeesStatusAsync("Paid, being delivered");
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'manual'") == 1,
            "it waits for an operator");
        Assert.Equal(0, await ShopctlRun.RunAsync(
            shop, "order", "deliver", hand.Id, "--text", Image + "\n" + Script, "--why", "made by hand"));
        await SeesKeyAsync(buyer, Image + "\n" + Script);
        await OrderedAsync(shop, buyer, "KEYS");
        await SeesKeyAsync(buyer, $"Number {Image}\nKey {Script}");
        await RememberedAsync(buyer);
    }

    private static async Task ListedAsync(Visitor buyer)
    {
        await buyer.OpenAsync("/?search=" + Uri.EscapeDataString(Image) + "&category=" + Uri.EscapeDataString(Script));
        await Assertions.Expect(buyer.Page.Locator(".products li")).ToHaveCountAsync(2);
        await Visitor.SeesAsync(buyer.Text(Image + "KEYS"));
        await Visitor.SeesAsync(buyer.Page.Locator(".products").GetByText(Script));
        Assert.Equal(Script, await buyer.Page.Locator("#category").InputValueAsync());
        await PlainAsync(buyer);
        await buyer.OpenAsync("/p/" + Uri.EscapeDataString(Image));
        await Visitor.SeesAsync(buyer.Text("There is no such product."));
        await buyer.OpenAsync("/p/%FF");
        await Visitor.SeesAsync(buyer.Text("There is no such product."));
        await PlainAsync(buyer);
    }

    private static async Task<PlacedOrder> OrderedAsync(RunningShop shop, Visitor buyer, string sku)
    {
        await buyer.OpenAsync("/p/" + sku);
        await Visitor.SeesAsync(buyer.Heading(Image + sku));
        Assert.Equal(Image + "\n" + Script, await buyer.Page.Locator("article .text").InnerTextAsync());
        Assert.Equal(Script, await buyer.Page.Locator("article h1 + p").InnerTextAsync());
        await PlainAsync(buyer);
        await buyer.FillAsync(1, Image + Script + "@example.org", Script);
        await buyer.Button("Place order").ClickAsync();
        var order = await buyer.PlacedAsync();
        await buyer.PayAsync(shop);
        return order;
    }

    private static async Task SeesKeyAsync(Visitor buyer, string text)
    {
        await buyer.SeesStatusAsync("Delivered");
        Assert.Equal(text, await buyer.Page.Locator(".keys code").InnerTextAsync());
        await PlainAsync(buyer);
        await buyer.PictureAsync("order-markup");
    }

    private static async Task RememberedAsync(Visitor buyer)
    {
        await buyer.OpenAsync("/find");
        await Visitor.SeesAsync(buyer.Text(Image + "KEYS"));
        await buyer.Page.Locator("#contact").FillAsync(Image + Script + "@example.org");
        await buyer.Page.Locator("#password").FillAsync(Script);
        await buyer.Button("Find").ClickAsync();
        await Visitor.SeesAsync(buyer.Text("Orders found: 2"));
        await PlainAsync(buyer);
        // What this browser remembers is no way in either.
        await buyer.Page.EvaluateAsync(
            "s => localStorage.setItem('cardshop.orders', s)",
            JsonSerializer.Serialize(new[] { new { id = "javascript:alert(3)", token = "x", sku = Image, name = Image, at = "never" } }));
        await buyer.Page.ReloadAsync();
        await Visitor.SeesAsync(buyer.Text("There are no orders in this browser yet."));
    }

    /// <summary>No element came from a text.</summary>
    private static async Task PlainAsync(Visitor buyer) => Assert.Equal(
        0, await buyer.Page.EvaluateAsync<int>("document.querySelectorAll('[onerror], img[src=x], script:not([src]), main script').length"));
}
