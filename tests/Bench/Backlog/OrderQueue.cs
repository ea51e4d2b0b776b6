using CardShop.Shop.Orders;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Backlog;

/// <summary>Fills the orders topic: most orders directly, one of many as a buyer does.</summary>
internal sealed class OrderQueue(ShopServers servers, OrderFeed feed, HttpClient http)
{
    private readonly OrderTokens _tokens = new(servers.Secrets.Tokens, servers.Secrets.CurrentToken);
    private int _buyers;

    public OrderFeed Feed => feed;

    public HttpClient Http => http;

    /// <param name="count">Orders, those over HTTP among them.</param>
    /// <param name="perPage">One of so many is placed over HTTP.</param>
    public async Task<QueuedOrders> FillAsync(int count, int perPage, CancellationToken cancellation)
    {
        var (ids, skus, pages) = (new List<string>(count), new List<string>(count), new List<OrderPage>());
        while (ids.Count < count)
        {
            var sku = feed.Sku(_buyers);
            var (url, token) = await OnSale.BuyAsync(http, sku, _buyers++, cancellation);
            var id = url[(url.LastIndexOf('/') + 1)..];
            var place = _tokens.Verify(id, token) ?? throw new BenchFailedException($"The token of {id} is not one of this shop.");
            pages.Add(new(url, token, place.Partition, place.Offset));
            ids.Add(id);
            skus.Add(sku);

            var orders = feed.Make(Math.Min(perPage - 1, count - ids.Count));
            await feed.QueueAsync(orders, cancellation);
            ids.AddRange(orders.Select(o => o.OrderId));
            skus.AddRange(orders.Select(o => o.Sku));
        }

        return new(ids, skus, pages);
    }
}
