using System.Text.RegularExpressions;
using CardShop.Shop.Store;
using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;
using ShopOperators = CardShop.Tests.Integration.Shop.Shopctl;

namespace CardShop.Tests.Browser;

/// <summary>The operations console on a whole shop: what is decided about orders, every deed by clicking.</summary>
public sealed partial class When_operators_decide_about_orders(TestServers servers, Chromium chromium)
{
    [Fact]
    public async Task They_log_in_look_act_and_approve_and_the_audit_shows_all_of_it()
    {
        await using var shop = await ConsoleShop.StartAsync(servers);
        var order = await ConsoleShop.DeliveredAsync(shop);
        await DenyAsync(shop, order);
        await using var ann = await chromium.VisitAsync(shop, Screen.Desktop);
        await EnterAsync(ann);
        await OverviewAsync(ann);
        await RefundAsync(shop, ann, order);
        await ReviewsAsync(shop, ann);
        await OrderDeedsAsync(shop, ann);
        await DeliverAsync(shop, ann);
        await RejectAsync(shop, ann);
        await AuditAsync(ann, order);
    }

    /// <summary>Who may only look sees why, and the server decides all the same.</summary>
    private async Task DenyAsync(RunningShop shop, PlacedOrder order)
    {
        await using var vic = await chromium.VisitAsync(shop, Screen.Phone);
        await vic.LogInAsync(ConsoleShop.Viewer, "order/" + order.Id);
        await Visitor.SeesAsync(vic.Text("What is done here takes the role operator. You can look."));
        Assert.True(await vic.Button("Refund").IsDisabledAsync());
        await Visitor.SeesAsync(vic.Text("partners are told cardshop.order.delivered.v1"));
        await vic.PictureAsync("ops-order");
        await vic.GoAsync("channels", "Channels");
        await Visitor.SeesAsync(vic.Button("Switch off"));
        Assert.True(await vic.Button("Switch off").First.IsDisabledAsync());
        var status = await vic.Page.EvaluateAsync<int>(
            """
            async id => (await fetch(`/v1/admin/orders/${id}/refund`, {
              method: "POST", headers: { "CardShop-Console": "1", "Idempotency-Key": "a-viewer-tries-it", "Content-Type": "application/json" },
              body: JSON.stringify({ why: "I may not" }),
            })).status
            """, order.Id);
        Assert.Equal(403, status);
        // No other site's page can send the header; without it there is no session.
        Assert.Equal(401, await vic.Page.EvaluateAsync<int>("async () => (await fetch('/v1/admin/me')).status"));
    }

    private static async Task EnterAsync(Visitor ann)
    {
        await ann.OpenAsync("/ops#/reviews");
        await Visitor.SeesAsync(ann.Heading("Log in to operations"));
        await ann.PictureAsync("ops-login");
        await ann.Field("Operator key").FillAsync("nobody's key");
        await ann.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(ann.Text("This key is no operator's."));
        await ann.Field("Operator key").FillAsync(ShopOperators.KeyOf(ConsoleShop.Admin));
        await ann.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(ann.Text("No order waits for a review."));

        // Another tab logs in somebody else: what is done here must not be done in his name.
        await LogInBehindAsync(ann, ConsoleShop.Approver);
        await ann.Page.EvaluateAsync("document.querySelector('.head.view button')?.click()"); // or the view's own timer has told it
        await Visitor.SeesAsync(ann.Text("Your session has ended."));
        await ann.Field("Operator key").FillAsync(ShopOperators.KeyOf(ConsoleShop.Admin));
        await ann.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(ann.Text("No order waits for a review."));

        // Who could not be logged out is told so.
        await ann.Page.RouteAsync("**/v1/admin/session", route => route.AbortAsync());
        await ann.Button("Log out").ClickAsync();
        await Visitor.SeesAsync(ann.Text("You are not logged out"));
        await ann.Page.UnrouteAsync("**/v1/admin/session");

        // The session is lost, the place is not. One refusal comes late: it ends nothing that began since.
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var loggedIn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await ann.Page.RouteAsync("**/v1/admin/overview", async route =>
        {
            if (!asked.TrySetResult())
            {
                await route.ContinueAsync();
                return;
            }

            await loggedIn.Task;
            await route.FulfillAsync(new() { Status = 401, ContentType = "application/problem+json", Body = "{}" });
        });
        await ann.Page.EvaluateAsync("document.dispatchEvent(new Event('visibilitychange'))"); // a look at the shop, now
        await asked.Task.WaitAsync(Visitor.Patience);
        await ann.Page.Context.ClearCookiesAsync();
        await ann.Page.EvaluateAsync("document.querySelector('.head.view button')?.click()"); // or the view's own timer has told it
        await Visitor.SeesAsync(ann.Text("Your session has ended."));
        await ann.Field("Operator key").FillAsync(ShopOperators.KeyOf(ConsoleShop.Admin));
        await ann.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(ann.Text("No order waits for a review."));
        await ann.Page.RunAndWaitForResponseAsync(
            () => { loggedIn.SetResult(); return Task.CompletedTask; }, response => response.Status == 401);
        await ann.Page.UnrouteAsync("**/v1/admin/overview");
        await ann.GoAsync("overview", "Overview");
        await Visitor.SeesAsync(ann.Page.Locator(".verdict.good"));
        Assert.Equal("", await ann.Page.EvaluateAsync<string>("document.cookie"));
    }

