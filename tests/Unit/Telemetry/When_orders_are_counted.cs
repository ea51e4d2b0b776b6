using System.Diagnostics.Metrics;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Shop.Telemetry;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Telemetry;

public sealed class When_orders_are_counted : IDisposable
{
    private static readonly AsyncLocal<List<string>?> Mine = new();

    private readonly MeterListener _listener = new();

    public When_orders_are_counted()
    {
        // Other tests count at the same time, on threads of their own.
        Mine.Value = [];
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "CardShop.Shop")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Mine.Value?.Add($"{i.Name} {Text(tags)} {value}"));
        _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Mine.Value?.Add($"{i.Name} {Text(tags)} {value:0}"));
        _listener.Start();
    }

    [Fact]
    public void An_order_that_comes_to_a_status_counts_once()
    {
        Count(OrderCase.None, An.Reserved(), An.Start);
        Assert.Equal(["cardshop.orders.reached status=reserved,channel=alipay 1"], Mine.Value!);
    }

    [Fact]
    public void A_change_within_a_status_does_not_count()
    {
        var order = An.Paid();
        Count(order, order with { Payment = order.Payment! with { Version = 9 } }, An.Start);
        Assert.Empty(Mine.Value!);
    }

    [Fact]
    public void A_delivery_tells_how_long_its_buyer_waited()
    {
        var paid = An.Paid(An.Order(acceptedAt: An.Start - TimeSpan.FromSeconds(40)));
        Count(paid, An.Delivered() with { Payment = paid.Payment }, An.Start + TimeSpan.FromSeconds(20));
        Assert.Equal(
            [
                "cardshop.deliveries.reached status=delivered 1", "cardshop.delivery.delay since=accepted 60",
                "cardshop.delivery.delay since=paid 20",
            ],
            Mine.Value!);
    }

    public void Dispose()
    {
        Mine.Value = null;
        _listener.Dispose();
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        string.Join(',', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));

    private static void Count(OrderCase before, OrderCase after, DateTimeOffset now) => new OrderMetrics(new Deaf()).Saved(
        new(
            new(default, 0, 0, new Dictionary<CardShop.Pipeline.Log.PartitionKey, long>()),
            before.Payment is { } p ? new Dictionary<string, PaymentSaga> { [p.Id] = p } : [],
            before.Delivery is { } d ? new Dictionary<string, DeliverySaga> { [d.Id] = d } : [], [], new HashSet<string>()),
        new(
            "group", new(default, 0, 0, new Dictionary<CardShop.Pipeline.Log.PartitionKey, long>()),
            after.Payment is { } payment && !ReferenceEquals(payment, before.Payment) ? [new(payment, 0)] : [],
            after.Delivery is { } delivery ? [new(delivery, 0)] : [], [], new Dictionary<StockKey, StockDelta>(), [], [], [], [], now));

    private sealed class Deaf : IBatchObserver
    {
        public void Committed(IReadOnlyList<Incoming> batch)
        {
            // Not asked here.
        }

        public void Stock(IEnumerable<StockKey> changed)
        {
            // Not asked here.
        }
    }
}
