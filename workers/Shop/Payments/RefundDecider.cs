using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>
/// Refunds, per payment. One arbiter of refund against delivery: the payment that covers an undelivered order is refunded
/// only after its DeliverySaga was moved to withdrawn, in the same transaction, under both rows' locks.
/// </summary>
internal static class RefundDecider
{
    private const int MaxTries = 12;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(60);

    /// <summary>The refund that is still to be asked or answered.</summary>
    public static object? NextRefund(PaymentSaga saga) =>
        saga.Payments.FirstOrDefault(p => p.Refund == RefundState.Asked) is { } payment
            ? new RefundPayment(saga.Id, payment.Number, payment.RefundNumber!, 0)
            : null;

    /// <summary>A second payment goes back without touching the delivery.</summary>
    public static Decision Surplus(OrderCase order, ReceivedPayment payment, DateTimeOffset now)
    {
        var asked = Ask(payment with { Use = PaymentUse.Surplus });
        return new(
            order with
            {
                Payment = order.Payment! with { Payments = [.. order.Payment.Payments, asked], Due = now + FirstWait },
            },
            [new RefundPayment(order.Payment.Id, asked.Number, asked.RefundNumber!, 0), new SagaFact()]);
    }

    /// <summary>
    /// Withdraws the delivery (a tombstone where there is none) and asks for the refund. A delivered order is left alone.
    /// </summary>
    public static Decision RefundUndelivered(
        OrderCase order, string number, string reason, DateTimeOffset now, StockDelta stock)
    {
        var saga = order.Payment!;
        if (order.Delivery is { Status: DeliveryStatus.Delivered })
        {
            return Decision.NoChange(order);
        }

        var placed = saga.Order!;
        var withdrawn = (order.Delivery ?? new(
            saga.Id, DeliveryStatus.Withdrawn, placed.Sku, placed.Quantity, placed.Region, false, now, [], null, null, null))
            with
        { Status = DeliveryStatus.Withdrawn, Reserved = false, Due = null, WaitUntil = null };
        if (order.Delivery is { Reserved: true })
        {
            stock += StockDelta.ReleasePaid(placed.Quantity);
        }

        var payments = saga.Payments.Select(p => IsCovering(p) ? Ask(p) : p).ToList();
        var asked = payments.First(IsCovering);
        return new(
            new(
                saga with
                {
                    Status = PaymentStatus.Refunding,
                    Payments = payments,
                    Due = now + FirstWait,
                    Reason = reason,
                    CheckTries = 0,
                },
                withdrawn),
            [new RefundPayment(saga.Id, number, asked.RefundNumber!, 0), new SagaFact()],
            stock);

        // A mismatch may be on record under the same number: only what pays the order is given back here.
        bool IsCovering(ReceivedPayment p) => p.Number == number && p.Use == PaymentUse.Order;
    }

    public static Decision Answered(OrderCase order, PaymentMessage.RefundAnswered message, DateTimeOffset now)
    {
        if (order.Payment is not { } saga || saga.Payments.FirstOrDefault(
            p => p.Number == message.Number && p.RefundNumber == message.RefundNumber) is not { Refund: RefundState.Asked } payment)
        {
            return Decision.NoChange(order);
        }

        return message.Answer.Result switch
        {
            ChannelResult.Done => Done(order, saga, payment, now),
            ChannelResult.Refused => Rejected(order, saga, payment, message.Answer.Code),
            _ when payment.RefundTries >= MaxTries => Rejected(order, saga, payment, message.Answer.Code),
            ChannelResult.Unknown or ChannelResult.WrongState or ChannelResult.NotFound => new(
                order with
                {
                    Payment = Replace(saga, payment, payment with { RefundTries = payment.RefundTries + 1 }) with
                    {
                        Due = now + TimeSpan.FromSeconds(2 << Math.Min(payment.RefundTries, 9)),
                    },
                },
                []),
            _ => throw new ArgumentOutOfRangeException(nameof(message), message.Answer.Result, "Unknown result."),
        };
    }

    private static Decision Done(OrderCase order, PaymentSaga saga, ReceivedPayment payment, DateTimeOffset now)
    {
        var next = Settle(Replace(saga, payment, payment with { Refund = RefundState.Done }));
        if (payment.Use != PaymentUse.Order)
        {
            return new(order with { Payment = next }, [new SagaFact()]);
        }

        var placed = saga.Order!;
        return new(
            order with { Payment = next with { Status = PaymentStatus.Refunded } },
            [
                new OrderRefunded(saga.Id, placed.Sku, placed.Quantity, payment.Amount, placed.Currency, now, 0),
                new SagaFact(),
            ]);
    }

    private static Decision Rejected(OrderCase order, PaymentSaga saga, ReceivedPayment payment, string? code) => new(
        order with
        {
            Payment = Settle(Replace(saga, payment, payment with { Refund = RefundState.Rejected })) with
            {
                Status = payment.Use == PaymentUse.Order ? PaymentStatus.Review : saga.Status,
                Reason = $"The provider rejected refund {payment.RefundNumber}: {code}",
            },
        },
        [new SagaFact()]);

    private static ReceivedPayment Ask(ReceivedPayment payment) =>
        payment with { Refund = RefundState.Asked, RefundNumber = payment.Number + "R1" };

    private static PaymentSaga Replace(PaymentSaga saga, ReceivedPayment old, ReceivedPayment payment) => saga with
    {
        Payments = [.. saga.Payments.Select(p => ReferenceEquals(p, old) ? payment : p)],
    };

    /// <summary>The watchdog goes on only while another refund is open.</summary>
    private static PaymentSaga Settle(PaymentSaga saga) =>
        saga.Payments.Any(p => p.Refund == RefundState.Asked) ? saga : saga with { Due = null };
}
