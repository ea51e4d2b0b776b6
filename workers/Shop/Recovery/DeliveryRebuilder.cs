using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;

namespace CardShop.Shop.Recovery;

/// <summary>
/// Deliveries have no snapshots of their own: what a delivery came to follows from its events, and where there are none, from
/// the payment. Refunds decide first: what is given back before it was delivered is withdrawn. Pure.
/// </summary>
internal static class DeliveryRebuilder
{
    /// <summary>The order with the delivery that its payment and its events make.</summary>
    public static OrderCase Align(
        OrderCase order, DeliveryHistory history, OrderCase restored, Facts facts, DateTimeOffset now)
    {
        if (history.Keys is { } keys && (history.Delivered is not null || restored.Delivery is not null))
        {
            return order with { Delivery = Delivered(order.Delivery ?? restored.Delivery, order.Payment, history, keys) };
        }

        if (order.Payment is not { } payment || RefundDecider.Covering(payment) is not { } covering
            || ReferenceEquals(payment, restored.Payment) || payment.Order is not { } placed)
        {
            return order;
        }

        var derived = Derived(payment, placed, covering, order.Delivery, facts, now);
        return ReferenceEquals(derived, order.Delivery) ? order : order with { Delivery = derived };
    }

    private static DeliverySaga? Delivered(
        DeliverySaga? known, PaymentSaga? payment, DeliveryHistory history, IReadOnlyList<Guid> keys)
    {
        if (known is { Status: DeliveryStatus.Delivered } && known.Keys.SequenceEqual(keys))
        {
            return known;
        }

        var sent = history.Delivered;
        var delivery = known ?? new(
            sent!.OrderId, DeliveryStatus.Delivered, sent.Sku, sent.Quantity, payment?.Order?.Region ?? sent.OrderId[..1], false,
            sent.DeliveredAt, [], null, null, null);
        return delivery with
        {
            Status = DeliveryStatus.Delivered,
            Reserved = false,
            Keys = keys,
            DeliveredAt = sent?.DeliveredAt ?? delivery.DeliveredAt,
            WaitUntil = null,
            Due = null,
            ShortPicks = sent is null ? delivery.ShortPicks : 0,
        };
    }

    private static DeliverySaga Derived(
        PaymentSaga payment, OrderPlaced placed, ReceivedPayment covering, DeliverySaga? known, Facts facts, DateTimeOffset now)
    {
        var isGivenBack = RefundDecider.Left(covering) != covering.Amount;
        var isRejected = covering.Refunds is { Count: > 0 } && payment.Status == PaymentStatus.Review;
        if (isGivenBack || isRejected)
        {
            return known is { Status: DeliveryStatus.Withdrawn }
                ? known
                : (known ?? New(placed, covering)) with
                {
                    Status = DeliveryStatus.Withdrawn,
                    Reserved = false,
                    Due = null,
                    WaitUntil = null,
                };
        }

        if (ReviewCases.OpenOf(payment).FirstOrDefault(c => c.Kind is ReviewKind.ShortPick or ReviewKind.ManualOverdue or ReviewKind.RegionLost) is { } open)
        {
            return known is { Status: DeliveryStatus.Review }
                ? known
                : (known ?? New(placed, covering) with { Reserved = open.Kind is ReviewKind.ShortPick or ReviewKind.RegionLost }) with
                {
                    Status = DeliveryStatus.Review,
                    Due = null,
                };
        }

        if (known is { Status: DeliveryStatus.Allocating or DeliveryStatus.WaitingStock or DeliveryStatus.Manual })
        {
            return known;
        }

        return placed.Kind == ProductKind.Manual
            ? HandOverDecider.Awaited(placed, facts, covering.At) with { Version = known?.Version ?? 0 }
            : (known ?? New(placed, covering)) with
            {
                Status = DeliveryStatus.Allocating,
                Reserved = true,
                WaitUntil = null,
                ShortPicks = 0,
                Due = now,
            };
    }

    private static DeliverySaga New(OrderPlaced placed, ReceivedPayment covering) => new(
        placed.OrderId, DeliveryStatus.Allocating, placed.Sku, placed.Quantity, placed.Region, false, covering.At, [], null,
        null, null);
}
