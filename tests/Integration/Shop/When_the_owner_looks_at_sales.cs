using System.Net;
using System.Text.Json;
using CardShop.Shop.Payments;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>The figures of orders that ended in every way are the same before and after the orders have moved to files.</summary>
public sealed class When_the_owner_looks_at_sales(TestServers servers)
{
    [Fact]
    public async Task Every_end_of_an_order_is_counted_once_and_the_archive_changes_no_figure()
    {
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Archive:Directory"] = servers.NewFolder("archive"),
            ["Housekeeping:Every"] = "00:00:00",
            ["Housekeeping:ArchiveAfterDays"] = "0",
        });
        await shop.AddProductAsync("PAID", keys: 10);
        await shop.AddProductAsync("BRIEF", keys: 2, holdSeconds: 2);
        await shop.AddProductAsync("LAST", keys: 1);
        await EndInEveryWayAsync(shop);
        var admin = new AdminCaller(shop);

        var before = await ReportAsync(admin);
        Assert.Equal(
            "BRIEF 1/0/0 e1 c0 s0 r0 0-0, LAST 2/1/1 e0 c0 s1 r0 1000-0, PAID 4/3/3 e0 c1 s0 r1 4000-1000",
            string.Join(", ", before.GetProperty("days").EnumerateArray().GroupBy(d => d.GetProperty("sku").GetString()).Select(Line)));
        var funnel = before.GetProperty("funnel");
        Assert.Equal(
            (7, 6, 4, 4, 1, 1),
            (Of(funnel, "placed"), Of(funnel, "paymentOpened"), Of(funnel, "paid"), Of(funnel, "delivered"), Of(funnel, "expired"), Of(funnel, "soldOut")));
        Assert.True(funnel.GetProperty("averageDeliverySeconds").GetDouble() < 60);
        Assert.Equal(
            ["alipay 3 3000", "wechat 1 2000"],
            before.GetProperty("channels").EnumerateArray().Select(c => $"{c.GetProperty("channel")} {c.GetProperty("orders")} {c.GetProperty("amount")}"));
        Assert.Empty(before.GetProperty("pending").EnumerateArray());

        Assert.Equal(0, await Shopctl.RunAsync(shop, "housekeeping", "run"));
        Assert.Equal((0, 7), (
            await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga"), await shop.CountAsync("SELECT count(*) FROM shop.archive")));
        var after = await ReportAsync(admin);
        Assert.Equal(before.GetRawText(), after.GetRawText());
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.statistics WHERE NOT archived"));

        await CheckFileAsync(shop, admin);
        Assert.Equal(HttpStatusCode.Unauthorized, (await admin.SendAsync(HttpMethod.Get, "/v1/admin/statistics", null)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.GetAsync("/v1/admin/statistics?from=yesterday", Shopctl.First)).Status);
    }

    private static async Task EndInEveryWayAsync(RunningShop shop)
    {
        var expired = await shop.PlaceAsync("BRIEF");
        var delivered = await shop.PlaceAsync("PAID");
        var wechat = await shop.PlaceAsync("PAID", quantity: 2, channel: "wechat");
        var refunded = await shop.PlaceAsync("PAID");
        var cancelled = await shop.PlaceAsync("PAID");
        foreach (var order in new[] { delivered, wechat, refunded })
        {
            await shop.PayAsync(order);
            await shop.UntilAsync(order, "delivered");
        }

        await shop.DecideAsync(new PaymentMessage.OperatorRefund(
            refunded.Id, new("c1", "ann", DateTimeOffset.UnixEpoch), null, null, "goodwill"));
        await shop.UntilAsync(cancelled, "awaiting-payment");
        using (var cancel = new HttpRequestMessage(HttpMethod.Post, new Uri(shop.Api, $"/v1/orders/{cancelled.Id}/cancel")))
        {
            cancel.Headers.Authorization = new("Bearer", cancelled.Token);
            (await shop.Http.SendAsync(cancel)).EnsureSuccessStatusCode();
        }

        await shop.UntilAsync(refunded, "refunded");
        await shop.UntilAsync(cancelled, "cancelled");
        await shop.UntilAsync(expired, "expired");

        // The API sells the last key twice while nobody tells it better.
        await shop.StopFleetsAsync();
        PlacedOrder[] last = [await shop.PlaceAsync("LAST"), await shop.PlaceAsync("LAST")];
        shop.StartFleets();
        await shop.PayAsync(last[0]);
        await shop.UntilAsync(last[0], "delivered");
        await shop.UntilAsync(last[1], "sold-out");
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.outbox") == 0
                && await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE due IS NOT NULL") == 0
                && await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE due IS NOT NULL") == 0,
            "all seven orders have ended");
    }

    private static async Task CheckFileAsync(RunningShop shop, AdminCaller admin)
    {
        var csv = await admin.GetAsync("/v1/admin/statistics.csv", Shopctl.First);
        Assert.Equal((HttpStatusCode.OK, "text/csv"), (csv.Status, csv.Message.Content.Headers.ContentType?.MediaType));
        Assert.Contains(",LAST,2,1,1,1,0,0,1,0,0,1000,0,", csv.Text, StringComparison.Ordinal);

        var file = Path.Combine(Directory.CreateTempSubdirectory("cardshop-statistics").FullName, "sales.csv");
        Assert.Equal(0, await Shopctl.RunAsync(shop, "statistics", "--csv", file));
        Assert.Equal(0xEF, (await File.ReadAllBytesAsync(file))[0]);
        Assert.Equal(csv.Text.TrimStart('\uFEFF'), (await File.ReadAllTextAsync(file)).TrimStart('\uFEFF'));
        Assert.Equal(0, await Shopctl.RunAsync(shop, "statistics"));
        Assert.Equal(2, await Shopctl.RunAsync(shop, "statistics", "--from", "2030-02-30"));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    private static async Task<JsonElement> ReportAsync(AdminCaller admin)
    {
        var reply = await admin.GetAsync("/v1/admin/statistics", Shopctl.First);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        return reply.Json;
    }

    /// <summary>A product over all days: a test that runs at midnight has two.</summary>
    private static string Line(IGrouping<string?, JsonElement> product)
    {
        long Sum(string name) => product.Sum(d => Of(d, name));
        return $"{product.Key} {Sum("placed")}/{Sum("paid")}/{Sum("delivered")} e{Sum("expired")} c{Sum("cancelled")} s{Sum("soldOut")} " +
            $"r{Sum("refunded")} {Sum("revenue")}-{Sum("refundedAmount")}";
    }

    private static long Of(JsonElement figures, string name) => figures.GetProperty(name).GetInt64();
}
