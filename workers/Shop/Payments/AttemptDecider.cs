using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>What providers answer about attempts: links, queries without money, closes; and the order's expiry.</summary>
internal static class AttemptDecider
{
    private const int MaxCloseTries = 10;

    /// <summary>
    /// A request that is refused so near the end of its time came too late: providers count in whole seconds, by clocks of their own.
    /// The order expires as any other, and is no case for a person.
    /// </summary>
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(10);

    /// <summary>How long after its end an order waits for an absent provider before its stock is free again.</summary>
    private static readonly TimeSpan AwayGrace = TimeSpan.FromMinutes(5);

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
                var linked = attempt with { Link = link, Qr = message.Answer.Qr, Tries = 0, OpenSince = saga.Version + 1 };
                linked = linked with { NextAt = Schedule.NextCheck(linked, now, facts.Settings) };
                return PaymentDecider.Changed(
                    order, Attempts.Replace(saga, linked) with { Status = PaymentStatus.AwaitingPayment });
            case { Result: ChannelResult.WrongState }:
                return PaymentDecider.Changed(
                    order, Attempts.Replace(saga, Schedule.TryAgain(attempt, now)),
                    new CheckPayment(saga.Id, attempt.Number, 0));
            case { Result: ChannelResult.Refused } answer when now < attempt.ExpiresAt - TooLate:
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
        if (attempt.Link is null && Attempts.IsCurrent(saga, attempt) && Lost(answer) is { } ended
            && Leave(order, saga, attempt with { Closed = ended }, attempt.Channel, facts, now) is { } next)
        {
            return next;
        }

        if (answer.Trade is { Status: TradeStatus.Closed } trade)
        {
            return ClosedThere(order, saga, attempt, trade, facts, now);
        }

