using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// A provider's notification: noted once, and its money booked, asked about, or kept for a person. It is dropped in no case.
/// </summary>
internal static class NotificationDecider
{
    private const int MaxNotifications = 50;

    public static Decision Notified(OrderCase order, PaymentNotification n, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { } saga)
        {
            var unknown = new PaymentSaga(
                n.OrderId, PaymentStatus.Review, null, false, [], [], [], null, "A payment for an unknown order");
            return PaymentDecider.Changed(order, Mismatch(Note(unknown, n), n), new SagaFact());
        }

        if (saga.Notifications.Any(seen => seen.Id == n.NotifyId))
        {
            return Decision.NoChange(order);
        }

        var noted = Note(saga, n);
        if (n.Status != NotifiedStatus.Paid)
        {
            return PaymentDecider.Changed(order, noted);
        }

        if (saga.Order is null)
        {
            return PaymentDecider.Changed(
                order,
                Mismatch(noted, n) with { Status = PaymentStatus.Review, Reason = "A payment for an unknown order" },
                new SagaFact());
        }

        if (noted.Attempts.FirstOrDefault(a => a.Number == n.Number) is not { } attempt)
        {
            // Known order, unknown attempt: the provider is asked before the money is booked.
            return ClaimDecider.Ask(order, noted, n, facts, now);
        }

        if (attempt.Amount != n.Amount || attempt.Currency != n.Currency || attempt.Channel != n.Channel
            || attempt.Profile != n.Profile)
        {
            return PaymentDecider.Changed(
                order,
                Mismatch(noted, n) with
                {
                    Status = saga.Status is PaymentStatus.Paid or PaymentStatus.Refunding or PaymentStatus.Refunded
                        ? saga.Status
                        : PaymentStatus.Review,
                    Due = null,
                    Reason = "The payment does not match the order's attempt",
                },
                new SagaFact());
        }

        var payment = new ReceivedPayment(
            n.Number, n.TradeNo, n.Amount, n.PaidAt ?? n.ArrivedAt, "notification", PaymentUse.Order);
        return MoneyDecider.Received(order with { Payment = noted }, payment, n.Currency, facts, now);
    }

    private static PaymentSaga Note(PaymentSaga saga, PaymentNotification n) => saga with
    {
        Notifications =
        [
            .. saga.Notifications.TakeLast(MaxNotifications - 1),
            new(n.NotifyId, n.Number, n.Status, n.ArrivedAt, n.Profile),
        ],
    };

    private static PaymentSaga Mismatch(PaymentSaga saga, PaymentNotification n) =>
        n.Status != NotifiedStatus.Paid || saga.Payments.Any(
            p => p.Use == PaymentUse.Mismatch && (p.Number, p.TradeNo, p.Amount) == (n.Number, n.TradeNo, n.Amount))
        ? saga : saga with
        {
            Payments =
            [
                .. saga.Payments,
                new(n.Number, n.TradeNo, n.Amount, n.PaidAt ?? n.ArrivedAt, "notification", PaymentUse.Mismatch),
            ],
        };
}
