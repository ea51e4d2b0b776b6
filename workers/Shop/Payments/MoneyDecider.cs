using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>What money is taken for when it arrives. It is recorded in every case.</summary>
internal static class MoneyDecider
{
    public static Decision Received(
        OrderCase order, ReceivedPayment payment, string currency, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        if (saga.Payments.Any(p => p.Number == payment.Number))
        {
            // Another notification of a payment that is booked: only the notification is new.
            return new(order, []);
        }

        if (payment.Amount != saga.Order!.Amount || currency != saga.Order.Currency)
        {
            return InReview(order, payment, "The amount paid is not the order's");
        }

        return saga.Status switch
        {
            PaymentStatus.Reserved or PaymentStatus.AwaitingPayment => Pay(order, payment, facts, now),
            PaymentStatus.Expired or PaymentStatus.Cancelled or PaymentStatus.SoldOut or PaymentStatus.Refused =>
                Pay(order, payment, facts, now),
            PaymentStatus.Paid or PaymentStatus.Refunding or PaymentStatus.Refunded =>
                RefundDecider.Surplus(order, payment, now),
            PaymentStatus.Review => InReview(order, payment, saga.Reason ?? "Paid while in review"),
            _ => throw new ArgumentOutOfRangeException(nameof(order), saga.Status, "Unknown status."),
        };
    }

    /// <summary>Paid, in time or late: what is reserved is delivered; else what is left; else it waits or goes back.</summary>
    private static Decision Pay(OrderCase order, ReceivedPayment payment, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var placed = saga.Order!;
        var late = saga.Status is not (PaymentStatus.Reserved or PaymentStatus.AwaitingPayment);
        var paid = saga with
        {
            Status = PaymentStatus.Paid,
            Reserved = false,
            Payments = [.. saga.Payments, payment],
            Due = null,
            CheckTries = 0,
            Reason = late ? $"Paid late, after {saga.Status}" : null,
        };
        var reserved = saga.Reserved || facts.Available >= placed.Quantity;
        if (!reserved && placed.WaitSeconds == 0)
        {
            return RefundDecider.RefundUndelivered(
                order with { Payment = paid }, payment.Number, "Nothing left to deliver", now, default);
        }

        var delivery = new DeliverySaga(
            saga.Id,
            reserved ? DeliveryStatus.Allocating : DeliveryStatus.WaitingStock,
            placed.Sku, placed.Quantity, placed.Region, reserved, now, [], null,
            WaitUntil: reserved ? null : now + TimeSpan.FromSeconds(placed.WaitSeconds),
            Due: reserved ? now + facts.Settings.ResendAfter : now + TimeSpan.FromSeconds(placed.WaitSeconds));
        var stock = saga.Reserved ? StockDelta.Pay(placed.Quantity)
            : reserved ? StockDelta.Reserve(placed.Quantity)
            : default;
        object[] sends = reserved ? [new DeliverOrder(saga.Id, 0)] : [];
        return new(new(paid, delivery), late ? [.. sends, new SagaFact()] : sends, stock);
    }

    /// <summary>Money that does not match is kept on record; an order that is not paid otherwise goes to review.</summary>
    public static Decision InReview(OrderCase order, ReceivedPayment payment, string reason)
    {
        var saga = order.Payment!;
        return new(
            order with
            {
                Payment = saga with
                {
                    Status = saga.Status is PaymentStatus.Paid or PaymentStatus.Refunding or PaymentStatus.Refunded
                        ? saga.Status
                        : PaymentStatus.Review,
                    Payments = [.. saga.Payments, payment with { Use = PaymentUse.Mismatch }],
                    Due = saga.Status is PaymentStatus.Refunding ? saga.Due : null,
                    Reason = reason,
                },
            },
            [new SagaFact()]);
    }
}