        return Attempts.IsCurrent(saga, attempt) || Attempts.IsAsked(saga, attempt, now)
            ? PaymentDecider.Changed(order, Attempts.Replace(saga, Waiting(attempt, answer, facts, now)))
            : Decision.NoChange(order);
    }

    public static Decision Closed(
        OrderCase order, PaymentMessage.CloseAnswered message, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { } saga || Attempts.Find(saga, message.Number) is not { Closed: false } attempt)
        {
            return Decision.NoChange(order);
        }

        if (message.SagaVersion < attempt.OpenSince)
        {
            // Asked before the trade was there, and told after it: the close that is due asks again.
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
                return !current && (Attempts.IsBooked(saga, attempt.Number) || attempt.NextAt is null)
                    ? Decision.NoChange(order)
                    : Unclosed(order, saga, attempt, message.Answer, facts, now);
        }
    }

    /// <summary>Closes the attempt that the buyer leaves, and opens the next; the order's expiry stays.</summary>
    public static Decision Switch(OrderCase order, ChannelSwitchRequested request, Facts facts, DateTimeOffset now)
    {
        return order.Payment is { } saga && Attempts.IsOpen(saga) && saga.Attempts[^1] is { } left
            && left.Channel != request.Channel && !(request.RequestedAt <= saga.SwitchedAt)
            ? Leave(order, saga with { SwitchedAt = request.RequestedAt }, left, request.Channel, facts, now) ?? Decision.NoChange(order)
            : Decision.NoChange(order);
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
    /// Leaves the last attempt and opens the next, until the same time. The one that is left is closed, and followed until
    /// its provider has confirmed that: money that comes for it is the order's too.
    /// </summary>
    /// <returns>Null where there is none to open: the time is over, the limit reached, or the channel not offered.</returns>
    private static Decision? Leave(
        OrderCase order, PaymentSaga saga, PaymentAttempt left, string channel, Facts facts, DateTimeOffset now)
    {
        if (saga.Order is not { } placed || now >= left.ExpiresAt || saga.Attempts.Count >= facts.Settings.MaxAttempts
            || Attempts.Open(placed, saga.Attempts.Count + 1, channel, left.ExpiresAt, facts, now) is not { } next)
        {
            return null;
        }

        var leaving = Attempts.Replace(
            saga, left with { NextAt = left.Closed ? null : now + facts.Settings.ResendAfter, Tries = 0 });
        object[] sends = [new RequestPayment(saga.Id, next.Number, 0), new SagaFact()];
        return PaymentDecider.Changed(
            order,
            leaving with { Status = PaymentStatus.Reserved, Attempts = [.. leaving.Attempts, next] },
            left.Closed ? sends : [new ClosePayment(saga.Id, left.Number, 0), .. sends]);
    }

    /// <summary>Its provider has closed it, unpaid, or paid and given back.</summary>
    private static Decision ClosedThere(
        OrderCase order, PaymentSaga saga, PaymentAttempt attempt, ProviderTrade trade, Facts facts, DateTimeOffset now)
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

    /// <summary>The attempt after an answer to a query that shows neither money nor an end.</summary>
    private static PaymentAttempt Waiting(PaymentAttempt attempt, ChannelAnswer answer, Facts facts, DateTimeOffset now)
    {
        var isOver = now >= attempt.ExpiresAt;
        return isOver && ProviderFailures.IsAway(answer) ? Schedule.Awaited(attempt, now, facts.Settings.ResendAfter)
            : isOver || answer.Result is ChannelResult.Unknown or ChannelResult.Refused ? Schedule.TryAgain(attempt, now)
            : attempt with { Tries = 0, NextAt = Schedule.NextCheck(attempt, now, facts.Settings) };
    }

    /// <summary>
    /// Whether the answer about an attempt without a link says that it will never have one: it was not paid, and a create
    /// under its number was refused before, so the answer with the link is lost. Another attempt is to be opened.
    /// </summary>
    /// <returns>True where its trade is closed already, false where it may be open; null where the answer proves nothing.</returns>
    private static bool? Lost(ChannelAnswer answer) => answer switch
    {
        { Trade: { Status: TradeStatus.Closed, PaidAt: null, RefundedMinor: 0 } } => true,
        { Trade.Status: TradeStatus.Waiting } or { Result: ChannelResult.NotFound } => false,
        _ => null,
    };

    /// <summary>
    /// The provider has not closed it. Where nothing can before its time, it is closed again at that time. An absent
    /// provider has decided nothing, so its failures do not count; yet it cannot hold the stock for ever, nor can one that
    /// never says anything: a late payment is recorded all the same.
    /// </summary>
    private static Decision Unclosed(
        OrderCase order, PaymentSaga saga, PaymentAttempt attempt, ChannelAnswer answer, Facts facts, DateTimeOffset now)
    {
        var current = Attempts.IsCurrent(saga, attempt);
        if (answer.Code == ChannelCodes.StillOpen && now < attempt.ExpiresAt)
        {
            return PaymentDecider.Changed(
                order, Attempts.Replace(saga, attempt with { NextAt = attempt.ExpiresAt, Tries = 0 }));
        }

        var isAway = ProviderFailures.IsAway(answer);
        var gone = isAway ? now >= attempt.ExpiresAt + AwayGrace : attempt.Tries >= MaxCloseTries;
        var next = isAway && !(current && gone)
                ? Schedule.Awaited(attempt, now, current ? facts.Settings.ResendAfter : facts.Settings.CheckEvery)
            : current && !gone ? Schedule.TryAgain(attempt, now)
            : Schedule.Later(attempt, now);
        var tried = Attempts.Replace(saga, next);
        return current && gone ? Expire(order, tried, facts, now) : PaymentDecider.Changed(order, tried);
    }

    /// <summary>
    /// A trade that came, or may have come, into being at the provider although the order needs it no more: its close may have
    /// come before it, so it is closed again. Where nobody knows, a call may still be under way: the close waits for its end.
    /// </summary>
    private static Decision Reopened(
        OrderCase order, PaymentSaga saga, PaymentAttempt attempt, ChannelAnswer answer, Facts facts, DateTimeOffset now)
    {
        var link = answer.Result == ChannelResult.Done ? answer.Link : null;
        var unknown = answer.Result is ChannelResult.Unknown or ChannelResult.WrongState;
        if (attempt.Link is not null || Attempts.IsBooked(saga, attempt.Number) || Attempts.IsCurrent(saga, attempt)
            || (link is null && !unknown))
        {
            return Decision.NoChange(order);
        }

        var open = attempt with
        {
            Link = link,
            Closed = false,
            Tries = 0,
            NextAt = link is null && !attempt.Closed && attempt.NextAt is { } due ? due : now + facts.Settings.ResendAfter,
            OpenSince = saga.Version + 1,
        };
        object[] sends = link is null ? [] : [new ClosePayment(saga.Id, attempt.Number, 0)];
        return PaymentDecider.Changed(order, Attempts.Replace(saga, open), sends);
    }

    /// <summary>An attempt of an order that waits no more is closed. In review, that frees what nobody can pay any more.</summary>
    private static Decision Ended(OrderCase order, PaymentSaga saga) =>
        saga is { Status: PaymentStatus.Review, Reserved: true, Payments.Count: 0 } && saga.Attempts.All(a => a.Closed)
            ? new(order with { Payment = saga with { Reserved = false } }, [new SagaFact()], Release(saga))
            : PaymentDecider.Changed(order, saga);

    /// <summary>
    /// What cannot be closed may be paid: the provider is asked. One that says neither, again and again, must not hold
    /// the stock for ever. Tries alone prove nothing: one command may come many times before the answer to the question.
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

        if (attempt.Tries < 2 * MaxCloseTries || now < attempt.ExpiresAt + AwayGrace)
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
