using System.Globalization;
using CardShop.Contracts;

namespace CardShop.Shopctl.Audit;

/// <summary>What one order's two documents must agree on. Pure: null is good, a text is the violation.</summary>
public static class OrderRules
{
    /// <summary>
    /// Invariant 2, its part within the document: as many keys as were bought, none twice; of manual goods one text.
    /// </summary>
    public static string? Keys(PaymentSaga? payment, DeliverySaga? delivery) => delivery switch
    {
        { Status: DeliveryStatus.Delivered } d when d.Keys.Count
            != (payment?.Order is { Kind: ProductKind.Manual } ? 1 : d.Quantity) => Text(
            d.Id, $"delivered with {d.Keys.Count} keys instead of {d.Quantity}"),
        { Status: DeliveryStatus.Delivered } d when d.Keys.Distinct().Count() != d.Keys.Count => Text(
            d.Id, $"the same key twice"),
        { Status: not DeliveryStatus.Delivered, Keys.Count: > 0 } d => Text(
            d.Id, $"names {d.Keys.Count} keys without being delivered"),
        _ => null,
    };

    /// <summary>Invariant 4: a delivered order has exactly one payment taken for it, and it is the full amount.</summary>
    public static string? Payment(PaymentSaga? payment, DeliverySaga? delivery)
    {
        if (delivery is not { Status: DeliveryStatus.Delivered })
        {
            return null;
        }

        if (payment?.Order is not { } order)
        {
            return Text(delivery.Id, $"delivered without an order document");
        }

        var full = payment.Payments.Count(p => p.Use == PaymentUse.Order && p.Amount == order.Amount);
        return full == 1 ? null : Text(delivery.Id, $"delivered with {full} full payments");
    }

    /// <summary>Invariant 4, its other half: the money of a delivered order was not given back before.</summary>
    public static bool IsRefundedBefore(long deliveredAtMs, DateTimeOffset refundedAt) =>
        refundedAt.ToUnixTimeMilliseconds() <= deliveredAtMs;

    /// <summary>Invariant 5: what is paid comes to an end or to a person within the product's bound.</summary>
    /// <param name="grace">What processing may take on top of the product's own waiting time.</param>
    public static string? Bound(PaymentSaga? payment, DeliverySaga? delivery, DateTimeOffset now, TimeSpan grace) =>
        payment switch
        {
            { Status: PaymentStatus.Paid } p => Paid(p, delivery, now, grace),
            { Status: PaymentStatus.Refunding, Due: null } p => Text(p.Id, $"refunding, but nothing follows it up"),
            { Status: PaymentStatus.Refunding, Due: { } due } p when due + grace < now => Text(
                p.Id, $"refunding, and overdue for {(now - due).TotalSeconds:F0} s"),
            _ => null,
        };

    private static string? Paid(PaymentSaga payment, DeliverySaga? delivery, DateTimeOffset now, TimeSpan grace)
    {
        if (delivery is null)
        {
            return Text(payment.Id, $"paid, but has no delivery");
        }

        var until = delivery.CreatedAt + TimeSpan.FromSeconds(payment.Order?.WaitSeconds ?? 0) + grace;
        return delivery.Status switch
        {
            DeliveryStatus.Delivered or DeliveryStatus.Failed or DeliveryStatus.Review => null,
            DeliveryStatus.Manual when delivery.WaitUntil is { } end && delivery.Due is not null => now <= end + grace
                ? null
                : Text(payment.Id, $"paid and waits for an operator, {(now - end - grace).TotalSeconds:F0} s beyond the bound"),
            DeliveryStatus.Withdrawn => Text(payment.Id, $"paid and withdrawn, but not refunding"),
            DeliveryStatus.Manual => Text(payment.Id, $"paid and waits for an operator, but nothing follows it up"),
            DeliveryStatus.Allocating or DeliveryStatus.WaitingStock when delivery.Due is null => Text(
                payment.Id, $"paid and undelivered, but nothing follows it up"),
            DeliveryStatus.Allocating or DeliveryStatus.WaitingStock => now <= until
                ? null
                : Text(payment.Id, $"paid and {delivery.Status}, {(now - until).TotalSeconds:F0} s beyond the bound"),
            _ => throw new ArgumentOutOfRangeException(nameof(delivery), delivery.Status, "Unknown status."),
        };
    }

    private static string Text(string orderId, FormattableString what) =>
        orderId + ": " + what.ToString(CultureInfo.InvariantCulture);
}
