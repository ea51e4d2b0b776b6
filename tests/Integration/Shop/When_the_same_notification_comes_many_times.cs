using System.Net;
using CardShop.Contracts;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>Invariant 8: repeats change nothing, and each is answered with success.</summary>
public sealed class When_the_same_notification_comes_many_times(TestServers servers)
{
    [Fact]
    public async Task One_delivery_follows_and_every_repeat_is_answered_with_success()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("ONCE", keys: 60);
        var order = await shop.PlaceAsync("ONCE");
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        var first = Assert.Single(await shop.RecordsAsync(Topics.PaymentNotifications), r => r.Key == order.Id);
        var body = System.Text.Json.JsonSerializer.Deserialize(
            first.Value, ContractsJson.Default.PaymentNotification)!.RawBody;

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PostAsync(shop, body)));

        Assert.All(answers, a => Assert.Equal((HttpStatusCode.OK, "success"), a));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                "SELECT coalesce(sum(next_offset), 0) FROM shop.progress WHERE grp = 'payments'") == 51,
            "all fifty repeats are processed");
        Assert.Equal(1, await shop.CountAsync("SELECT count(*) FROM shop.card_keys WHERE status = 'sold'"));
        Assert.Equal(1, await shop.CountAsync(
            "SELECT jsonb_array_length(data -> 'payments') FROM shop.mt_doc_paymentsaga"));
        Assert.Single(await shop.RecordsAsync(Topics.Deliveries));
    }

    [Fact]
    public async Task A_changed_one_is_refused_and_not_recorded()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("FORGED", keys: 5);
        var order = await shop.PlaceAsync("FORGED");
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        var first = Assert.Single(await shop.RecordsAsync(Topics.PaymentNotifications));
        var body = System.Text.Json.JsonSerializer.Deserialize(
            first.Value, ContractsJson.Default.PaymentNotification)!.RawBody;
        var other = await shop.PlaceAsync("FORGED");
        var forged = System.Text.Encoding.UTF8.GetString(body).Replace(order.Id, other.Id, StringComparison.Ordinal);

        var answer = await PostAsync(shop, System.Text.Encoding.UTF8.GetBytes(forged));
        var nothing = await PostAsync(shop, "a=b"u8.ToArray());

        Assert.Equal((HttpStatusCode.BadRequest, "failure"), answer);
        Assert.Equal((HttpStatusCode.BadRequest, "failure"), nothing);
        Assert.Single(await shop.RecordsAsync(Topics.PaymentNotifications));
    }

    private static async Task<(HttpStatusCode Status, string Text)> PostAsync(RunningShop shop, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/x-www-form-urlencoded");
        using var answer = await shop.Http.PostAsync(new Uri(shop.Api, "/v1/payments/alipay/notify"), content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
