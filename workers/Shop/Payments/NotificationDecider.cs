using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// A provider's notification: noted once, and its money booked, asked about, or kept for a person. It is dropped in no case.
/// </summary>
internal static class NotificationDecider
{
    private const int MaxNotifications = 50;
    private const string UnknownOrder = "A payment for an unknown order";

    public static Decision Notified(OrderCase order, PaymentNotification n, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { } saga)
        {
            var unknown = new PaymentSaga(
                n.OrderId, PaymentStatus.Review, null, false, [], [], [], null, UnknownOrder);
            var stub = Note(unknown, n);
            return PaymentDecider.Changed(
                order, n.RefundNumber is null ? OfUnknown(stub, n, now) : OfUnknownRefund(stub, n, now), new SagaFact());
        }

        if (saga.Notifications.Any(seen => seen.Id == n.NotifyId))
        {
            return Decision.NoChange(order);
        }

        var noted = Note(saga, n);
        if (n.RefundNumber is not null)
        {
            return RefundDecider.Notified(order with { Payment = noted }, n, now);
        }

        if (n.Status != NotifiedStatus.Paid)
        {
            return PaymentDecider.Changed(order, noted);
        }

        if (saga.Order is null)
        {
            return PaymentDecider.Changed(
                order, OfUnknown(noted, n, now) with { Status = PaymentStatus.Review, Reason = UnknownOrder }, new SagaFact());
        }

        // An unknown attempt, or a provider that wants it so: it is asked before the money is booked. A difference is
        // for a person in any case.
        var attempt = Attempts.Find(noted, n.Number);
        var difference = attempt is null ? null : Difference(attempt, n);
        if (attempt is null || (n.QueryFirst == true && difference is null))
        {
            return Attempts.IsRecorded(noted, n.Number, n.TradeNo)
                ? PaymentDecider.Changed(order, noted)
                : ClaimDecider.Ask(order, noted, n, facts, now);
        }

        var payment = new ReceivedPayment(
            n.Number, n.TradeNo, n.Amount, n.PaidAt ?? n.ArrivedAt, "notification", PaymentUse.Order);
        if (difference is not var (kind, evidence))
        {
            return MoneyDecider.Received(order with { Payment = noted }, payment, n.Currency, facts, now);
        }

        const string Reason = "The payment does not match the order's attempt";
        return IsRepeat(noted, n)
            ? PaymentDecider.Changed(order, noted)
            : MoneyDecider.InReview(order with { Payment = noted }, payment, kind, Reason, evidence, facts, now);
    }

    /// <summary>Only the channel, merchant, amount and currency of the order's own attempt are its payment.</summary>
    private static (ReviewKind Kind, string Evidence)? Difference(PaymentAttempt attempt, PaymentNotification n) =>
        attempt.Amount != n.Amount ? (ReviewKind.AmountMismatch, $"paid {n.Amount}, asked for {attempt.Amount}")
        : attempt.Currency != n.Currency ? (ReviewKind.CurrencyMismatch, $"paid {n.Currency}, asked for {attempt.Currency}")
        : attempt.Channel != n.Channel ? (ReviewKind.ChannelMismatch, $"paid by {n.Channel}, asked for by {attempt.Channel}")
        : attempt.Profile != n.Profile
            ? (ReviewKind.MerchantMismatch, $"paid to {n.Profile} ({n.MerchantId}), asked for by {attempt.Profile}")
        : null;

    private static PaymentSaga Note(PaymentSaga saga, PaymentNotification n) => saga with
    {
        Notifications =
        [
            .. saga.Notifications.TakeLast(MaxNotifications - 1),
            new(n.NotifyId, n.Number, n.Status, n.ArrivedAt, n.Profile),
        ],
    };

    private static PaymentSaga OfUnknownRefund(PaymentSaga saga, PaymentNotification n, DateTimeOffset now) => ReviewCases.Open(
        saga, ReviewKind.UnknownOrder, "A refund for an unknown order", now, n.RefundNumber,
        $"{n.Channel} {n.MerchantId} {n.Number}: {n.RefundAmount}, done: {n.RefundDone}");

    /// <summary>On record already as it is said, or as the provider said when it was asked about this very trade.</summary>
    private static bool IsRepeat(PaymentSaga saga, PaymentNotification n) => saga.Payments.Any(
        p => p.Use == PaymentUse.Mismatch && (p.Number, p.TradeNo) == (n.Number, n.TradeNo)
            && (p.Amount == n.Amount || !Attempts.IsHearsay(p)));

    /// <summary>Its money is on record, with the merchant that it was paid to: a refund needs that.</summary>
    private static PaymentSaga OfUnknown(PaymentSaga saga, PaymentNotification n, DateTimeOffset now) =>
        n.Status != NotifiedStatus.Paid || IsRepeat(saga, n)
            ? saga
            : ReviewCases.Open(
                ClaimDecider.Note(saga, ClaimDecider.ClaimOf(n)) with
                {
                    Payments =
                    [
                        .. saga.Payments,
                        new(n.Number, n.TradeNo, n.Amount, n.PaidAt ?? n.ArrivedAt, "notification", PaymentUse.Mismatch),
                    ],
                },
                ReviewKind.UnknownOrder, UnknownOrder, now, n.Number, $"{n.Channel} {n.MerchantId} trade {n.TradeNo}");
}
