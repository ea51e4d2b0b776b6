using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;

namespace CardShop.Shop.Telemetry;

/// <summary>
/// Counts what committed batches did to orders, and passes everything on to another observer. A process that dies
/// between a commit and its count has one batch uncounted; nothing is counted twice.
/// </summary>
public sealed class OrderMetrics(IBatchObserver next) : IBatchObserver
{
    public void Committed(IReadOnlyList<Incoming> batch) => next.Committed(batch);

    public void Stock(IEnumerable<StockKey> changed) => next.Stock(changed);

    public void Saved(LoadedBatch before, SaveRequest after)
    {
        Dictionary<string, PaymentSaga>? payments = null;
        foreach (var (payment, _) in after.Payments)
        {
            if (before.Payments.GetValueOrDefault(payment.Id)?.Status != payment.Status)
            {
                ShopMeter.Order(payment.Status, ChannelOf(payment));
            }
        }

        foreach (var (delivery, _) in after.Deliveries)
        {
            if (before.Deliveries.GetValueOrDefault(delivery.Id)?.Status == delivery.Status)
            {
                continue;
            }

            ShopMeter.Delivery(delivery.Status);
            if (delivery.Status == DeliveryStatus.Delivered)
            {
                payments ??= after.Payments.ToDictionary(p => p.Document.Id, p => p.Document);
                Delivered(payments.GetValueOrDefault(delivery.Id) ?? before.Payments.GetValueOrDefault(delivery.Id), after.Now);
            }
        }

        next.Saved(before, after);
    }

    private static void Delivered(PaymentSaga? payment, DateTimeOffset now)
    {
        if (payment?.Order is { } order)
        {
            ShopMeter.Delivered("accepted", now - order.AcceptedAt);
        }

        if (payment is { Payments: [var first, ..] })
        {
            ShopMeter.Delivered("paid", now - first.At);
        }
    }

    /// <summary>Only channels that are set up are ever in an order: the API refuses others.</summary>
    private static string ChannelOf(PaymentSaga saga) =>
        saga.Attempts is [.., var last] ? last.Channel : saga.Order?.Channel ?? "none";
}
