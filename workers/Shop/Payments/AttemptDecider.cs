using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>What providers answer about attempts: links, queries without money, closes; and the order's expiry.</summary>
internal static class AttemptDecider
{
    private const int MaxCloseTries = 10;

    public static Decision Requested(
        OrderCase order, PaymentMessage.Requested message, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { } saga || Attempts.Find(saga, message.Number) is not { } attempt)
        {
            return Decision.NoChange(order);
        }

        if (saga.Status != PaymentStatus.Reserved || !Attempts.IsCurrent(saga, attempt))
        {
            return Reopened(order, saga, attempt, message.Answer, facts, now);
        }

        switch (message.Answer)
        {
            case { Result: ChannelResult.Done, Link: { } link }:
                var linked = attempt with { Link = link, Qr = message.Answer.Qr, Tries = 0 };
                linked = linked with { NextAt = Schedule.NextCheck(linked, now, facts.Settings) };
                return PaymentDecider.Changed(
                    order, Attempts.Replace(saga, linked) with { Status = PaymentStatus.AwaitingPayment });
            case { Result: ChannelResult.WrongState }:
                return PaymentDecider.Changed(
                    order, Attempts.Replace(saga, Schedule.TryAgain(attempt, now)),
                    new CheckPayment(saga.Id, attempt.Number, 0));
            case { Result: ChannelResult.Refused } answer:
                var reason = $"{attempt.Channel} refused the payment request: {answer.Code}";
                return InReview(
                    order, Attempts.Replace(saga, attempt with { NextAt = null }), attempt, ReviewKind.RequestRefused,
                    reason, answer.Message, now);
            default:
                return PaymentDecider.Changed(order, Attempts.Replace(saga, Schedule.TryAgain(attempt, now)));
        }
    }

    /// <summary>An answer to a query that shows no payment to book.</summary>
    public static Decision Unpaid(OrderCase order, PaymentMessage.Checked message, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        if (Attempts.Find(saga, message.Number) is not { Closed: false } attempt || Attempts.IsBooked(saga, attempt.Number))
        {
            return Decision.NoChange(order);
        }

        var answer = message.Answer;
        if (answer.Trade is { Status: TradeStatus.Closed } trade)
        {
            var closed = Attempts.Replace(saga, attempt with { Closed = true, NextAt = null, Tries = 0 });
            if (trade.PaidAt is not null || trade.RefundedMinor > 0)
            {
                closed = ReviewCases.Open(
                    closed, ReviewKind.UnknownRefund, $"{attempt.Channel} was paid {attempt.Number} and gave it back unasked",
                    now, attempt.Number, $"paid at {trade.PaidAt:O}, {trade.RefundedMinor} of {trade.AmountMinor} given back");
            }

            return Attempts.IsCurrent(saga, attempt)
                ? Expire(order, closed, facts, now)
                : Ended(order, closed);
        }

        if (!Attempts.IsCurrent(saga, attempt))
        {
            return Decision.NoChange(order);
        }

        var unproven = answer.Result is ChannelResult.Unknown or ChannelResult.Refused || now >= attempt.ExpiresAt;
        return PaymentDecider.Changed(
            order,
            Attempts.Replace(
                saga,
                unproven
                    ? Schedule.TryAgain(attempt, now)
                    : attempt with { Tries = 0, NextAt = Schedule.NextCheck(attempt, now, facts.Settings) }));
    }

    public static Decision Closed(
        OrderCase order, PaymentMessage.CloseAnswered message, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { } saga || Attempts.Find(saga, message.Number) is not { Closed: false } attempt)
        {
            return Decision.NoChange(order);
        }

        var current = Attempts.IsCurrent(saga, attempt);
        switch (message.Answer.Result)
        {
            case ChannelResult.Done or ChannelResult.NotFound:
                var closed = Attempts.Replace(saga, attempt with { Closed = true, NextAt = null, Tries = 0 });
                return current ? Expire(order, closed, facts, now) : Ended(order, closed);
            case ChannelResult.WrongState when !Attempts.IsBooked(saga, attempt.Number):
                return Unclosable(order, saga, attempt, current, now);
            case ChannelResult.WrongState:
                return Decision.NoChange(order);
            default:
                // A provider that does not answer cannot hold the stock for ever: a late payment is recorded all the same.
                return !current
                        ? Attempts.IsBooked(saga, attempt.Number) || attempt.NextAt is null
                            ? Decision.NoChange(order)
                            : PaymentDecider.Changed(order, Attempts.Replace(saga, Schedule.Later(attempt, now)))
                    : attempt.Tries >= MaxCloseTries
                        ? Expire(order, Attempts.Replace(saga, Schedule.Later(attempt, now)), facts, now)
                        : PaymentDecider.Changed(order, Attempts.Replace(saga, Schedule.TryAgain(attempt, now)));
        }
    }

    /// <summary>Closes the attempt that the buyer leaves, and opens the next; the order's expiry stays.</summary>
    public static Decision Switch(OrderCase order, ChannelSwitchRequested request, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { Order: { } placed } saga || !Attempts.IsOpen(saga)
            || saga.Attempts[^1] is not { } left || left.Channel == request.Channel || now >= left.ExpiresAt
            || saga.Attempts.Count >= facts.Settings.MaxAttempts
            || Attempts.Open(placed, saga.Attempts.Count + 1, request.Channel, left.ExpiresAt, facts, now) is not { } next)
        {
            return Decision.NoChange(order);
        }

        var leaving = Attempts.Replace(saga, left with { NextAt = now + facts.Settings.ResendAfter, Tries = 0 });
        return PaymentDecider.Changed(
            order,
            leaving with { Status = PaymentStatus.Reserved, Attempts = [.. leaving.Attempts, next] },
            new ClosePayment(saga.Id, left.Number, 0), new RequestPayment(saga.Id, next.Number, 0), new SagaFact());
    }

    public static StockDelta Release(PaymentSaga saga) =>
        saga is { Reserved: true, Order: { } placed } ? StockDelta.ReleaseHeld(placed.Quantity) : default;

    /// <summary>The end of an unpaid order. Attempts that its provider has not closed are followed on.</summary>
    public static Decision Expire(OrderCase order, PaymentSaga saga, Facts facts, DateTimeOffset now)
    {
        var placed = saga.Order!;
        var followed = saga.Attempts.Where(a => a is { Closed: false, NextAt: null } && !Attempts.IsBooked(saga, a.Number))
            .Select(a => a.Number).ToHashSet();
        return new(
            order with
            {
                Payment = saga with
                {
                    Status = PaymentStatus.Expired,
                    Reserved = false,
                    Attempts =
                    [
                        .. saga.Attempts.Select(a => followed.Contains(a.Number)
                            ? a with { NextAt = now + facts.Settings.ResendAfter }
                            : a),
                    ],
                },
            },
            [new OrderExpired(saga.Id, placed.Sku, placed.Quantity, now, 0), new SagaFact()],
            Release(saga));
    }

    /// <summary>
    /// A trade that came into being at the provider although the order needs it no more: its close may have come before
    /// it, so it is closed again.
    /// </summary>
    private static Decision Reopened(
        OrderCase order, PaymentSaga saga, PaymentAttempt attempt, ChannelAnswer answer, Facts facts, DateTimeOffset now) =>
        answer is { Result: ChannelResult.Done, Link: { } link } && attempt is { Link: null }
            && !Attempts.IsBooked(saga, attempt.Number) && !Attempts.IsCurrent(saga, attempt)
            ? PaymentDecider.Changed(
                order,
                Attempts.Replace(
                    saga,
                    attempt with { Link = link, Closed = false, Tries = 0, NextAt = now + facts.Settings.ResendAfter }),
                new ClosePayment(saga.Id, attempt.Number, 0))
            : Decision.NoChange(order);

    /// <summary>An attempt of an order that waits no more is closed. In review, that frees what nobody can pay any more.</summary>
    private static Decision Ended(OrderCase order, PaymentSaga saga) =>
        saga is { Status: PaymentStatus.Review, Reserved: true, Payments.Count: 0 } && saga.Attempts.All(a => a.Closed)
            ? new(order with { Payment = saga with { Reserved = false } }, [new SagaFact()], Release(saga))
            : PaymentDecider.Changed(order, saga);

    /// <summary>
    /// What cannot be closed may be paid: the provider is asked. One that says neither, again and again, must not hold
    /// the stock for ever.
    /// </summary>
    private static Decision Unclosable(
        OrderCase order, PaymentSaga saga, PaymentAttempt attempt, bool current, DateTimeOffset now)
    {
        var check = new CheckPayment(saga.Id, attempt.Number, 0);
        if (!current)
        {
            return attempt.NextAt is null
                ? new(order, [check])
                : PaymentDecider.Changed(order, Attempts.Replace(saga, Schedule.Later(attempt, now)), check);
        }

        if (attempt.Tries < 2 * MaxCloseTries)
        {
            return PaymentDecider.Changed(order, Attempts.Replace(saga, Schedule.TryAgain(attempt, now)), check);
        }

        var reason = $"{attempt.Channel} neither closes the trade nor says that it is paid";
        return InReview(
            order, Attempts.Replace(saga, attempt with { NextAt = null }), attempt, ReviewKind.Unclosable, reason, null, now);
    }

    private static Decision InReview(
        OrderCase order, PaymentSaga saga, PaymentAttempt attempt, ReviewKind kind, string reason, string? evidence,
        DateTimeOffset now) => new(
        order with
        {
            Payment = ReviewCases.Open(saga, kind, reason, now, attempt.Number, evidence) with
            {
                Status = PaymentStatus.Review,
                Reserved = false,
                Reason = reason,
            },
        },
        [new SagaFact()],
        Release(saga));
}
