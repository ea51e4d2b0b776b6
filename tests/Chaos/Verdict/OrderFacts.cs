using CardShop.Contracts;

namespace CardShop.Tests.Chaos.Verdict;

/// <summary>What a buyer of an acknowledged order did and saw.</summary>
/// <param name="Payments">Payments that the provider confirmed to the buyer.</param>
/// <param name="Seen">The last status shown.</param>
/// <param name="Keys">The ids of the keys shown; null while none was.</param>
public sealed record BuyerHistory(
    string OrderId, string Sku, int Quantity, long Amount, int Payments, string Seen, IReadOnlyList<Guid>? Keys);

/// <summary>What the shop's documents say of an order.</summary>
/// <param name="Delivery">Null where nothing was ever to be delivered.</param>
public sealed record OrderDocuments(PaymentStatus Payment, DeliveryStatus? Delivery, IReadOnlyList<Guid> Keys)
{
    public bool IsDelivered => Delivery == DeliveryStatus.Delivered;
}

/// <summary>What the provider's books say of an order: all its trades together, in fen.</summary>
public readonly record struct BookedMoney(long Received, long Returned)
{
    /// <summary>What the shop has of it.</summary>
    public long Kept => Received - Returned;
}

/// <summary>What the partner read about an order.</summary>
/// <param name="DeliveredIds">Distinct ids of OrderDelivered.</param>
public sealed record PartnerView(int DeliveredIds, IReadOnlyList<Guid> Keys, bool IsRefunded, bool IsExpired);

/// <summary>One broken promise.</summary>
/// <param name="Invariant">Its number in the design.</param>
/// <param name="OrderId">Null where it is not one order's.</param>
public sealed record Violation(int Invariant, string? OrderId, string Text)
{
    public override string ToString() => $"invariant {Invariant}: {(OrderId is null ? "" : OrderId + ": ")}{Text}";
}
