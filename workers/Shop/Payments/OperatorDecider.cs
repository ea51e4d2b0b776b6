using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>What operators decide, by the same ways as everything else: each decision once, by its command id.</summary>
public static class OperatorDecider
{
    private const int MaxActs = 50;

    /// <summary>True where this decision was taken in before.</summary>
    public static bool IsRepeat(PaymentSaga? saga, string commandId) => saga?.Acts?.Contains(commandId) == true;

    /// <summary>Who decided it; null for what no operator decided.</summary>
    public static OperatorAct? ActOf(PaymentMessage message) => message switch
    {
        PaymentMessage.OperatorConfirmPaid m => m.By,
        PaymentMessage.OperatorRefund m => m.By,
        PaymentMessage.OperatorDeliver m => m.By,
        PaymentMessage.OperatorDismiss m => m.By,
        PaymentMessage.OperatorHandOver m => m.By,
        PaymentMessage.OperatorReplace m => m.By,
        _ => null,
    };

    /// <summary>Why the order as it stands does not allow the decision; null where it does. For people.</summary>
    public static string? Objection(OrderCase order, PaymentMessage message, Facts facts) => order.Payment is not { } saga
        ? $"No saga of order {message.OrderId}"
        : message switch
        {
            PaymentMessage.OperatorConfirmPaid m => AgainstPaid(saga, m),
            PaymentMessage.OperatorRefund m => AgainstRefund(order, saga, m),
            PaymentMessage.OperatorDeliver => AgainstDelivery(order, saga, facts),
            PaymentMessage.OperatorDismiss => !ReviewCases.OpenOf(saga).Any() ? "The order has no open case"
                : order.Delivery is { Status: DeliveryStatus.Review } ? "Its delivery needs a decision: deliver or refund it"
                : null,
            PaymentMessage.OperatorHandOver => HandOverDecider.AgainstHandOver(order, saga),
            PaymentMessage.OperatorReplace m => HandOverDecider.AgainstReplacement(order, saga, m, facts),
            _ => "Not an operator's decision",
        };

    internal static Decision Decide(OrderCase order, PaymentMessage message, Facts facts, DateTimeOffset now)
    {
        var by = ActOf(message) ?? throw new ArgumentOutOfRangeException(nameof(message), message.GetType(), "Nobody's.");
        if (IsRepeat(order.Payment, by.CommandId) || Objection(order, message, facts) is not null)
        {
            return Decision.NoChange(order);
        }

        var noted = order with { Payment = Note(order.Payment!, by.CommandId) };
        var decision = message switch
        {
            PaymentMessage.OperatorConfirmPaid m => ConfirmPaid(noted, m, facts, now),
            PaymentMessage.OperatorRefund m => Refund(noted, m, facts, now),
            PaymentMessage.OperatorDeliver m => Deliver(noted, m, facts, now),
            PaymentMessage.OperatorDismiss m => Dismiss(noted, m, facts, now),
            PaymentMessage.OperatorHandOver m => HandOverDecider.HandOver(noted, m, now),
            PaymentMessage.OperatorReplace m => HandOverDecider.Replace(noted, m, facts, now),
            _ => throw new ArgumentOutOfRangeException(nameof(message), message.GetType(), "No operator's decision."),
        };
        return decision.Sends.OfType<SagaFact>().Any()
            ? decision
            : decision with { Sends = [.. decision.Sends, new SagaFact()] };
    }

    /// <summary>Remembers the id of what was taken in.</summary>
    internal static PaymentSaga Note(PaymentSaga saga, string id) =>
        saga with { Acts = [.. (saga.Acts ?? []).TakeLast(MaxActs - 1), id] };

