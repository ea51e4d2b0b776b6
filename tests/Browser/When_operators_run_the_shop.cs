using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Shop.Replay;
using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using RabbitMQ.Client;
using Xunit;

namespace CardShop.Tests.Browser;

/// <summary>The operations console on a whole shop: what has failed, channels, the catalog, replays and figures, every deed by clicking.</summary>
public sealed partial class When_operators_run_the_shop(TestServers servers, Chromium chromium)
{
    [Fact]
    public async Task They_retry_switch_import_replay_and_count_and_the_audit_shows_all_of_it()
    {
        await using var shop = await ConsoleShop.StartAsync(servers);
        await using var ann = await chromium.VisitAsync(shop, Screen.Desktop);
        await ann.LogInAsync(ConsoleShop.Admin);
        await LettersAsync(shop, ann);
        await ChannelsAsync(shop, ann);
        await CatalogAsync(shop, ann);
        await ReplayAsync(shop, ann);
        await ResumeAsync(shop, ann);
        await RefillAsync(shop, ann);
        await FiguresAsync(shop, ann);
        await ann.GoAsync("audit", "Audit");
        await ann.HasDoneAsync(
            "dead-letters.retry", "dead-letters.discard", "channel.switch", "product.add", "keys.import", "replay", "replay.abandon", "recover.work");
        await LeaveAsync(ann);
    }

