using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// The way back out of the review that an unprocessed message put an order into: to where the order stood before, as its
/// own record of attempts and money tells. Cases of other kinds keep it in review.
/// </summary>
internal static class ResumeDecider
{
    /// <summary>
    /// True for the stub of an order of which nothing but an unprocessed message was known, and that message's case is
    /// closed: whatever comes next finds the order as if it were new.
    /// </summary>
    public static bool IsBlank(PaymentSaga? saga) =>
        saga is
        {
            Status: PaymentStatus.Review, Order: null, Attempts.Count: 0, Payments.Count: 0, Claims: null or { Count: 0 },
            Reviews.Count: > 0,
        }
        && !ReviewCases.OpenOf(saga).Any();

    /// <summary>Decides as if there were no saga; what the stub remembers of its past stays.</summary>
    public static Decision Anew(OrderCase order, PaymentMessage message, Facts facts, DateTimeOffset now)
    {
        var stub = order.Payment!;
        var decision = PaymentDecider.Decide(order with { Payment = null }, message, facts, now);
        return decision.Case.Payment is { } begun
            ? decision with
            {
                Case = decision.Case with
                {
                    Payment = begun with
                    {
                        Notifications = [.. stub.Notifications, .. begun.Notifications],
                        Reviews = [.. stub.Reviews!, .. begun.Reviews ?? []],
                        Acts = stub.Acts,
                    },
                },
            }
            : Decision.NoChange(order);
    }

    public static Decision Resume(OrderCase order, PaymentMessage.OperatorResume m, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { } saga || OperatorDecider.IsRepeat(saga, m.By.CommandId)
            || !ReviewCases.OpenOf(saga).Any(IsUnprocessed))
        {
            return Decision.NoChange(order);
        }

        var noted = OperatorDecider.Note(saga, m.By.CommandId);

        // A stub has no course of its own: its case is closed, or the order's own record would only join it.
        var closed = m.OthersLeft && saga.Order is not null
            ? noted
            : ReviewCases.Close(noted, IsUnprocessed, $"Processed again by {m.By.Operator}", now);
        return closed.Status != PaymentStatus.Review || ReviewCases.OpenOf(closed).Any(c => !IsUnprocessed(c))
            ? PaymentDecider.Changed(order, closed, new SagaFact())
            : BackInCourse(order with { Payment = closed }, closed, facts, now);
    }

    private static bool IsUnprocessed(ReviewCase review) => review.Kind == ReviewKind.Poison;

    private static Decision BackInCourse(OrderCase order, PaymentSaga saga, Facts facts, DateTimeOffset now)
    {
        if (saga.Order is not { } placed)
        {
            return PaymentDecider.Changed(order, saga, new SagaFact());
        }

        if (RefundDecider.Covering(saga) is { } covering)
        {
            var refunding = covering.Refunds?.Any(r => r.State == RefundState.Asked) == true;
            var status = refunding ? PaymentStatus.Refunding : PaymentStatus.Paid;
            return PaymentDecider.Changed(order, saga with { Status = status, Reason = null }, new SagaFact());
        }

        if (saga.Attempts is not [.., var current])
        {
            // The order's own record joined the case: it begins now.
            var stub = saga with { Order = null };
            return Anew(order with { Payment = stub }, new PaymentMessage.Placed(placed), facts, now);
        }

        if (current.Closed)
        {
            // Meanwhile its provider has confirmed that nobody can pay it.
            return AttemptDecider.Expire(order, saga with { Reason = null }, facts, now);
        }

        var open = saga with
        {
            Status = current.Link is null ? PaymentStatus.Reserved : PaymentStatus.AwaitingPayment,
            Reason = null,
        };
        return PaymentDecider.Changed(
            order,
            current.NextAt is null ? Attempts.Replace(open, current with { NextAt = now + facts.Settings.ResendAfter }) : open,
            new SagaFact());
    }
}