    private static string? AgainstPaid(PaymentSaga saga, PaymentMessage.OperatorConfirmPaid m) =>
        saga.Order is not { } placed ? "The order itself is unknown: only its money can be given back"
        : RefundDecider.Covering(saga) is not null ? "The order is paid already"
        : m.Amount != placed.Amount ? Text($"The order costs {placed.Amount} fen, not {m.Amount}")
        : OrderIds.OfProviderNumber(NumberOf(saga, m)) != saga.Id ? $"{m.Number} is no payment number of this order"
        : KnownOf(saga, NumberOf(saga, m)) is { } known
            && (known.Use != PaymentUse.Mismatch || known.Amount != placed.Amount || RefundDecider.Left(known) != known.Amount)
            ? Text($"Payment {known.Number} is on record with {known.Amount} fen, {RefundDecider.Left(known)} not given back")
        : null;

    private static string? AgainstRefund(OrderCase order, PaymentSaga saga, PaymentMessage.OperatorRefund m)
    {
        if (PaymentOf(saga, m.Number) is not { } payment)
        {
            return m.Number is null ? "The order is not paid" : $"No payment {m.Number} is on record";
        }

        var left = RefundDecider.Left(payment);
        return left == 0 ? $"All of payment {payment.Number} is given back, or about to be"
            : m.Amount is < 1 || m.Amount > left ? Text($"Of payment {payment.Number} {left} fen are left to give back")
            : (payment.Refunds?.Count ?? 0) >= RefundDecider.MaxPerPayment ? "No provider takes more refunds of one payment"
            : payment.Use == PaymentUse.Order && order.Delivery is not { Status: DeliveryStatus.Delivered }
                && (m.Amount ?? left) != payment.Amount
                ? "Before its delivery an order is refunded whole or not at all"
            : null;
    }

    private static string? AgainstDelivery(OrderCase order, PaymentSaga saga, Facts facts)
    {
        if (AgainstAnyDelivery(order, saga) is { } objection)
        {
            return objection;
        }

        return saga.Order is { Kind: ProductKind.Manual }
            ? "These are manual goods: 'shopctl order deliver' hands them over"
            : order.Delivery is { Reserved: true } || facts.Available >= saga.Order!.Quantity ? null
            : Text($"Only {facts.Available} of {saga.Order.Quantity} units are available");
    }

    /// <summary>What stands against a delivery of any kind of goods.</summary>
    internal static string? AgainstAnyDelivery(OrderCase order, PaymentSaga saga) =>
        RefundDecider.Covering(saga) is not { } covering
            ? "The order is not paid. Wait for the payment; money that was seen elsewhere is booked by 'shopctl review confirm-paid'"
        : order.Delivery is { Status: DeliveryStatus.Delivered } ? "The order is delivered"
        : RefundDecider.Left(covering) != covering.Amount
            ? "Its money is given back, or about to be: it is delivered only after the provider has finally rejected that"
        : null;

    private static Decision ConfirmPaid(
        OrderCase order, PaymentMessage.OperatorConfirmPaid m, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var number = NumberOf(saga, m);
        var payment = new ReceivedPayment(number, m.Reference, m.Amount, m.By.At, "operator", PaymentUse.Order);
        if (KnownOf(saga, number) is { } known)
        {
            // Money that was on record as a mismatch: it is the same money.
            payment = known with { Use = PaymentUse.Order };
            saga = saga with { Payments = [.. saga.Payments.Where(p => !ReferenceEquals(p, known))] };
        }

        var closed = ReviewCases.Close(saga, _ => true, $"Paid, confirmed by {m.By.Operator}: {m.Reference}", now);
        return MoneyDecider.Pay(order with { Payment = closed }, payment, facts, now);
    }

