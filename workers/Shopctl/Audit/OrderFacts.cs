namespace CardShop.Shopctl.Audit;

/// <summary>What the snapshot says about an order, as far as other sources are compared with it.</summary>
[Flags]
public enum OrderTraits
{
    None = 0,
    HasPayment = 1,
    Archived = 2,
    Delivered = 4,
    Review = 8,

    /// <summary>Its list of notifications is full: older ones have left it.</summary>
    NotificationsFull = 16,

    /// <summary>Its delivery event is in an outbox row that is not sent, or parked.</summary>
    EventUnderWay = 32,

    /// <summary>One OrderDelivered was read.</summary>
    EventSeen = 64,

    /// <summary>Another OrderDelivered was read that differs from the first.</summary>
    EventsDiffer = 128,
}

/// <summary>One order in the audit's memory.</summary>
public record struct OrderFacts
{
    public OrderTraits Traits { get; set; }

    /// <summary>Partition of shop.deliveries.v1.</summary>
    public byte Partition { get; set; }

    public int SkuHash { get; set; }

    public long DeliveredAtMs { get; set; }

    /// <summary>Keys that the delivery document names: how many, and the sum of their ids.</summary>
    public KeySet Named { get; set; }

    /// <summary>Key rows that name the order.</summary>
    public KeySet Held { get; set; }

    /// <summary>The first delivery event.</summary>
    public UInt128 Event { get; set; }

    public readonly bool Is(OrderTraits traits) => (Traits & traits) != 0;
}

/// <summary>A set of keys in 20 bytes: two sets that agree in number and sum of random ids are the same.</summary>
public readonly record struct KeySet(int Count, UInt128 Sum)
{
    public KeySet With(Guid id) => new(Count + 1, unchecked(Sum + Digest.Of(id)));

    public KeySet Without(Guid id) => new(Count - 1, unchecked(Sum - Digest.Of(id)));

    public static KeySet Of(IEnumerable<Guid> ids)
    {
        var set = default(KeySet);
        foreach (var id in ids)
        {
            set = set.With(id);
        }

        return set;
    }
}
