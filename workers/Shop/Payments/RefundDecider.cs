using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>
/// Refunds, per payment, in whole or in part, each followed to its end. One arbiter of refund against delivery: the
/// payment that covers an undelivered order is refunded only after its DeliverySaga was moved to withdrawn, in the same
/// transaction, under both rows' locks.
/// </summary>
internal static class RefundDecider
{
    /// <summary>With doubled waits up to a day these are some days: then a person is told, and it is asked on daily.</summary>
    private const int TriesBeforeReview = 18;

    /// <summary>Providers take at most 50 refunds of one payment.</summary>
    public const int MaxPerPayment = 50;

    private const int LongestReason = 80;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(60);

    /// <summary>What of a payment is neither given back nor about to be.</summary>
    public static long Left(ReceivedPayment payment) =>
        payment.Amount - (payment.Refunds ?? []).Where(r => r.State != RefundState.Rejected).Sum(r => r.Amount);

    /// <summary>The payment that the order stands on.</summary>
    public static ReceivedPayment? Covering(PaymentSaga saga) => saga.Payments.FirstOrDefault(p => p.Use == PaymentUse.Order);

    /// <summary>A second payment goes back without touching the delivery.</summary>
    public static Decision Surplus(OrderCase order, ReceivedPayment payment, Facts facts, DateTimeOffset now)
    {
        var (asked, refund) = Ask(
            order.Payment!, payment with { Use = PaymentUse.Surplus }, payment.Amount, "The order was paid already", now);
        var (ended, closes) = Attempts.End(
            MoneyDecider.Book(order.Payment!, asked, now), order.Payment!.Status, payment.Number, facts, now);
        return new(
            order with { Payment = ended },
            [new RefundPayment(ended.Id, asked.Number, refund.Number, 0), .. closes, new SagaFact()]);
    }

    /// <summary>
    /// Withdraws the delivery (a tombstone where there is none) and asks for the whole refund. A delivered order is left
    /// alone.
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

