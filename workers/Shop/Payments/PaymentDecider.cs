using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>
/// The payment saga: reserved → awaiting-payment → paid → (refunding → refunded), or sold-out, refused, expired,
/// cancelled, review. Pure: state, message, facts and time in; state and messages out.
/// Two guards make repeats no-ops: is the state past it, and is it recorded already. Money is always recorded.
/// </summary>
public static class PaymentDecider
{
    public static Decision Decide(OrderCase order, PaymentMessage message, Facts facts, DateTimeOffset now)
    {
        if (ResumeDecider.IsBlank(order.Payment))
        {
            return Dated(order, ResumeDecider.Anew(order, message, facts, now)).Stamped(order);
        }

        var decision = message switch
        {
            PaymentMessage.Placed m => Placed(order, m.Order, facts, now),
            PaymentMessage.Cancel m => Cancel(order, m.Request, facts, now),
            PaymentMessage.SwitchChannel m => AttemptDecider.Switch(order, m.Request, facts, now),
            PaymentMessage.Notified m => NotificationDecider.Notified(order, m.Notification, facts, now),
            PaymentMessage.Requested m => AttemptDecider.Requested(order, m, facts, now),
            PaymentMessage.Checked m => Checked(order, m, facts, now),
            PaymentMessage.CloseAnswered m => AttemptDecider.Closed(order, m, facts, now),
            PaymentMessage.RefundAnswered m => RefundDecider.Answered(order, m, now),
            PaymentMessage.OperatorConfirmPaid or PaymentMessage.OperatorRefund or PaymentMessage.OperatorDeliver
                or PaymentMessage.OperatorDismiss or PaymentMessage.OperatorHandOver
                or PaymentMessage.OperatorReplace => OperatorDecider.Decide(order, message, facts, now),
            PaymentMessage.OperatorResume m => ResumeDecider.Resume(order, m, facts, now),
            PaymentMessage.StatementFinding m => StatementDecider.Found(order, m, facts, now),
            PaymentMessage.Due => Due(order, facts, now),
            PaymentMessage.Unneeded => Decision.NoChange(order),
            _ => throw new ArgumentOutOfRangeException(nameof(message), message.GetType(), "Unknown message."),
        };
        return Dated(order, decision).Stamped(order);
    }

    /// <summary>
    /// What a saga needs done next: the command that starts, resumes and repairs it alike. Null where nothing is to do.
    /// </summary>
    public static object? NextAction(PaymentSaga saga, DateTimeOffset now) =>
        Schedule.Actions(saga, now).Select(a => a.Command).FirstOrDefault();

    internal static Decision Changed(OrderCase order, PaymentSaga saga, params object[] sends) =>
        new(order with { Payment = saga }, sends);

    /// <summary>Whatever a decision leaves to be done has a due time: a lost command is found by the watchdog.</summary>
    internal static Decision Dated(OrderCase before, Decision decision) =>
        decision.Case.Payment is { } saga && !ReferenceEquals(saga, before.Payment)
            && Schedule.Dated(saga) is var dated && !ReferenceEquals(dated, saga)
            ? decision with { Case = decision.Case with { Payment = dated } }
            : decision;

    private static Decision Placed(OrderCase order, OrderPlaced placed, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is { Order: not null })
        {
            return Decision.NoChange(order);
        }

        if (order.Payment is { } tombstone)
        {
            // A cancel or a notification came first: what they decided stands.
            return new(order with { Payment = tombstone with { Order = placed } }, []);
        }

        if (LimitRule.Exceeded(placed, facts) is { } limit)
        {
            return Ended(order, placed, PaymentStatus.Refused, limit);
        }

        if (placed.Kind != ProductKind.Manual && facts.Available < placed.Quantity)
        {
            return Ended(order, placed, PaymentStatus.SoldOut, null);
        }

        if (Attempts.Open(placed, 1, placed.Channel, now + TimeSpan.FromSeconds(placed.HoldSeconds), facts, now)
            is not { } attempt)
        {
            return Ended(order, placed, PaymentStatus.Refused, $"The shop does not take payments by {placed.Channel}");
        }

        var saga = new PaymentSaga(
            placed.OrderId, PaymentStatus.Reserved, placed, LimitRule.HoldsAtOrder(placed, facts), [attempt], [], [], null);
        return new(
            order with { Payment = saga },
            [new RequestPayment(saga.Id, attempt.Number, 0), new SagaFact()],
            saga.Reserved ? StockDelta.Hold(placed.Quantity) : default);
    }

    private static Decision Ended(OrderCase order, OrderPlaced placed, PaymentStatus status, string? reason) => Changed(
        order, new(placed.OrderId, status, placed, false, [], [], [], null, reason), new SagaFact());

    private static Decision Cancel(OrderCase order, OrderCancelRequested request, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { } saga)
        {
            return Changed(order, new(request.OrderId, PaymentStatus.Cancelled, null, false, [], [], [], null));
        }

        if (!Attempts.IsOpen(saga))
        {
            return Decision.NoChange(order);
        }

        // A payment that is under way all the same is recorded when it arrives, and delivered or refunded.
        var (ended, closes) = Attempts.End(saga, PaymentStatus.Cancelled, null, facts, now);
        return new(
            order with { Payment = ended with { Reserved = false } },
            [.. closes],
            AttemptDecider.Release(saga));
    }

    private static Decision Checked(OrderCase order, PaymentMessage.Checked message, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { Order: not null } saga)
        {
            return Decision.NoChange(order);
        }

        if (message.Answer.Trade is not { Status: TradeStatus.Paid } trade)
        {
            return ClaimDecider.Unconfirmed(order, message, facts, now)
                ?? AttemptDecider.Unpaid(order, message, facts, now);
        }

        if (Attempts.Hearsay(saga, message.Number, trade.TradeNo) is { } said)
        {
            return Changed(order, MoneyDecider.Confirmed(saga, said, trade, now), new SagaFact());
        }

        if (Attempts.IsRecorded(saga, message.Number, trade.TradeNo))
        {
            return Decision.NoChange(order);
        }

        var payment = new ReceivedPayment(
            message.Number, trade.TradeNo, trade.AmountMinor, trade.PaidAt ?? now, "query", PaymentUse.Order);
        var received = MoneyDecider.Received(order, payment, trade.Currency, facts, now);
        return received.Sends.OfType<SagaFact>().Any()
            ? received
            : received with { Sends = [.. received.Sends, new SagaFact()] };
    }

    private static Decision Due(OrderCase order, Facts facts, DateTimeOffset now)
    {
        if (order.Payment is not { Due: { } due } saga || due > now)
        {
            return Decision.NoChange(order);
        }

        object[] commands = [.. Schedule.Actions(saga, now).Where(a => a.At <= now).Select(a => a.Command)];
        return Changed(order, Schedule.Postpone(saga, now, facts.Settings.ResendAfter), commands);
    }
}
