using System.Text.RegularExpressions;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;

namespace CardShop.Tests.Browser;

/// <summary>What buyers do on the shop's pages, in English.</summary>
public static partial class BuyerPages
{
    /// <summary>Opens a product, fills its form in and sends it; ends on the order's page.</summary>
    public static async Task<PlacedOrder> OrderAsync(
        this Visitor buyer, string sku, int quantity = 1, string contact = "buyer@example.org", string? password = null)
    {
        await buyer.OpenAsync("/p/" + sku);
        await buyer.FillAsync(quantity, contact, password);
        await buyer.Button("Place order").ClickAsync();
        return await buyer.PlacedAsync();
    }

    public static async Task FillAsync(this Visitor buyer, int quantity, string contact, string? password = null)
    {
        await buyer.Page.Locator("#quantity").FillAsync(quantity.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await buyer.Page.Locator("#contact").FillAsync(contact);
        if (password is not null)
        {
            await buyer.Page.Locator("#password").FillAsync(password);
        }
    }

    /// <summary>The order whose page is open.</summary>
    public static async Task<PlacedOrder> PlacedAsync(this Visitor buyer)
    {
        try
        {
            await Assertions.Expect(buyer.Page).ToHaveURLAsync(Address());
        }
        catch (PlaywrightException e)
        {
            throw new InvalidOperationException(
                $"No order's page, but {buyer.Page.Url} saying: {await buyer.Page.Locator("main").InnerTextAsync()}", e);
        }

        var match = Address().Match(buyer.Page.Url);
        return new(match.Groups[1].Value, match.Groups[2].Value);
    }

    /// <summary>Pays what the open page asks for, at the provider.</summary>
    public static async Task PayAsync(this Visitor buyer, RunningShop shop)
    {
        var link = buyer.Page.Locator(".pay a.button");
        await Visitor.SeesAsync(link);
        var address = (await link.GetAttributeAsync("href"))!;
        await shop.PayNumberAsync(address[(address.LastIndexOf('/') + 1)..]);
    }

    /// <summary>The status that the page's heading shows.</summary>
    public static Task SeesStatusAsync(this Visitor buyer, string status) =>
        Assertions.Expect(buyer.Page.Locator("h1")).ToHaveTextAsync(status);

    [GeneratedRegex(@"/order#([a-z][a-z2-7]{25})\.([A-Za-z0-9_-]+)$")]
    private static partial Regex Address();
}