        // A mismatch may be on record under the same number: only what pays the order is given back here.
        var covering = saga.Payments.First(p => p.Number == number && p.Use == PaymentUse.Order);
        var (asked, refund) = Ask(saga, covering, Left(covering), reason, now);
        return PaymentDecider.Dated(order, new(
            new(
                Replace(saga, covering, asked) with { Status = PaymentStatus.Refunding, Reason = reason },
                withdrawn),
            [new RefundPayment(saga.Id, number, refund.Number, 0), new SagaFact()],
            stock));
    }

    /// <summary>A refund that leaves the delivery as it is: of a delivered order, or of money that pays none.</summary>
    public static Decision RefundOnly(
        OrderCase order, ReceivedPayment payment, long amount, string reason, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var (asked, refund) = Ask(saga, payment, amount, reason, now);
        var whole = payment.Use == PaymentUse.Order && Left(asked) == 0;
        return PaymentDecider.Changed(
            order,
            Replace(saga, payment, asked) with { Status = whole ? PaymentStatus.Refunding : saga.Status },
            new RefundPayment(saga.Id, payment.Number, refund.Number, 0), new SagaFact());
    }

    public static Decision Answered(OrderCase order, PaymentMessage.RefundAnswered message, DateTimeOffset now)
    {
        if (order.Payment is not { } saga || Find(saga, message.RefundNumber) is not var (payment, refund)
            || payment.Number != message.Number || refund.State == RefundState.Done
            || (refund.State == RefundState.Rejected && message.Answer.Result != ChannelResult.Done))
        {
            return Decision.NoChange(order);
        }

        // Of two calls under way one may have been refused and the other done: then the money has moved.

        return message.Answer.Result switch
        {
            ChannelResult.Done => Done(order, payment, refund, now),
            ChannelResult.Refused => Rejected(order, payment, refund, message.Answer.Code, now),
            ChannelResult.Unknown or ChannelResult.WrongState or ChannelResult.NotFound when message.SagaVersion < saga.Version =>
                // A repeat of a call that was answered, or one that was asked for before something else happened: with each
                // counted as a try, one command that comes many times would put the next question off by a day.
                Decision.NoChange(order),
            ChannelResult.Unknown or ChannelResult.WrongState or ChannelResult.NotFound =>
                UnderWay(order, payment, refund, message.Answer, now),
            _ => throw new ArgumentOutOfRangeException(nameof(message), message.Answer.Result, "Unknown result."),
        };
    }

    /// <summary>The provider says by itself how a refund ended. Null fields: it says only that there was one.</summary>
    /// <param name="order">With the notification noted.</param>
    public static Decision Notified(OrderCase order, PaymentNotification n, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var found = Find(saga, n.RefundNumber!);
        if (found is not var (payment, refund) || (n.RefundAmount is { } amount && amount != refund.Amount))
        {
            return PaymentDecider.Changed(
                order,
                ReviewCases.Open(
                    saga, ReviewKind.UnknownRefund,
                    found is null ? "A refund that was not asked for" : "A refund of another amount than asked for",
                    now, n.RefundNumber, $"{n.Channel} {n.Number}: {n.RefundAmount}, done: {n.RefundDone}"),
                new SagaFact());
        }

        if (n.QueryFirst == true && refund.State == RefundState.Asked && n.RefundDone is not null)
        {
            // The same call again tells how it ended.
            var asked = Replace(saga, payment, Replace(payment, refund with { NextAt = now + FirstWait }));
            return PaymentDecider.Changed(order, asked, new RefundPayment(saga.Id, payment.Number, refund.Number, 0));
        }

        return (refund.State, n.RefundDone) switch
        {
            // A rejection that is taken back is good news, and money moved: both ways it is on record.
            (RefundState.Asked or RefundState.Rejected, true) => Done(order, payment, refund, now),
            (RefundState.Asked, false) => Rejected(order, payment, refund, "notified", now),
            _ => PaymentDecider.Changed(order, saga),
        };
    }

    private static Decision UnderWay(
        OrderCase order, ReceivedPayment payment, PaymentRefund refund, ChannelAnswer answer, DateTimeOffset now)
    {
        var next = Replace(order.Payment!, payment, Replace(
            payment, refund with { Tries = refund.Tries + 1, NextAt = now + Schedule.RefundWait(refund.Tries) }));
        if (refund.Tries < TriesBeforeReview)
        {
            return PaymentDecider.Changed(order, next);
        }

        var reason = $"The provider has not finished refund {refund.Number}";
        var opened = ReviewCases.Open(next, ReviewKind.RefundUnfinished, reason, now, refund.Number, answer.Code);
        return PaymentDecider.Changed(
            order, opened with { Status = AfterFailure(order, payment), Reason = reason },
            ReferenceEquals(opened, next) ? [] : [new SagaFact()]);
    }

    private static Decision Done(OrderCase order, ReceivedPayment payment, PaymentRefund refund, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var settled = Replace(payment, refund with { State = RefundState.Done, NextAt = null });
        var next = ReviewCases.Close(
            Replace(saga, payment, settled),
            c => c.Number == refund.Number && c.Kind is ReviewKind.RefundRejected or ReviewKind.RefundUnfinished,
            "The provider has refunded it", now);
        if (payment.Use != PaymentUse.Order || GivenBack(settled) < payment.Amount || GivenBack(payment) >= payment.Amount)
        {
            // A part, or more than the whole, which partners have been told of already.
            return PaymentDecider.Changed(order, next, new SagaFact());
        }

        // Reopened after a rejection that the provider then took back: nothing may be delivered any more.
        var placed = saga.Order!;
        var stock = order.Delivery is { Reserved: true } ? StockDelta.ReleasePaid(placed.Quantity) : default;
        var delivery = order.Delivery is null or { Status: DeliveryStatus.Delivered or DeliveryStatus.Withdrawn }
            ? order.Delivery
            : order.Delivery with { Status = DeliveryStatus.Withdrawn, Reserved = false, Due = null, WaitUntil = null };
        return new(
            new(next with { Status = PaymentStatus.Refunded }, delivery),
            [
                new OrderRefunded(saga.Id, placed.Sku, placed.Quantity, payment.Amount, placed.Currency, now, 0),
                new SagaFact(),
            ],
            stock);
    }

    private static Decision Rejected(
        OrderCase order, ReceivedPayment payment, PaymentRefund refund, string? code, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var reason = $"The provider rejected refund {refund.Number}: {code}";
        var next = Replace(saga, payment, Replace(payment, refund with { State = RefundState.Rejected, NextAt = null }));
        return PaymentDecider.Changed(
            order,
            ReviewCases.Open(next, ReviewKind.RefundRejected, reason, now, refund.Number, code) with
            {
                Status = AfterFailure(order, payment),
                Reason = reason,
            },
            new SagaFact());
    }

    /// <summary>An undelivered order whose money does not go back needs a person; a delivered one stands as paid.</summary>
    private static PaymentStatus AfterFailure(OrderCase order, ReceivedPayment payment) =>
        payment.Use != PaymentUse.Order ? order.Payment!.Status
        : order.Delivery is { Status: DeliveryStatus.Delivered } ? PaymentStatus.Paid
        : PaymentStatus.Review;

    private static long GivenBack(ReceivedPayment payment) =>
        (payment.Refunds ?? []).Where(r => r.State == RefundState.Done).Sum(r => r.Amount);

    /// <summary>The next refund of a payment: its number says which payment, and which of its refunds.</summary>
    private static (ReceivedPayment Payment, PaymentRefund Refund) Ask(
        PaymentSaga saga, ReceivedPayment payment, long amount, string reason, DateTimeOffset now)
    {
        // A mismatch may be on record under the same number: its refunds count too.
        var place = saga.Payments.Where(p => p.Number == payment.Number).Sum(p => p.Refunds?.Count ?? 0) + 1;
        var refund = new PaymentRefund(
            payment.Number + "R" + place.ToString(CultureInfo.InvariantCulture), amount, RefundState.Asked, now,
            reason.Length > LongestReason ? reason[..LongestReason] : reason, NextAt: now + FirstWait);
        return (payment with { Refunds = [.. payment.Refunds ?? [], refund] }, refund);
    }

    private static (ReceivedPayment Payment, PaymentRefund Refund)? Find(PaymentSaga saga, string refundNumber)
    {
        foreach (var payment in saga.Payments)
        {
            if (payment.Refunds?.FirstOrDefault(r => r.Number == refundNumber) is { } refund)
            {
                return (payment, refund);
            }
        }

        return null;
    }

    private static ReceivedPayment Replace(ReceivedPayment payment, PaymentRefund refund) => payment with
    {
        Refunds = [.. payment.Refunds!.Select(r => r.Number == refund.Number ? refund : r)],
    };

    private static PaymentSaga Replace(PaymentSaga saga, ReceivedPayment old, ReceivedPayment payment) => saga with
    {
        Payments = [.. saga.Payments.Select(p => ReferenceEquals(p, old) ? payment : p)],
    };
}
