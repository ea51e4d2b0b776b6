using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Recovery;
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
            PaymentStatus.Reserved or PaymentStatus.AwaitingPayment or PaymentStatus.Expired or PaymentStatus.Cancelled
                or PaymentStatus.SoldOut or PaymentStatus.Refused when LostRegion.MayBeDelivered(saga, payment) =>
                LostRegion.SetAside(order, payment, facts, now),
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
        var (booked, closes) = Attempts.End(Book(saga, payment, now), PaymentStatus.Paid, payment.Number, facts, now);
        var paid = booked with
        {
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
            placed.Region, reserved, now, [], null, until,
            until is { } end ? DeliveryDecider.NextLook(end, now) : now + facts.Settings.ResendAfter);
    }

    /// <summary>
    /// Money that does not match is kept on record; an order that is not paid otherwise goes to review. Its attempts are
    /// followed to their ends, the one that the money was said to be for as well: whether that is paid, its provider knows.
    /// </summary>
    public static Decision InReview(
        OrderCase order, ReceivedPayment payment, ReviewKind kind, string reason, string? evidence, Facts facts,
        DateTimeOffset now)
    {
        var saga = order.Payment!;
        var settled = saga.Status is PaymentStatus.Paid or PaymentStatus.Refunding or PaymentStatus.Refunded;
        var booked = Book(saga, payment with { Use = PaymentUse.Mismatch }, now);
        var (ended, sends) = settled ? (booked, []) : Attempts.End(booked, PaymentStatus.Review, null, facts, now);
        return new(
            order with
            {
                Payment = ReviewCases.Open(ended, kind, reason, now, payment.Number, evidence) with { Reason = reason },
            },
            [.. sends, new SagaFact()]);
    }

    /// <summary>
    /// The provider was asked, and knows the money that was said to have come. What it answers is on record from now on;
    /// where that is another amount than was said, a person sees both.
    /// </summary>
    public static PaymentSaga Confirmed(PaymentSaga saga, ReceivedPayment said, ProviderTrade trade, DateTimeOffset now)
    {
        // What is asked back of it already must stay below it.
        var known = said with { Amount = trade.AmountMinor };
        var confirmed = (RefundDecider.Left(known) < 0 ? said : known) with { Source = "query" };
        var settled = Settle(
            saga with { Payments = [.. saga.Payments.Select(p => ReferenceEquals(p, said) ? confirmed : p)] }, said.Number);
        return (trade.AmountMinor, trade.Currency) == (said.Amount, saga.Order!.Currency)
            ? settled
            : ReviewCases.Open(
                settled, ReviewKind.Unconfirmed, $"The provider says of payment {said.Number} what it did not say before", now,
                said.Number, $"said {said.Amount}, asked {trade.AmountMinor} {trade.Currency}");
    }

    /// <summary>Puts money on record: what asked about it is answered, unless the money is only said to have come.</summary>
    public static PaymentSaga Book(PaymentSaga saga, ReceivedPayment payment, DateTimeOffset now)
    {
        var recorded = saga with { Payments = [.. saga.Payments, payment] };
        var booked = Attempts.IsHearsay(payment) ? recorded : Settle(recorded, payment.Number);
        return payment.Use == PaymentUse.Mismatch
            ? booked
            : ReviewCases.Close(
                booked, c => c.Kind == ReviewKind.StatementMissingHere && c.Number == payment.Number,
                $"Booked by {payment.Source}", now);
    }

    private static PaymentSaga Settle(PaymentSaga saga, string number) => saga with
    {
        Attempts = [.. saga.Attempts.Select(
            a => a.Number == number && a.NextAt is not null ? a with { NextAt = null, Tries = 0 } : a)],
        Claims = saga.Claims is { } claims
            ? [.. claims.Select(c => c.Number == number ? c with { NextAt = null } : c)]
            : null,
    };
}
