using System.Net;
using System.Text.Json;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_more_is_ordered_than_there_is(TestServers servers)
{
    [Fact]
    public async Task Exactly_the_stock_is_delivered_and_the_others_hear_that_it_is_sold_out()
    {
        const int Keys = 1_000;
        const int Orders = 2_000;
        await using var shop = await RunningShop.StartAsync(
            servers, new Dictionary<string, string> { ["Sandbox:AutoPay"] = "true" });
        await shop.AddProductAsync("HOT", Keys);
        var accepted = new List<PlacedOrder>();
        var refused = 0;

        await Parallel.ForEachAsync(
            Enumerable.Range(0, Orders), new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (i, _) =>
            {
                using var answer = await shop.PostOrderAsync(
                    $$"""{"sku":"HOT","quantity":1,"contact":"buyer{{i}}@example.org","channel":"alipay"}""");
                var text = await answer.Content.ReadAsStringAsync();
                lock (accepted)
                {
                    if (answer.StatusCode == HttpStatusCode.Accepted)
                    {
                        using var json = JsonDocument.Parse(text);
                        accepted.Add(new(
                            json.RootElement.GetProperty("orderId").GetString()!,
                            json.RootElement.GetProperty("token").GetString()!));
                    }
                    else
                    {
                        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
                        refused++;
                    }
                }
            });

        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                "SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'") == Keys
                && await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga") == accepted.Count,
            () => "all keys are delivered", TimeSpan.FromSeconds(120));
        Assert.Equal(Orders, accepted.Count + refused);
        Assert.Equal(accepted.Count - Keys, await shop.CountAsync(
            "SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE data ->> 'status' = 'sold-out'"));
        Assert.Equal(1, await shop.CountAsync(
            $"""
            SELECT count(*) FROM shop.stock
            WHERE imported = {Keys} AND sold = {Keys} AND available = 0 AND reserved = 0 AND held = 0
            """));
        Assert.Equal(Keys, await shop.CountAsync(
            "SELECT count(DISTINCT order_id) FROM shop.card_keys WHERE status = 'sold'"));
        Assert.Contains(
            (await shop.ShowAsync(accepted[^1])).Body.GetProperty("status").GetString(), new[] { "delivered", "sold-out" });
    }
}