    private static Decision Refund(
        OrderCase order, PaymentMessage.OperatorRefund m, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var payment = PaymentOf(saga, m.Number)!;
        var closed = order with
        {
            Payment = ReviewCases.Close(
                saga,
                c => c.Number?.StartsWith(payment.Number, StringComparison.Ordinal) == true
                    || (c.Kind is ReviewKind.ShortPick or ReviewKind.ManualOverdue or ReviewKind.RegionLost && payment.Use == PaymentUse.Order),
                $"Refund by {m.By.Operator}: {m.Reason}", now),
        };
        if (payment.Use == PaymentUse.Order && order.Delivery is not { Status: DeliveryStatus.Delivered })
        {
            return RefundDecider.RefundUndelivered(closed, payment.Number, m.Reason, now, default);
        }

        var decision = RefundDecider.RefundOnly(closed, payment, m.Amount ?? RefundDecider.Left(payment), m.Reason, now);
        return ReviewCases.OpenOf(decision.Case.Payment!).Any() ? decision : OutOfReview(decision, facts, now);
    }

    private static Decision Deliver(
        OrderCase order, PaymentMessage.OperatorDeliver m, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var placed = saga.Order!;
        var reserved = order.Delivery is { Reserved: true };
        var delivery = (order.Delivery ?? new(
            saga.Id, DeliveryStatus.Allocating, placed.Sku, placed.Quantity, placed.Region, true, now, [], null, null, null))
            with
        {
            Status = DeliveryStatus.Allocating,
            Reserved = true,
            WaitUntil = null,
            ShortPicks = 0,
            Due = now + facts.Settings.ResendAfter,
        };
        var paid = ReviewCases.Close(saga, _ => true, $"Delivered by {m.By.Operator}", now) with
        {
            Status = PaymentStatus.Paid,
            Reserved = false,
            Reason = $"Delivery ordered by {m.By.Operator}",
        };
        return new(
            new(paid, delivery),
            [new DeliverOrder(saga.Id, 0), new SagaFact()],
            saga.Reserved ? StockDelta.Pay(placed.Quantity)
                : reserved ? default
                : StockDelta.Reserve(placed.Quantity));
    }

    private static Decision Dismiss(
        OrderCase order, PaymentMessage.OperatorDismiss m, Facts facts, DateTimeOffset now)
    {
        var saga = ReviewCases.Close(order.Payment!, _ => true, $"Dismissed by {m.By.Operator}: {m.Reason}", now);
        return OutOfReview(PaymentDecider.Changed(order, saga), facts, now);
    }

    /// <summary>
    /// Nothing is left for a person: an unpaid order ends, a paid one goes on where it stood. A payment that was neither
    /// delivered nor given back keeps its order in review.
    /// </summary>
    private static Decision OutOfReview(Decision decision, Facts facts, DateTimeOffset now)
    {
        var (order, saga) = (decision.Case, decision.Case.Payment!);
        if (saga.Status != PaymentStatus.Review)
        {
            return decision;
        }

        if (RefundDecider.Covering(saga) is { } covering)
        {
            var stands = order.Delivery is not null and not { Status: DeliveryStatus.Withdrawn }
                && RefundDecider.Left(covering) == covering.Amount;
            return stands
                ? decision with { Case = order with { Payment = saga with { Status = PaymentStatus.Paid } } }
                : decision;
        }

        var (ended, closes) = Attempts.End(saga, PaymentStatus.Cancelled, null, facts, now);
        return new(
            order with { Payment = ended with { Reserved = false } },
            [.. decision.Sends, .. closes],
            decision.Stock + AttemptDecider.Release(saga));
    }

    /// <summary>What is on record under the number: the attempt's own money before what was only said.</summary>
    private static ReceivedPayment? KnownOf(PaymentSaga saga, string number) =>
        saga.Payments.Where(p => p.Number == number).OrderBy(Attempts.IsHearsay).FirstOrDefault();

    private static string NumberOf(PaymentSaga saga, PaymentMessage.OperatorConfirmPaid m) =>
        m.Number ?? (saga.Attempts is [.., var last] ? last.Number : OrderIds.ProviderNumber(saga.Id, 1));

    private static ReceivedPayment? PaymentOf(PaymentSaga saga, string? number) => number is null
        ? RefundDecider.Covering(saga)
        : saga.Payments.Where(p => p.Number == number).OrderByDescending(RefundDecider.Left).FirstOrDefault();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
