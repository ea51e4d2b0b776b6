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
        if (Attempts.IsRecorded(saga, payment.Number, payment.TradeNo))
        {
            // Another notification of a payment that is booked: only the notification is new.
            return new(order, []);
        }

        if (payment.Amount != saga.Order!.Amount)
        {
            return InReview(
                order, payment, ReviewKind.AmountMismatch, "The amount paid is not the order's",
                $"paid {payment.Amount}, ordered {saga.Order.Amount}", facts, now);
        }

        if (currency != saga.Order.Currency)
        {
            return InReview(
                order, payment, ReviewKind.CurrencyMismatch, "The currency paid is not the order's",
                $"paid {currency}, ordered {saga.Order.Currency}", facts, now);
        }

        return saga.Status switch
        {
            PaymentStatus.Reserved or PaymentStatus.AwaitingPayment => Pay(order, payment, facts, now),
            PaymentStatus.Expired or PaymentStatus.Cancelled or PaymentStatus.SoldOut or PaymentStatus.Refused =>
                Pay(order, payment, facts, now),
            PaymentStatus.Paid or PaymentStatus.Refunding or PaymentStatus.Refunded =>
                RefundDecider.Surplus(order, payment, facts, now),
            PaymentStatus.Review => InReview(
                order, payment, ReviewKind.PaidInReview, saga.Reason ?? "Paid while in review", null, facts, now),
            _ => throw new ArgumentOutOfRangeException(nameof(order), saga.Status, "Unknown status."),
        };
    }

    /// <summary>Paid, in time or late: what is reserved is delivered; else what is left; else it waits or goes back.</summary>
    public static Decision Pay(OrderCase order, ReceivedPayment payment, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var placed = saga.Order!;
        var late = !Attempts.IsOpen(saga);
        var (booked, closes) = Attempts.End(Book(saga, payment, now), payment.Number, facts, now);
        var paid = booked with
        {
            Status = PaymentStatus.Paid,
            Reserved = false,
            Reason = late ? $"Paid late, after {saga.Status}" : null,
        };
        if (placed.Kind == ProductKind.Manual)
        {
            return new(
                new(paid, HandOverDecider.Awaited(placed, facts, now)), late ? [.. closes, new SagaFact()] : [.. closes]);
        }

        var reserved = saga.Reserved || facts.Available >= placed.Quantity;
        if (!reserved && placed.WaitSeconds == 0)
        {
            var refund = RefundDecider.RefundUndelivered(
                order with { Payment = paid }, payment.Number, "Nothing left to deliver", now, default);
            return refund with { Sends = [.. refund.Sends, .. closes] };
        }

        var stock = saga.Reserved ? StockDelta.Pay(placed.Quantity)
            : reserved ? StockDelta.Reserve(placed.Quantity)
            : default;
        object[] sends = reserved ? [new DeliverOrder(saga.Id, 0), .. closes] : [.. closes];
        return new(new(paid, DeliveryOf(placed, reserved, facts, now)), late ? [.. sends, new SagaFact()] : sends, stock);
    }

    private static DeliverySaga DeliveryOf(OrderPlaced placed, bool reserved, Facts facts, DateTimeOffset now)
    {
        DateTimeOffset? until = reserved ? null : now + TimeSpan.FromSeconds(placed.WaitSeconds);
        return new(
            placed.OrderId, reserved ? DeliveryStatus.Allocating : DeliveryStatus.WaitingStock, placed.Sku, placed.Quantity,
            placed.Region, reserved, now, [], null, until, until ?? (now + facts.Settings.ResendAfter));
    }

    /// <summary>Money that does not match is kept on record; an order that is not paid otherwise goes to review.</summary>
    public static Decision InReview(
        OrderCase order, ReceivedPayment payment, ReviewKind kind, string reason, string? evidence, Facts facts,
        DateTimeOffset now)
    {
        var saga = order.Payment!;
        var settled = saga.Status is PaymentStatus.Paid or PaymentStatus.Refunding or PaymentStatus.Refunded;
        var booked = Book(saga, payment with { Use = PaymentUse.Mismatch }, now);
        var (ended, closes) = settled ? (booked, []) : Attempts.End(booked, null, facts, now);
        return new(
            order with
            {
                Payment = ReviewCases.Open(ended, kind, reason, now, payment.Number, evidence) with
                {
                    Status = settled ? saga.Status : PaymentStatus.Review,
                    Reason = reason,
                },
            },
            [.. closes, new SagaFact()]);
    }

    /// <summary>Puts money on record: what asked about it is answered.</summary>
    public static PaymentSaga Book(PaymentSaga saga, ReceivedPayment payment, DateTimeOffset now)
    {
        var booked = saga with
        {
            Payments = [.. saga.Payments, payment],
            Attempts = [.. saga.Attempts.Select(
                a => a.Number == payment.Number && a.NextAt is not null ? a with { NextAt = null, Tries = 0 } : a)],
            Claims = saga.Claims is { } claims
                ? [.. claims.Select(c => c.Number == payment.Number ? c with { NextAt = null } : c)]
                : null,
        };
        return payment.Use == PaymentUse.Mismatch
            ? booked
            : ReviewCases.Close(
                booked, c => c.Kind == ReviewKind.StatementMissingHere && c.Number == payment.Number,
                $"Booked by {payment.Source}", now);
    }
}
