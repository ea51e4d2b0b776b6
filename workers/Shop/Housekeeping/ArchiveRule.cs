using System.Globalization;
using CardShop.Contracts;

namespace CardShop.Shop.Housekeeping;

/// <summary>Which orders have ended for good. Pure.</summary>
public static class ArchiveRule
{
    /// <returns>
    /// The word for how it ended, as buyers see it; null where anything may still happen to it, or a person has to look at it.
    /// </returns>
    public static string? EndOf(PaymentSaga payment, DeliverySaga? delivery)
    {
        if (payment is { Due: not null } or { Reserved: true } || delivery is { Due: not null } or { Reserved: true }
            || HasOpenQuestions(payment))
        {
            return null;
        }

        return (payment.Status, delivery?.Status) switch
        {
            (PaymentStatus.Paid, DeliveryStatus.Delivered) => "delivered",
            (PaymentStatus.Refunded, null or DeliveryStatus.Withdrawn or DeliveryStatus.Delivered or DeliveryStatus.Failed) =>
                "refunded",
            (PaymentStatus.SoldOut, null) => "sold-out",
            (PaymentStatus.Refused, null) => "refused",
            (PaymentStatus.Expired, null) => "expired",
            (PaymentStatus.Cancelled, null) => "cancelled",
            _ => null,
        };
    }

    /// <summary>The month of its file: when it was accepted.</summary>
    /// <param name="changedAt">For the tombstone of a cancel, which holds no order.</param>
    public static string MonthOf(PaymentSaga payment, DateTimeOffset changedAt) =>
        (payment.Order?.AcceptedAt ?? changedAt).UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    private static bool HasOpenQuestions(PaymentSaga payment) =>
        (payment.Reviews ?? []).Any(r => r.ClosedAt is null)
        || (payment.Claims ?? []).Any(c => c.NextAt is not null)
        || payment.Attempts.Any(a => a.NextAt is not null)
        || payment.Payments.Any(p => (p.Refunds ?? []).Any(r => r.State == RefundState.Asked || r.NextAt is not null));
}
