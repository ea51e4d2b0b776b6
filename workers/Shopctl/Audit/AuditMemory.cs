using System.Runtime.InteropServices;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Stock;

namespace CardShop.Shopctl.Audit;

/// <summary>What the audit keeps of one snapshot of PostgreSQL: digests per order, sums per product.</summary>
public sealed class AuditMemory
{
    private readonly Dictionary<UInt128, OrderFacts> _orders = [];
    private readonly HashSet<UInt128> _marks = [];
    private readonly Dictionary<StockKey, StockEvidence> _stock = [];

    /// <summary>How far the fleets had come.</summary>
    public IReadOnlyDictionary<(string Group, PartitionKey Partition), long> Progress { get; set; } =
        new Dictionary<(string Group, PartitionKey Partition), long>();

    /// <summary>The snapshot holds the effects of exactly the commits up to this number.</summary>
    public long CommitNo { get; set; }

    public IReadOnlyDictionary<StockKey, StockEvidence> Stock => _stock;

    public IReadOnlyDictionary<UInt128, OrderFacts> Orders => _orders;

    /// <summary>The place where an order's facts are kept; made when missing.</summary>
    public ref OrderFacts Order(UInt128 order) =>
        ref CollectionsMarshal.GetValueRefOrAddDefault(_orders, order, out _);

    /// <summary>The same where it is there; a null reference where it is not.</summary>
    public ref OrderFacts Find(UInt128 order) => ref CollectionsMarshal.GetValueRefOrNullRef(_orders, order);

    public OrderTraits TraitsOf(string orderId) => _orders.GetValueOrDefault(Digest.Of(orderId)).Traits;

    /// <summary>Notes a fact about something, to be asked for by <see cref="Has"/>.</summary>
    public void Mark(UInt128 fact) => _marks.Add(fact);

    public bool Has(UInt128 fact) => _marks.Contains(fact);

    public void Count(StockKey key, StockEvidence evidence) => _stock[key] = _stock.GetValueOrDefault(key) + evidence;

    /// <summary>Takes in an order's documents.</summary>
    public void Remember(PaymentSaga? payment, DeliverySaga? delivery)
    {
        var id = payment?.Id ?? delivery!.Id;
        ref var order = ref Order(Digest.Of(id));
        order.Partition = (byte)Topics.Deliveries.PartitionOf(id);
        if (payment is not null)
        {
            order.Traits |= TraitsOf(payment);
            Mark(payment);
        }

        if (delivery is null)
        {
            return;
        }

        order.SkuHash = StringComparer.Ordinal.GetHashCode(delivery.Sku);
        order.Named = KeySet.Of(delivery.Keys);
        if (delivery.Status == DeliveryStatus.Delivered)
        {
            order.Traits |= OrderTraits.Delivered;
            order.DeliveredAtMs = delivery.DeliveredAt?.ToUnixTimeMilliseconds() ?? 0;
        }

        if (delivery.Reserved)
        {
            Count(new(delivery.Sku, delivery.Region), new(0, 0, 0, delivery.Quantity, 0));
        }
    }

    private static OrderTraits TraitsOf(PaymentSaga payment)
    {
        const int ListLimit = 50;
        return OrderTraits.HasPayment
            | (payment.Status == PaymentStatus.Review ? OrderTraits.Review : OrderTraits.None)
            | (payment.Notifications.Count >= ListLimit ? OrderTraits.NotificationsFull : OrderTraits.None);
    }

    private void Mark(PaymentSaga payment)
    {
        foreach (var seen in payment.Notifications)
        {
            Mark(Digest.Of('n', payment.Id, seen.Id));
        }

        foreach (var received in payment.Payments)
        {
            Mark(Digest.Of('p', payment.Id, received.Number));
        }

        // Money that a provider still has to confirm is not booked yet.
        var asked = (payment.Claims ?? []).Where(c => c.NextAt is not null).Select(c => c.Number).ToHashSet();
        foreach (var attempt in payment.Attempts.Where(a => !asked.Contains(a.Number)))
        {
            Mark(Digest.Of('a', payment.Id, attempt.Number));
        }

        if (payment is { Reserved: true, Order: { } placed })
        {
            Count(new(placed.Sku, placed.Region), new(0, 0, 0, placed.Quantity, placed.Quantity));
        }
    }
}