    private static async Task LettersAsync(RunningShop shop, Visitor ann)
    {
        var order = await ConsoleShop.DeliveredAsync(shop);
        var record = (await shop.RecordsAsync(Topics.Orders)).Single(r => Encoding.UTF8.GetString(r.Value!).Contains(order.Id, StringComparison.Ordinal));
        await LetterAsync(shop, record.Partition.Partition, record.Offset, record.Key, record.Value!, order.Id, "TimeoutException: once");
        await LetterAsync(shop, 0, 999_999, null, "{"u8.ToArray(), null, "JsonException: " + ConsoleShop.Markup);
        await ann.GoAsync("letters", "Dead letters");
        ILocator Letter(string reason) => ann.Page.Locator(".letters li", new() { HasTextString = reason });
        await Visitor.SeesAsync(Letter(ConsoleShop.Markup));
        await Letter("once").GetByText("Details").ClickAsync();
        await Visitor.SeesAsync(Letter("once").GetByText("sku: OPS"));
        await ann.PictureAsync("ops-letters");
        await Letter("once").GetByRole(AriaRole.Checkbox).CheckAsync();
        await ann.Button("Retry selected").ClickAsync();
        await ann.ConfirmAsync("Retry", "the database is back");
        await ann.EndsAsync();
        await Assertions.Expect(ann.Page.Locator(".letters li")).ToHaveCountAsync(1);
        await ann.Page.GetByLabel("Select all 1").CheckAsync();
        await ann.Button("Discard selected").ClickAsync();
        await ann.ConfirmAsync("Discard", "nobody's");
        await ann.EndsAsync();
        await Visitor.SeesAsync(ann.Text("Nothing has failed."));

        await FailedCommandAsync(shop, order.Id);
        await ann.GoAsync("letters/errors", "Dead letters");
        await Visitor.SeesAsync(ann.Text("InvalidOperationException: not today"));
        await ann.PictureAsync("ops-errors");
        await ann.Page.GetByLabel("Select all 1").CheckAsync();
        await ann.Button("Retry selected").ClickAsync();
        await ann.ConfirmAsync("Retry", "today it works");
        await ann.EndsAsync();
        await Visitor.SeesAsync(ann.Text("Nothing has failed."));

        await FailedCommandAsync(shop, order.Id);
        await ann.Button("Refresh").ClickAsync();
        await ann.Page.GetByLabel("Select all 1").CheckAsync();
        await ann.Button("Discard selected").ClickAsync();
        await ann.ConfirmAsync("Discard", "it was delivered long ago");
        await ann.EndsAsync();
        await Visitor.SeesAsync(ann.Text("Nothing has failed."));
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

    /// <summary>A product is added, its keys are dropped on the page, and a buyer gets one.</summary>
    private async Task CatalogAsync(RunningShop shop, Visitor ann)
    {
        await ann.GoAsync("products", "Products");
        await ann.Button("Add product").ClickAsync();
        await Visitor.SeesAsync(ann.Page.GetByRole(AriaRole.Heading, new() { Level = 1, NameString = "New product" }));
        await ann.Field("SKU").FillAsync("FRESH");
        await ann.Field("Price (CNY)").FillAsync("49.90");
        await ann.Page.Locator("form.product button[type=submit]").ClickAsync();
        await Visitor.SeesAsync(ann.Text("Say the name."));
        await ann.Field("Name").FillAsync(ConsoleShop.Markup);
        await ann.Page.Locator("form.product button[type=submit]").ClickAsync();
        await ann.ConfirmAsync("Add product", "new in the shop");
        await ann.EndsAsync();

        await ann.GoAsync("product/FRESH", ConsoleShop.Markup);
        await ann.Page.Locator("#keys-file").SetInputFilesAsync(new FilePayload
        {
            Name = "keys.txt",
            MimeType = "text/plain",
            Buffer = Encoding.UTF8.GetBytes("FRESH-secret-1\nFRESH-secret-2\nFRESH-secret-2\n"),
        });
        await Visitor.SeesAsync(ann.Dialog().GetByText("keys.txt"));
        await ann.ConfirmAsync("Import", "from the supplier");
        await Visitor.SeesAsync(ann.Dialog().Locator(".output", new() { HasTextString = "imported" }));
        await Visitor.SeesAsync(ann.Dialog().GetByText("line 3"));
        await ann.PictureAsync("ops-import");
        await ann.EndsAsync();
        await DropAsync(ann);
        await ann.ConfirmAsync("Import", "and one more");
        await ann.EndsAsync();
        await Eventually.TrueAsync(
            async () => (await shop.ProductsAsync()).TryGetValue("FRESH", out var stock) && stock == 3, "three keys are for sale");
        await ann.Field("Price (CNY)").FillAsync("59.90");
        await ann.Button("Save").ClickAsync();
        await Visitor.SeesAsync(ann.Dialog().GetByText("¥49.90 → ¥59.90"));
        await ann.ConfirmAsync("Save", "the price has risen");
        await ann.EndsAsync();
        await Visitor.SeesAsync(ann.Text("Version 2"));
        await ann.PictureAsync("ops-product");
        await ann.GoAsync("products", "Products");
        await Visitor.SeesAsync(ann.Text(ConsoleShop.Markup));
        await ann.PictureAsync("ops-products");

        await using var buyer = await chromium.VisitAsync(shop, Screen.Phone);
        await buyer.OrderAsync("FRESH");
        await buyer.PayAsync(shop);
        await buyer.SeesStatusAsync("Delivered");
        await Assertions.Expect(buyer.Page.Locator(".keys code")).ToContainTextAsync("FRESH-secret-");
    }

    /// <summary>A file is dragged onto the page.</summary>
    private static async Task DropAsync(Visitor ann)
    {
        var data = await ann.Page.EvaluateHandleAsync(
            """
            () => {
              const data = new DataTransfer();
              data.items.add(new File(["number,secret\n77,FRESH-secret-3\n"], "more.csv", { type: "text/csv" }));
              return data;
            }
            """);
        await ann.Page.Locator(".drop").DispatchEventAsync("drop", new Dictionary<string, object> { ["dataTransfer"] = data });
        await Visitor.SeesAsync(ann.Dialog().GetByText("more.csv"));
        Assert.Equal("csv", await ann.Dialog().GetByLabel("Format").InputValueAsync());
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
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);
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
                    ends.ToDictionary(e => e.Key, _ => 0L), ends, ReplayReport.Empty, ConsoleShop.Admin, DateTimeOffset.UtcNow),
                default);
        }

        await ann.GoAsync("replay", "Replay");
        ILocator Row(string id) => ann.Page.Locator("tr", new() { HasTextString = id });
        await Row("0123abcd").First.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await ann.ConfirmAsync("Resume", "it was stopped");
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);
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
        await ann.IsApprovedAsync(shop, ConsoleShop.Approver);

        await ConsoleShop.DeliveredAsync(shop);
    }

    /// <summary>Today's figures as the server counts them, then a month that was made up.</summary>
    private static async Task FiguresAsync(RunningShop shop, Visitor ann)
    {
        const string Report =
            """
            {"days":[
              {"day":"2030-01-01","sku":"OPS","placed":9,"paid":6,"delivered":5,"expired":2,"refused":0,"soldOut":1,"cancelled":0,
               "refunded":1,"revenue":6000,"refundedAmount":1000,"averageDeliverySeconds":1.5},
              {"day":"2030-01-02","sku":"OPS","placed":1,"paid":1,"delivered":1,"expired":0,"refused":0,"soldOut":0,"cancelled":0,
               "refunded":0,"revenue":1000,"refundedAmount":0}],
             "channels":[{"channel":"alipay","orders":5,"amount":5000},{"channel":"wechat","orders":2,"amount":2000}],
             "funnel":{"placed":10,"paymentOpened":8,"paid":7,"delivered":6,"expired":2,"refused":0,"soldOut":1,"cancelled":0,
               "refunded":1,"revenue":7000,"refundedAmount":1000,"averageDeliverySeconds":1.5},
             "pending":[],"zone":"Asia/Shanghai"}
            """;
        // Today is counted once a minute, and was when the shop was empty: as if that minute had passed.
        await shop.CountAsync("WITH gone AS (DELETE FROM shop.statistics_days RETURNING 1) SELECT count(*) FROM gone");
        await ann.GoAsync("statistics", "Statistics");
        await Assertions.Expect(ann.Page.Locator(".tile", new() { HasTextString = "Placed" }).First).ToContainTextAsync(Some());
        var real = await ann.Page.RunAndWaitForDownloadAsync(() => ann.Button("Download CSV").ClickAsync());
        Assert.Contains(",OPS,", await File.ReadAllTextAsync((await real.PathAsync())!), StringComparison.Ordinal);
        await ann.GoAsync("audit", "Audit");
        await ann.Page.RouteAsync(
            "**/v1/admin/statistics?*", route => route.FulfillAsync(new() { ContentType = "application/json", Body = Report }));
        await ann.Page.RouteAsync(
            "**/v1/admin/statistics.csv?*", route => route.FulfillAsync(new() { ContentType = "text/csv", Body = "day,sku\n" }));
        await ann.GoAsync("statistics", "Statistics");
        await Assertions.Expect(ann.Page.Locator(".tile", new() { HasTextString = "Revenue" })).ToContainTextAsync("¥70.00");
        await Assertions.Expect(ann.Page.Locator(".tile", new() { HasTextString = "Paid of placed" })).ToContainTextAsync("70 %");
        await Visitor.SeesAsync(ann.Text("5 · 71.4 % · ¥50.00"));
        await Assertions.Expect(ann.Page.Locator("rect.bar title")).ToHaveCountAsync(4);
        await ann.PictureAsync("ops-statistics");
        var file = await ann.Page.RunAndWaitForDownloadAsync(() => ann.Button("Download CSV").ClickAsync());
        Assert.Equal("day,sku\n", await File.ReadAllTextAsync((await file.PathAsync())!));
    }

    private static async Task LeaveAsync(Visitor ann)
    {
        await ann.Button("中文").ClickAsync();
        await Visitor.SeesAsync(ann.Heading("审计"));
        await ann.GoAsync("overview", "概览");
        await Visitor.SeesAsync(ann.Page.Locator(".chart .dot"));
        await ann.PictureAsync("ops-overview-zh");
        await ann.Button("退出").ClickAsync();
        await Visitor.SeesAsync(ann.Text("已退出。"));
        await ann.Page.ReloadAsync();
        await Visitor.SeesAsync(ann.Heading("登录运营控制台"));
    }

    private static Task LetterAsync(
        RunningShop shop, int partition, long offset, string? key, byte[] body, string? orderId, string reason) => shop.Log.ProduceAsync(
        new(
            Topics.DeadLetters.Name, Topics.DeadLetters.PartitionOf(Topics.Orders.Name), Encoding.UTF8.GetBytes(Topics.Orders.Name),
            JsonSerializer.SerializeToUtf8Bytes(
                new(Topics.Orders.Name, partition, offset, key, MessageTypes.OrderPlaced, reason, orderId, DateTimeOffset.UtcNow, body),
                ContractsJson.Default.DeadLetter),
            [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.DeadLetter))]),
        default);

    private static async Task FailedCommandAsync(RunningShop shop, string orderId)
    {
        await using var bus = new RabbitBus(
            new(new(shop.Settings["RabbitMq:Uri"]), "test", 100, TimeSpan.FromSeconds(10)), TimeProvider.System, new Random(),
            TestLogs.Factory.CreateLogger<RabbitBus>());
        var properties = new BasicProperties
        {
            MessageId = "m-" + orderId,
            Type = "CardShop.Contracts.DeliverOrder",
            Headers = new Dictionary<string, object?> { [NServiceBusHeaders.ConversationId] = orderId },
        };
        var body = JsonSerializer.SerializeToUtf8Bytes(new DeliverOrder(orderId, 1), CommandsJson.Default.DeliverOrder);
        await bus.SendToErrorAsync(
            new(Queues.Delivery, "m-" + orderId, properties.Type, orderId, 0, 3, body, properties, new Unsettled()),
            new InvalidOperationException("not today"), default);
    }

    private sealed class Unsettled : IDeliverySettlement
    {
        public ValueTask AckAsync() => ValueTask.CompletedTask;
    }

    [GeneratedRegex(@"Placed\s*[1-9]")]
    private static partial Regex Some();
}
