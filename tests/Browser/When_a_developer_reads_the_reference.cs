using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

public sealed class When_a_developer_reads_the_reference(TestServers servers, Chromium chromium)
{
    /// <summary>
    /// Swagger UI puts the link to an operation into the button that opens it. No option of it changes that; both are reached
    /// and named by keyboard and screen readers all the same.
    /// </summary>
    private const string Nested = "nested-interactive";

    [Fact]
    public async Task It_opens_from_the_shop_shows_every_operation_and_tries_one_out_without_any_other_host()
    {
        await using var shop = await RunningShop.StartAsync(servers, fleets: false);
        await using var reader = await chromium.VisitAsync(shop, Screen.Desktop);
        await reader.OpenAsync("/");
        await reader.Page.Locator("footer a").ClickAsync();
        await Visitor.SeesAsync(reader.Page.Locator(".opblock"));
        Assert.True(await reader.Page.Locator(".opblock").CountAsync() >= 30);

        var place = reader.Page.Locator(".opblock", new() { HasText = "Place an order" });
        await place.Locator(".opblock-summary-control").ClickAsync();
        await Visitor.SeesAsync(place.GetByText("buyer@example.org"));
        await Visitor.SeesAsync(place.GetByText("Idempotency-Key").First);
        await reader.PictureAsync("docs", Nested);

        var list = reader.Page.Locator("#operations-buyers-get_v1_products");
        await list.Locator(".opblock-summary-control").ClickAsync();
        await list.GetByRole(AriaRole.Button, new() { Name = "Try it out" }).ClickAsync();
        await list.GetByRole(AriaRole.Button, new() { Name = "Execute" }).ClickAsync();
        await Visitor.SeesAsync(list.Locator(".live-responses-table .response-col_status", new() { HasText = "200" }));
    }
}