    private static async Task LogInBehindAsync(Visitor visitor, string name)
    {
        var status = await visitor.Page.EvaluateAsync<int>(
            """
            async key => (await fetch("/v1/admin/session", {
              method: "POST", headers: { "CardShop-Console": "1", "Content-Type": "application/json" }, body: JSON.stringify({ key }),
            })).status
            """, ShopOperators.KeyOf(name));
        Assert.Equal(200, status);
    }

    private static async Task OverviewAsync(Visitor ann)
    {
        await ann.GoAsync("overview", "Overview");
        await Visitor.SeesAsync(ann.Page.Locator(".verdict.good"));
        await Assertions.Expect(ann.Page.Locator(".chart .line")).ToHaveCountAsync(7);
        // An order was delivered before: its time is known, and the lines have begun.
        await Assertions.Expect(ann.Page.Locator(".chart .key.d .number")).Not.ToHaveTextAsync("–");
        await Assertions.Expect(ann.Page.Locator(".chart .line.a").First).ToHaveAttributeAsync("d", Begun());
        await ann.PictureAsync("ops-overview");
    }

    /// <summary>Above the limit: a second operator approves it in his own browser.</summary>
    private async Task RefundAsync(RunningShop shop, Visitor ann, PlacedOrder order)
    {
        await ann.GoAsync("orders", "Orders");
        await ann.Field("Order id or payment number").FillAsync("nonsense");
        await ann.Button("Find").ClickAsync();
        await Visitor.SeesAsync(ann.Text("That is no order id"));
        await ann.Field("Order id or payment number").FillAsync(order.Id);
        await ann.Button("Find").ClickAsync();
        await Visitor.SeesAsync(ann.Text("accepted: 1 x OPS"));
        await ann.Button("Refund").ClickAsync();
        await ann.PictureAsync("ops-dialog");
        await ann.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(ann.Button("Refund")).ToBeFocusedAsync();

        await ann.Button("Refund").ClickAsync();
        await ann.InDialog("Refund").ClickAsync();
        await Visitor.SeesAsync(ann.Text("Say why."));
        await ann.ConfirmAsync("Refund", "the buyer called " + ConsoleShop.Markup);
        await Visitor.SeesAsync(ann.Dialog().GetByText("Waits for approval"));
        var id = await ann.Dialog().Locator(".state code").InnerTextAsync();
        await ann.InDialog("Close").ClickAsync();
        await Visitor.SeesAsync(ann.Page.Locator("#hand .work.waiting"));

        await using (var bob = await chromium.VisitAsync(shop, Screen.Dark))
        {
            await bob.LogInAsync(ConsoleShop.Approver, "approvals");
            await Visitor.SeesAsync(bob.Text(id));
            await Visitor.SeesAsync(bob.Text("the buyer called " + ConsoleShop.Markup));
            await bob.PictureAsync("ops-approvals");
            await bob.Button("Approve").ClickAsync();
            await bob.ConfirmAsync("Approve", "I have seen the mail");
            await bob.EndsAsync();
            await Visitor.SeesAsync(bob.Page.Locator(".approval .badge.good"));
        }

        await ann.Page.ReloadAsync(); // what waits outlives it
        await ann.Page.Locator("#hand").GetByRole(AriaRole.Button, new() { Name = "Do it now" }).ClickAsync();
        await ann.EndsAsync();
        await shop.UntilAsync(order, "refunded");
        await Assertions.Expect(ann.Page.Locator("#hand")).ToBeHiddenAsync();
        await ann.Button("Refresh").ClickAsync();
        await Visitor.SeesAsync(ann.Page.Locator(".badge", new() { HasTextString = "refunded" }));
        await ann.PictureAsync("ops-order");
    }

