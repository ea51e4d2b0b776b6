using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Shop.Store;
using CardShop.Tests.Integration;
using CardShop.Tests.Integration.Shop;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using RabbitMQ.Client;
using Xunit;
using ShopOperators = CardShop.Tests.Integration.Shop.Shopctl;

namespace CardShop.Tests.Browser;

/// <summary>Deeds about orders, failed messages and the catalog.</summary>
public sealed partial class When_operators_use_the_console
{
    private static async Task ReviewsAsync(RunningShop shop, Visitor ann)
    {
        var dismissed = await DeliveredAsync(shop);
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
        await ann.IsApprovedAsync(shop, Approver);
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
        await ann.Dialog().GetByLabel("What the buyer gets").FillAsync("Your account: " + Markup);
        await ann.ConfirmAsync("Hand over", "written by hand");
        await ann.IsApprovedAsync(shop, Approver);
        await shop.UntilAsync(manual, "delivered");
        Assert.DoesNotContain("Your account", await ann.Page.EvaluateAsync<string>("JSON.stringify(sessionStorage)"), StringComparison.Ordinal);

        var faulty = await DeliveredAsync(shop);
        await ann.GoAsync("order/" + faulty.Id, "Order " + faulty.Id);
        await ann.Button("Replace a key").ClickAsync();
        await ann.ConfirmAsync("Replace a key", "it was used already");
        await ann.IsApprovedAsync(shop, Approver);
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
        await ann.IsApprovedAsync(shop, Approver);
        await shop.UntilAsync(order, "delivered");
        await ann.Button("Refresh").ClickAsync();
        await Assertions.Expect(ann.Button("Deliver from stock")).ToBeDisabledAsync();
    }

    private static async Task LettersAsync(RunningShop shop, Visitor ann)
    {
        var order = await DeliveredAsync(shop);
        var record = (await shop.RecordsAsync(Topics.Orders)).Single(r => Encoding.UTF8.GetString(r.Value!).Contains(order.Id, StringComparison.Ordinal));
        await LetterAsync(shop, record.Partition.Partition, record.Offset, record.Key, record.Value!, order.Id, "TimeoutException: once");
        await LetterAsync(shop, 0, 999_999, null, "{"u8.ToArray(), null, "JsonException: " + Markup);
        await ann.GoAsync("letters", "Dead letters");
        ILocator Letter(string reason) => ann.Page.Locator(".letters li", new() { HasTextString = reason });
        await Visitor.SeesAsync(Letter(Markup));
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
        await ann.Field("Name").FillAsync(Markup);
        await ann.Page.Locator("form.product button[type=submit]").ClickAsync();
        await ann.ConfirmAsync("Add product", "new in the shop");
        await ann.EndsAsync();

        await ann.GoAsync("product/FRESH", Markup);
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
        await Visitor.SeesAsync(ann.Text(Markup));
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

    /// <summary>Today's figures as the server counts them, then a month that was made up.</summary>
    private static async Task FiguresAsync(Visitor ann)
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

    /// <summary>A fleet has given a message of the order up.</summary>
    private static async Task ReviewAsync(RunningShop shop, PlacedOrder order)
    {
        await using var connection = await shop.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await PostgresShopStore.ReviewAsync(connection, order.Id, "A message could not be processed", default);
        await transaction.CommitAsync();
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
}
