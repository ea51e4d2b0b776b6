using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using ShopOperators = CardShop.Tests.Integration.Shop.Shopctl;

namespace CardShop.Tests.Browser;

/// <summary>What operators do on the console's pages, in English.</summary>
internal static class OperatorPages
{
    public static async Task LogInAsync(this Visitor visitor, string name, string view = "overview")
    {
        await visitor.OpenAsync("/ops#/" + view);
        await visitor.Field("Operator key").FillAsync(ShopOperators.KeyOf(name));
        await visitor.Button("Log in").ClickAsync();
        await Visitor.SeesAsync(visitor.Button("Log out"));
    }

    /// <summary>Another view of the same page: nothing is loaded anew.</summary>
    public static async Task GoAsync(this Visitor visitor, string view, string heading)
    {
        await visitor.Page.EvaluateAsync("hash => { location.hash = hash; }", "#/" + view);
        await Visitor.SeesAsync(visitor.Page.GetByRole(AriaRole.Heading, new() { Level = 1, NameString = heading }));
    }

    public static ILocator Dialog(this Visitor visitor) => visitor.Page.GetByRole(AriaRole.Dialog);

    public static ILocator InDialog(this Visitor visitor, string button) =>
        visitor.Dialog().GetByRole(AriaRole.Button, new() { Name = button, Exact = true });

    /// <summary>Gives the reason that the open dialog asks for, and confirms.</summary>
    public static async Task ConfirmAsync(this Visitor visitor, string button, string why)
    {
        await visitor.Dialog().GetByLabel("Reason", new() { Exact = true }).FillAsync(why);
        await visitor.InDialog(button).ClickAsync();
    }

    /// <summary>The deed of the open dialog comes to that, and the dialog is closed.</summary>
    public static async Task EndsAsync(this Visitor visitor, string state = "Done")
    {
        await Visitor.SeesAsync(visitor.Dialog().GetByText(state, new() { Exact = true }));
        await visitor.InDialog("Close").ClickAsync();
        await Assertions.Expect(visitor.Dialog()).ToHaveCountAsync(0);
    }

    /// <summary>The open audit shows each of these as done.</summary>
    public static async Task HasDoneAsync(this Visitor visitor, params string[] actions)
    {
        foreach (var action in actions)
        {
            await Visitor.SeesAsync(visitor.Page.Locator(".audit li")
                .Filter(new() { Has = visitor.Page.GetByText(action, new() { Exact = true }) })
                .Filter(new() { Has = visitor.Page.Locator(".badge", new() { HasTextString = "done" }) }));
        }
    }

    /// <summary>The open dialog waits for a second operator; he approves it, and it is done.</summary>
    public static async Task IsApprovedAsync(this Visitor visitor, RunningShop shop, string approver)
    {
        await Visitor.SeesAsync(visitor.Dialog().GetByText("Waits for approval"));
        var id = await visitor.Dialog().Locator(".state code").InnerTextAsync();
        var reply = await new AdminCaller(shop).PostAsync($"/v1/admin/approvals/{id}/approve", approver, """{"why":"seen"}""");
        Xunit.Assert.True(reply.Message.IsSuccessStatusCode, reply.Text);
        await visitor.InDialog("Do it now").ClickAsync();
        await visitor.EndsAsync();
    }
}