    private static async Task ReviewsAsync(RunningShop shop, Visitor ann)
    {
        var dismissed = await ConsoleShop.DeliveredAsync(shop);
        var confirmed = await shop.PlaceAsync("OPS");
        await shop.UntilAsync(confirmed, "awaiting-payment");
        await ReviewAsync(shop, dismissed);
        await ReviewAsync(shop, confirmed);
        await ann.GoAsync("reviews", "Reviews");
        ILocator Case(PlacedOrder order) => ann.Page.Locator("article", new() { HasTextString = order.Id });
        await Visitor.SeesAsync(Case(dismissed));
        await Visitor.SeesAsync(Case(confirmed));
        await ann.PictureAsync("ops-reviews");
        await Case(dismissed).GetByRole(AriaRole.Button, new() { Name = "Dismiss" }).ClickAsync();
        await ann.ConfirmAsync("Dismiss", "it was delivered");
        await ann.EndsAsync();
        await Assertions.Expect(Case(dismissed)).ToHaveCountAsync(0);

        await Case(confirmed).GetByRole(AriaRole.Button, new() { Name = "Confirm paid" }).ClickAsync();
        await ann.Dialog().GetByLabel("Reference").FillAsync("statement 7");
        await ann.Dialog().GetByLabel("Amount (CNY)").FillAsync("ten");
        await ann.ConfirmAsync("Confirm paid", "seen on the statement");
        await Visitor.SeesAsync(ann.Text("Enter a sum such as 50 or 49.90."));
        await ann.Dialog().GetByLabel("Amount (CNY)").FillAsync("10.00");
        await ann.InDialog("Confirm paid").ClickAsync();
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);
        await shop.UntilAsync(confirmed, "delivered");
    }

    /// <summary>Goods that are handed over by hand, and keys that are replaced.</summary>
    private static async Task OrderDeedsAsync(RunningShop shop, Visitor ann)
    {
        await ShopOperators.AddProductAsync(shop, "BYHAND", "manual");
        var manual = await shop.PlaceAsync("BYHAND");
        await shop.PayAsync(manual);
        await shop.UntilAsync(manual, "paid");
        await ann.GoAsync("order/" + manual.Id, "Order " + manual.Id);
        await Visitor.SeesAsync(ann.Page.Locator(".badge", new() { HasTextString = "by hand" }));
        await ann.Button("Hand over").ClickAsync();
        await ann.Dialog().GetByLabel("What the buyer gets").FillAsync("Your account: " + ConsoleShop.Markup);
        await ann.ConfirmAsync("Hand over", "written by hand");
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);
        await shop.UntilAsync(manual, "delivered");
        Assert.DoesNotContain("Your account", await ann.Page.EvaluateAsync<string>("JSON.stringify(sessionStorage)"), StringComparison.Ordinal);

        var faulty = await ConsoleShop.DeliveredAsync(shop);
        await ann.GoAsync("order/" + faulty.Id, "Order " + faulty.Id);
        await ann.Button("Replace a key").ClickAsync();
        await ann.ConfirmAsync("Replace a key", "it was used already");
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);
        await Visitor.SeesAsync(ann.Text("partners are told cardshop.order.key-replaced.v1").Or(ann.Text("order.replace done")));
    }

    /// <summary>Paid, and its key is gone: it waits for a person, who delivers it when there is another.</summary>
    private static async Task DeliverAsync(RunningShop shop, Visitor ann)
    {
        await shop.AddProductAsync("SCARCE", keys: 1);
        var order = await shop.PlaceAsync("SCARCE");
        await shop.UntilAsync(order, "awaiting-payment");
        await ann.GoAsync("order/" + order.Id, "Order " + order.Id);
        await Assertions.Expect(ann.Button("Confirm paid")).ToBeEnabledAsync();
        Assert.True(await ann.Button("Deliver from stock").IsDisabledAsync());
        Assert.True(await ann.Button("Refund").IsDisabledAsync());
        Assert.Equal(1, await shop.CountAsync(
            "WITH gone AS (DELETE FROM shop.card_keys WHERE sku = 'SCARCE' RETURNING id) SELECT count(*) FROM gone"));
        await shop.PayAsync(order);
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                $"SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE id = '{order.Id}' AND data ->> 'status' = 'review'") == 1,
            "the order waits for a person");
        await shop.ImportAsync("SCARCE", ["SCARCE-secret-another"]);
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE sku = 'SCARCE'") == 1, "another key is there");
        await ann.GoAsync("reviews", "Reviews");
        await Visitor.SeesAsync(ann.Page.Locator("article", new() { HasTextString = order.Id }));
        await ann.GoAsync("order/" + order.Id, "Order " + order.Id);
        await Assertions.Expect(ann.Button("Confirm paid")).ToBeDisabledAsync();
        await ann.Button("Deliver from stock").ClickAsync();
        await ann.ConfirmAsync("Deliver", "the supplier has sent another");
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);
        await shop.UntilAsync(order, "delivered");
        await ann.Button("Refresh").ClickAsync();
        await Assertions.Expect(ann.Button("Deliver from stock")).ToBeDisabledAsync();
    }

    /// <summary>Who is asked may say no: nothing is done then.</summary>
    private async Task RejectAsync(RunningShop shop, Visitor ann)
    {
        var order = await ConsoleShop.DeliveredAsync(shop);
        await ann.GoAsync("order/" + order.Id, "Order " + order.Id);
        await ann.Button("Refund").ClickAsync();
        await ann.ConfirmAsync("Refund", "I would like to");
        await Visitor.SeesAsync(ann.Dialog().GetByText("Waits for approval"));
        await using (var bob = await chromium.VisitAsync(shop, Screen.Phone))
        {
            await bob.LogInAsync(ConsoleShop.Approver, "approvals");
            await bob.Button("Reject").ClickAsync();
            await bob.ConfirmAsync("Reject", "that is no reason");
            await bob.EndsAsync();
        }

        await Visitor.SeesAsync(ann.Dialog().GetByText("bob has rejected it: that is no reason"));
        await ann.InDialog("Close").ClickAsync();
        await shop.UntilAsync(order, "delivered");
    }

    private static async Task AuditAsync(Visitor ann, PlacedOrder order)
    {
        await ann.GoAsync("audit", "Audit");
        await ann.HasDoneAsync("order.refund", "approval.approve", "order.confirm-paid", "order.deliver", "order.replace", "review.decide");
        await Visitor.SeesAsync(ann.Text("the buyer called " + ConsoleShop.Markup));
        var entries = ann.Page.Locator(".audit li");
        await ann.Field("Operator").SelectOptionAsync(ConsoleShop.Viewer);
        await Assertions.Expect(entries).ToHaveCountAsync(1);
        await Assertions.Expect(entries.First).ToContainTextAsync("order.refund");
        await ann.Field("Operator").SelectOptionAsync("");
        await ann.Field("Contains").FillAsync(order.Id);
        await Assertions.Expect(entries.First).ToContainTextAsync(order.Id);
        await ann.PictureAsync("ops-audit");
    }

    /// <summary>A fleet has given a message of the order up.</summary>
    private static async Task ReviewAsync(RunningShop shop, PlacedOrder order)
    {
        await using var connection = await shop.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await PostgresShopStore.ReviewAsync(connection, order.Id, "A message could not be processed", default);
        await transaction.CommitAsync();
    }

    /// <summary>A line with a second point.</summary>
    [GeneratedRegex("L")]
    private static partial Regex Begun();
}
