using System.Text.Json;
using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Playwright;
using Xunit;

namespace CardShop.Tests.Browser;

public sealed class When_a_buyers_connection_breaks(TestServers servers, Chromium chromium)
{
    private const string Orders = "SELECT count(*) FROM shop.mt_doc_paymentsaga";

    [Fact]
    public async Task One_wish_is_one_order_and_an_open_page_goes_on_by_itself()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("ONE", keys: 50);
        await shop.AddProductAsync("LAST", keys: 1);
        await DoubleClickAsync(shop);
        await LostAnswerAsync(shop);
        await LastPieceAsync(shop);
        await BackAsync(shop);
        await BusyAsync(shop);
        await RestartAsync(shop);
        await AwayAsync(shop);
        await DegradedAsync(shop);
    }

    [Fact]
    public async Task A_channel_that_is_down_is_not_offered_and_an_order_that_waits_for_it_can_be_paid_another_way()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("OVER", keys: 50);
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/OVER");
        using var body = new StringContent(
            """{"kind":"status","channel":"alipay","times":100000}""", System.Text.Encoding.UTF8, "application/json");
        using var faulted = await shop.Http.PostAsync(new Uri(shop.Sandbox, "/control/faults"), body);
        Assert.True(faulted.IsSuccessStatusCode);
        await buyer.FillAsync(1, "ann@example.org");
        await buyer.Button("Place order").ClickAsync();
        await buyer.PlacedAsync();
        await Visitor.SeesAsync(buyer.Text("The payment provider takes long to answer."));
        await Visitor.SeesAsync(buyer.Page.Locator("#other-channel option[value=wechat]").First.Locator(".."));
        await buyer.PictureAsync("order-silent-provider");
        await buyer.Page.Locator("#other-channel").SelectOptionAsync("wechat");
        await buyer.Button("Change").ClickAsync();
        await buyer.SeesStatusAsync("Waiting for payment");
        await Visitor.SeesAsync(buyer.Text("Open the page of WeChat Pay"));
        await buyer.PayAsync(shop);
        await buyer.SeesStatusAsync("Delivered");

        for (var i = 0; i < 20; i++)
        {
            using var more = await shop.PostOrderAsync("""{"sku":"OVER","quantity":1,"contact":"bob@example.org","channel":"alipay"}""");
        }

        await buyer.OpenAsync("/p/OVER");
        await Visitor.SeesAsync(buyer.Text("Alipay (not available now)"));
        Assert.True(await buyer.Page.Locator("#channel-alipay").IsDisabledAsync());
        Assert.True(await buyer.Page.Locator("#channel-wechat").IsCheckedAsync());
    }

    private async Task DoubleClickAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Desktop);
        await buyer.OpenAsync("/p/ONE");
        await buyer.FillAsync(1, "twice@example.org");
        await buyer.Button("Place order").DblClickAsync();
        var order = await buyer.PlacedAsync();
        await shop.UntilAsync(order, "awaiting-payment");
        Assert.Equal(1, await shop.CountAsync(Orders));
    }

    /// <summary>The order is taken, its answer is lost, the page is loaded again, the same wish is sent again: one order.</summary>
    private async Task LostAnswerAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Desktop);
        await buyer.OpenAsync("/p/ONE");
        var lose = true;
        await buyer.Page.RouteAsync("**/v1/orders", async route =>
        {
            if (lose)
            {
                await route.FetchAsync();
                await route.AbortAsync();
            }
            else
            {
                await route.ContinueAsync();
            }
        });
        await buyer.FillAsync(1, "lost@example.org");
        await buyer.Button("Place order").ClickAsync();
        await Visitor.SeesAsync(buyer.Text("The shop was not reached. Your order may have been taken"));
        lose = false;
        await buyer.Page.ReloadAsync();
        await buyer.FillAsync(1, "lost@example.org");
        await buyer.Button("Place order").ClickAsync();
        var order = await buyer.PlacedAsync();
        await shop.UntilAsync(order, "awaiting-payment");
        Assert.Equal(2, await shop.CountAsync(Orders));
        // Another wish is another order.
        await buyer.OrderAsync("ONE", contact: "lost@example.org");
        await Eventually.TrueAsync(async () => await shop.CountAsync(Orders) == 3, "the next order is another one");
    }

    /// <summary>The order took the last piece, its answer is lost, and another instance, which does not know it, refuses its repetition.</summary>
    private async Task LastPieceAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Desktop);
        await buyer.OpenAsync("/p/LAST");
        JsonElement taken = default;
        await buyer.Page.RouteAsync("**/v1/orders", async route =>
        {
            if (taken.ValueKind == JsonValueKind.Undefined)
            {
                taken = (await (await route.FetchAsync()).JsonAsync()).GetValueOrDefault();
                await route.AbortAsync();
                return;
            }

            await route.FulfillAsync(new()
            {
                Status = 409,
                ContentType = "application/problem+json",
                Body = JsonSerializer.Serialize(new
                {
                    title = "Sold out",
                    orderId = taken.GetProperty("orderId").GetString(),
                    token = taken.GetProperty("token").GetString(),
                }),
            });
        });
        await buyer.FillAsync(1, "last@example.org");
        await buyer.Button("Place order").ClickAsync();
        var placed = await buyer.PlacedAsync();
        Assert.Equal(taken.GetProperty("orderId").GetString(), placed.Id);
        await buyer.SeesStatusAsync("Waiting for payment");
    }

    /// <summary>The browser shows the form as it was left, with an order under way: it can be used.</summary>
    private async Task BackAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/ONE");
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await buyer.Page.RouteAsync("**/v1/orders", _ =>
        {
            asked.TrySetResult();
            return Task.CompletedTask;
        });
        await buyer.FillAsync(1, "back@example.org");
        await buyer.Button("Place order").ClickAsync();
        await asked.Task.WaitAsync(Visitor.Patience);
        Assert.True(await buyer.Button("Placing the order…").IsDisabledAsync());
        await buyer.Page.EvaluateAsync("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
        await Assertions.Expect(buyer.Button("Place order")).ToBeEnabledAsync();
    }

    /// <summary>The shop cannot look the order up for a while: what is needed to pay stays on the page.</summary>
    private async Task DegradedAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        var order = await buyer.OrderAsync("ONE");
        await buyer.SeesStatusAsync("Waiting for payment");
        await Visitor.SeesAsync(buyer.Page.Locator(".pay img.qr"));
        var view = $$"""{"orderId":"{{order.Id}}","sku":"ONE","status":"queued","degraded":true}""";
        await buyer.Page.RouteAsync(
            "**/v1/orders/*/events",
            route => route.FulfillAsync(new() { ContentType = "text/event-stream", Body = $"event: order\ndata: {view}\n\n" }));
        await buyer.Page.EvaluateAsync("dispatchEvent(new Event('online'))");
        await Visitor.SeesAsync(buyer.Text("The newest state cannot be shown at this moment."));
        await buyer.SeesStatusAsync("Waiting for payment");
        Assert.True(await buyer.Page.Locator(".pay img.qr").IsVisibleAsync());
        await buyer.Page.UnrouteAsync("**/v1/orders/*/events");
        await shop.PayAsync(order);
        await buyer.SeesStatusAsync("Delivered");
    }

    /// <summary>The log does not answer in time, twice: the page asks again by itself.</summary>
    private async Task BusyAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OpenAsync("/p/ONE");
        var left = 2;
        await buyer.Page.RouteAsync("**/v1/orders", route => Interlocked.Decrement(ref left) >= 0
            ? route.FulfillAsync(new() { Status = 503, Headers = [new("Retry-After", "1")], Body = "" })
            : route.ContinueAsync());
        await buyer.FillAsync(1, "busy@example.org");
        await buyer.Button("Place order").ClickAsync();
        await Visitor.SeesAsync(buyer.Button("The shop is busy, trying again…"));
        var order = await buyer.PlacedAsync();
        await shop.UntilAsync(order, "awaiting-payment");
        var keys = buyer.Requests.Where(r => r.Method == "POST").Select(r => r.Headers["idempotency-key"]).ToList();
        Assert.Equal(3, keys.Count);
        Assert.Single(keys.Distinct());
    }

    private async Task RestartAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        var order = await buyer.OrderAsync("ONE");
        await buyer.SeesStatusAsync("Waiting for payment");
        await shop.StopApiAsync();
        await Visitor.SeesAsync(buyer.Text("Connecting again. Your order is safe"));
        await buyer.PictureAsync("order-reconnecting");
        await shop.StartApiAsync();
        await Assertions.Expect(buyer.Text("Connecting again.")).ToBeHiddenAsync();
        await shop.PayAsync(order);
        await buyer.SeesStatusAsync("Delivered");
    }

    /// <summary>No network, as in a tunnel; then it is back.</summary>
    private async Task AwayAsync(RunningShop shop)
    {
        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        var order = await buyer.OrderAsync("ONE");
        await buyer.SeesStatusAsync("Waiting for payment");
        await buyer.Page.Context.SetOfflineAsync(true);
        await Visitor.SeesAsync(buyer.Text("You are offline. Your order is safe"));
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        await buyer.Page.Context.SetOfflineAsync(false);
        await buyer.SeesStatusAsync("Delivered");
    }
}
