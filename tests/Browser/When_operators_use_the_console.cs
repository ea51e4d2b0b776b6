using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Local.Parts;
using CardShop.Shop.Operators;
using CardShop.Shop.Replay;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;
using ShopOperators = CardShop.Tests.Integration.Shop.Shopctl;

namespace CardShop.Tests.Browser;

/// <summary>The operations console on a whole shop: every deed by clicking, with what has to be there first made by the shop itself.</summary>
public sealed partial class When_operators_use_the_console(TestServers servers, Chromium chromium)
{
    private const string Admin = "ann";
    private const string Approver = "bob";
    private const string Viewer = "vic";
    private const string Markup = "<img src=x onerror=alert(1)>";

    [Fact]
    public async Task They_log_in_look_act_and_approve_and_the_audit_shows_all_of_it()
    {
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Console:Shopctl"] = DotnetProgram.Find("CardShop.Shopctl"),
            ["Operators:RefundLimit"] = "500",
        });
        ShopOperators.MakeOperator(shop.Setting("Secrets:Directory")!, Viewer, OperatorRole.Viewer);
        await shop.AddProductAsync("OPS", keys: 30);
        var order = await DeliveredAsync(shop);

        await DenyAsync(shop, order);
        await using var ann = await chromium.VisitAsync(shop, Screen.Desktop);
        var asked = false;
        ann.Page.Dialog += (_, dialog) =>
        {
            asked = true;
            _ = dialog.DismissAsync();
        };
        await EnterAsync(ann);
        await OverviewAsync(ann);
        await RefundAsync(shop, ann, order);
        await ReviewsAsync(shop, ann);
        await OrderDeedsAsync(shop, ann);
        await DeliverAsync(shop, ann);
        await LettersAsync(shop, ann);
        await ChannelsAsync(shop, ann);
        await CatalogAsync(shop, ann);
        await ReplayAsync(shop, ann);
        await ResumeAsync(shop, ann);
        await AuditAsync(ann, order);
        await RejectAsync(shop, ann);
        await RefillAsync(shop, ann);
        await FiguresAsync(ann);
        await LeaveAsync(ann);
        Assert.False(asked);
    }

    private static async Task<PlacedOrder> DeliveredAsync(RunningShop shop)
    {
        var order = await shop.PlaceAsync("OPS", contact: Markup + "@example.org");
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        return order;
    }

    /// <summary>Who may only look sees why, and the server decides all the same.</summary>
    private async Task DenyAsync(RunningShop shop, PlacedOrder order)
    {
        await using var vic = await chromium.VisitAsync(shop, Screen.Phone);
        await vic.LogInAsync(Viewer, "order/" + order.Id);
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
        await ann.Field("Operator key").FillAsync(ShopOperators.KeyOf(Admin));
        await ann.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(ann.Text("No order waits for a review."));

        // The session is lost, the place is not.
        await ann.Page.Context.ClearCookiesAsync();
        await ann.Page.EvaluateAsync("document.querySelector('.head.view button')?.click()"); // or the next look at the shop has told it
        await Visitor.SeesAsync(ann.Text("Your session has ended."));
        await ann.Field("Operator key").FillAsync(ShopOperators.KeyOf(Admin));
        await ann.Page.Keyboard.PressAsync("Enter");
        await Visitor.SeesAsync(ann.Text("No order waits for a review."));
        Assert.Equal("", await ann.Page.EvaluateAsync<string>("document.cookie"));
    }

    private static async Task OverviewAsync(Visitor ann)
    {
        await ann.GoAsync("overview", "Overview");
        await Visitor.SeesAsync(ann.Page.Locator(".verdict.good"));
        await Assertions.Expect(ann.Page.Locator(".chart .line")).ToHaveCountAsync(7);
        // An order was delivered before: its time is known, and the lines have begun.
        await Assertions.Expect(ann.Page.Locator(".chart .key.d .number")).Not.ToHaveTextAsync("–");
        await Assertions.Expect(ann.Page.Locator(".chart .line.a").First).ToHaveAttributeAsync("d", Begun(), new() { Timeout = 20_000 });
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
        await ann.ConfirmAsync("Refund", "the buyer called " + Markup);
        await Visitor.SeesAsync(ann.Dialog().GetByText("Waits for approval"));
        var id = await ann.Dialog().Locator(".state code").InnerTextAsync();
        await ann.InDialog("Close").ClickAsync();
        await Visitor.SeesAsync(ann.Page.Locator("#hand .work.waiting"));

        await using (var bob = await chromium.VisitAsync(shop, Screen.Dark))
        {
            await bob.LogInAsync(Approver, "approvals");
            await Visitor.SeesAsync(bob.Text(id));
            await Visitor.SeesAsync(bob.Text("the buyer called " + Markup));
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

    private async Task ChannelsAsync(RunningShop shop, Visitor ann)
    {
        await ann.GoAsync("channels", "Channels");
        var card = ann.Page.Locator("article", new() { HasTextString = "UnionPay" });
        await Visitor.SeesAsync(card.GetByText("Offered to buyers."));
        await card.GetByRole(AriaRole.Button, new() { Name = "Switch off" }).ClickAsync();
        await ann.ConfirmAsync("Switch off", "their notice");
        await ann.EndsAsync();
        await Visitor.SeesAsync(card.GetByText("Not offered to buyers."));
        await ann.PictureAsync("ops-channels");
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/OPS");
        await Visitor.SeesAsync(buyer.Text("UnionPay (not available now)"));
        Assert.True(await buyer.Page.Locator("#channel-unionpay").IsDisabledAsync());

        await card.GetByRole(AriaRole.Button, new() { Name = "Switch on" }).ClickAsync();
        await ann.ConfirmAsync("Switch on", "it is over");
        await ann.EndsAsync();
        await Visitor.SeesAsync(card.GetByText("Offered to buyers."));
        await buyer.Page.ReloadAsync();
        await Assertions.Expect(buyer.Page.Locator("#channel-unionpay")).ToBeEnabledAsync();
    }

    private static async Task ReplayAsync(RunningShop shop, Visitor ann)
    {
        await ann.GoAsync("replay", "Replay");
        await Visitor.SeesAsync(ann.Text("No replay is unfinished."));
        await ann.Field("From").FillAsync("yesterday");
        await ann.Button("Make a plan").ClickAsync();
        await Visitor.SeesAsync(ann.Page.Locator(".error", new() { HasTextString = "An offset" }));
        await ann.Field("From").FillAsync("0");
        await ann.Button("Make a plan").ClickAsync();
        await Visitor.SeesAsync(ann.Text("The plan is made; nothing was changed."));
        await Assertions.Expect(ann.Page.Locator(".plan .output")).ToContainTextAsync("distinct orders");
        await ann.PictureAsync("ops-replay");
        await ann.Button("Run the replay").ClickAsync();
        await ann.ConfirmAsync("Run the replay", "to be sure");
        await ann.IsApprovedAsync(shop, Approver);
        await Visitor.SeesAsync(ann.Text("No replay is unfinished."));

        await ann.GoAsync("replay/recover", "Replay");
        await ann.Button("Make a plan").ClickAsync();
        await Visitor.SeesAsync(ann.Page.Locator(".output", new() { HasTextString = "Nothing to recover" }));
        await ann.PictureAsync("ops-recover");
    }

    /// <summary>Two replays that were stopped: one goes on, the other is forgotten.</summary>
    private static async Task ResumeAsync(RunningShop shop, Visitor ann)
    {
        var ends = await shop.Log.EndsAsync([Topics.Orders], default);
        var store = new ReplayStore(shop.Database);
        foreach (var id in new[] { "0123abcd", "fedc9876" })
        {
            await store.CreateAsync(
                new(id, ReplayTopic.All.Single(t => t.Topic == Topics.Orders), $"shop.orders.v1 {id}", ReplayFilter.None,
                    ends.ToDictionary(e => e.Key, _ => 0L), ends, ReplayReport.Empty, Admin, DateTimeOffset.UtcNow),
                default);
        }

        await ann.GoAsync("replay", "Replay");
        ILocator Row(string id) => ann.Page.Locator("tr", new() { HasTextString = id });
        await Row("0123abcd").First.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await ann.ConfirmAsync("Resume", "it was stopped");
        await ann.IsApprovedAsync(shop, Approver);
        await Assertions.Expect(Row("0123abcd")).ToHaveCountAsync(0);
        await Row("fedc9876").First.GetByRole(AriaRole.Button, new() { Name = "Abandon" }).ClickAsync();
        await ann.ConfirmAsync("Abandon", "asked for by mistake");
        await ann.EndsAsync();
        await Visitor.SeesAsync(ann.Text("No replay is unfinished."));
    }

    /// <summary>As if RabbitMQ had been lost; orders go on after it.</summary>
    private static async Task RefillAsync(RunningShop shop, Visitor ann)
    {
        await ann.GoAsync("replay/recover", "Replay");
        await ann.Button("Refill the queues").ClickAsync();
        await ann.ConfirmAsync("Refill the queues", "to be sure");
        await ann.IsApprovedAsync(shop, Approver);

        await DeliveredAsync(shop);
    }

    /// <summary>Who is asked may say no: nothing is done then.</summary>
    private async Task RejectAsync(RunningShop shop, Visitor ann)
    {
        var order = await DeliveredAsync(shop);
        await ann.GoAsync("order/" + order.Id, "Order " + order.Id);
        await ann.Button("Refund").ClickAsync();
        await ann.ConfirmAsync("Refund", "I would like to");
        await Visitor.SeesAsync(ann.Dialog().GetByText("Waits for approval"));
        await using (var bob = await chromium.VisitAsync(shop, Screen.Phone))
        {
            await bob.LogInAsync(Approver, "approvals");
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
        var entries = ann.Page.Locator(".audit li");
        foreach (var (action, outcome) in new[]
        {
            ("order.refund", "done"), ("approval.approve", "done"), ("channel.switch", "done"), ("dead-letters.retry", "done"),
            ("keys.import", "done"), ("product.add", "done"), ("replay", "done"), ("review.decide", "done"),
        })
        {
            await Visitor.SeesAsync(entries.Filter(new() { Has = ann.Page.GetByText(action, new() { Exact = true }) })
                .Filter(new() { Has = ann.Page.Locator(".badge", new() { HasTextString = outcome }) }));
        }

        await Visitor.SeesAsync(ann.Text("the buyer called " + Markup));
        await ann.Field("Operator").SelectOptionAsync(Viewer);
        await Assertions.Expect(entries).ToHaveCountAsync(1);
        await Assertions.Expect(entries.First).ToContainTextAsync("order.refund");
        await ann.Field("Operator").SelectOptionAsync("");
        await ann.Field("Contains").FillAsync(order.Id);
        await Assertions.Expect(entries.First).ToContainTextAsync(order.Id);
        await ann.PictureAsync("ops-audit");
    }

    private static async Task LeaveAsync(Visitor ann)
    {
        await ann.Button("中文").ClickAsync();
        await Visitor.SeesAsync(ann.Heading("统计"));
        await ann.GoAsync("overview", "概览");
        await Visitor.SeesAsync(ann.Page.Locator(".chart .dot"));
        await ann.PictureAsync("ops-overview-zh");
        await ann.Button("退出").ClickAsync();
        await Visitor.SeesAsync(ann.Text("已退出。"));
        await ann.Page.ReloadAsync();
        await Visitor.SeesAsync(ann.Heading("登录运营控制台"));
    }

    /// <summary>A line with a second point.</summary>
    [GeneratedRegex("L")]
    private static partial Regex Begun();

    [GeneratedRegex(@"Placed\s*[1-9]")]
    private static partial Regex Some();
}
