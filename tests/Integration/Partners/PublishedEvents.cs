using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Tests.Integration.Shop;

namespace CardShop.Tests.Integration.Partners;

/// <summary>Events as the outbox publishes them, without the orders behind them.</summary>
internal static class PublishedEvents
{
    /// <summary>An order id of its own for every number.</summary>
    public static string OrderOf(int number)
    {
        var bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, number);
        return OrderIds.Fresh('a', bytes);
    }

    /// <summary>For each order a delivery, and after all of them a refund of each.</summary>
    public static async Task AppendAsync(RunningShop shop, string sku, int firstOrder, int orders, DateTimeOffset? at = null)
    {
        var time = at ?? DateTimeOffset.UtcNow;
        foreach (var refund in new[] { false, true })
        {
            var records = Enumerable.Range(firstOrder, orders).Select(n => Record(sku, OrderOf(n), refund, time)).ToList();
            foreach (var chunk in records.Chunk(2_000))
            {
                if (await shop.Log.ProduceAllAsync(chunk, CancellationToken.None) is { Count: > 0 } failures)
                {
                    throw new InvalidOperationException(failures[0].Reason);
                }
            }
        }
    }

    /// <summary>The fleet has given so many events to the webhooks that were to get them.</summary>
    public static Task ReadAsync(RunningShop shop, int events) => Eventually.TrueAsync(
        async () => await shop.CountAsync(
            "SELECT COALESCE(sum(next_offset), 0) FROM shop.progress WHERE grp = 'notifications' AND topic = 'shop.deliveries.v1'") == events,
        "the fleet has read the events");

    private static LogRecord Record(string sku, string order, bool refund, DateTimeOffset time)
    {
        var body = refund
            ? JsonSerializer.SerializeToUtf8Bytes(
                new OrderRefunded(order, sku, 1, 100, "CNY", time, 9), ContractsJson.Default.OrderRefunded)
            : JsonSerializer.SerializeToUtf8Bytes(
                new OrderDelivered(order, sku, 1, 100, "CNY", time, [Guid.Empty], 7), ContractsJson.Default.OrderDelivered);
        return new(
            Topics.Deliveries.Name, Topics.Deliveries.PartitionOf(order), Encoding.UTF8.GetBytes(order), body,
            [
                Header(CloudEventHeaders.SpecVersion, "1.0"),
                Header(CloudEventHeaders.Id, order + (refund ? ".refunded" : ".delivered")),
                Header(CloudEventHeaders.Type, refund ? MessageTypes.OrderRefunded : MessageTypes.OrderDelivered),
                Header(CloudEventHeaders.Source, "/cardshop"),
                Header(CloudEventHeaders.Subject, order),
                Header(
                    CloudEventHeaders.Time, time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)),
                Header(CloudEventHeaders.ContentType, "application/json"),
                Header(CloudEventHeaders.Sequence, CloudEventHeaders.ToText(refund ? 9 : 7)),
            ]);
    }

    private static LogHeader Header(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));
}
