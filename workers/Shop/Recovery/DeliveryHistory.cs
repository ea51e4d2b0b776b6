using CardShop.Contracts;

namespace CardShop.Shop.Recovery;

/// <summary>What the events of one order tell of its delivery.</summary>
/// <param name="Delivered">Null where no event says so.</param>
/// <param name="Keys">The keys that count for it now; null where no event names any.</param>
/// <param name="Replaced">Keys that were sold to it and replaced.</param>
/// <param name="Sequence">The highest that partners have seen; 0 = none.</param>
internal sealed record DeliveryHistory(
    OrderDelivered? Delivered,
    IReadOnlyList<Guid>? Keys,
    IReadOnlyList<SoldKey> Sold,
    IReadOnlyList<Guid> Replaced,
    IReadOnlyList<KeysImported> Texts,
    bool IsExpired,
    bool IsRefunded,
    int Sequence)
{
    public static DeliveryHistory Of(OrderEvidence evidence)
    {
        var delivered = evidence.Events.OfType<OrderDelivered>().FirstOrDefault();
        var restored = evidence.Restored.Delivery is { Status: DeliveryStatus.Delivered } d ? d.Keys : null;
        var keys = delivered?.KeyIds ?? restored;
        var sold = new Dictionary<Guid, DateTimeOffset>();
        foreach (var key in delivered?.KeyIds ?? [])
        {
            sold[key] = delivered!.DeliveredAt;
        }

        var replaced = new List<Guid>();
        foreach (var change in evidence.Events.OfType<KeyReplaced>().DistinctBy(e => e.ReplacedKeyId).OrderBy(e => e.Sequence))
        {
            keys = keys is null ? null : [.. keys.Select(k => k == change.ReplacedKeyId ? change.KeyId : k)];
            sold.Remove(change.ReplacedKeyId);
            sold[change.KeyId] = change.ReplacedAt;
            replaced.Add(change.ReplacedKeyId);
        }

        var named = sold.Keys.Concat(replaced).ToHashSet();
        return new(
            delivered, keys, [.. sold.Select(s => new SoldKey(s.Key, s.Value))], replaced,
            [.. evidence.Texts.Where(t => named.Contains(t.Keys[0].Id)).DistinctBy(t => t.BatchId)],
            evidence.Events.OfType<OrderExpired>().Any(), evidence.Events.OfType<OrderRefunded>().Any(),
            evidence.Events.Select(SequenceOf).DefaultIfEmpty(0).Max());
    }

    /// <summary>True for an event that partners have had.</summary>
    public bool HasTold(object send) => send switch
    {
        OrderExpired => IsExpired,
        OrderRefunded => IsRefunded,
        OrderDelivered => Delivered is not null,
        _ => false,
    };

    private static int SequenceOf(object e) => e switch
    {
        OrderDelivered m => m.Sequence,
        OrderRefunded m => m.Sequence,
        OrderExpired m => m.Sequence,
        DeliveryFailed m => m.Sequence,
        KeyReplaced m => m.Sequence,
        _ => 0,
    };
}
