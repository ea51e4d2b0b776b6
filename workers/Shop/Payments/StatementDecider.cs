using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// Findings of a reconciliation with a provider's statement: each opens a case, and money that is missing here is asked
/// about at the provider and booked, as a notification that never came would have been.
/// </summary>
internal static class StatementDecider
{
    public static Decision Found(
        OrderCase order, PaymentMessage.StatementFinding m, Facts facts, DateTimeOffset now)
    {
        if (OperatorDecider.IsRepeat(order.Payment, m.FindingId))
        {
            return Decision.NoChange(order);
        }

        var saga = OperatorDecider.Note(
            order.Payment ?? new(m.OrderId, PaymentStatus.Review, null, false, [], [], [], null, "Known by a statement alone"),
            m.FindingId);
        var kind = m.Fault switch
        {
            StatementFault.MissingHere => ReviewKind.StatementMissingHere,
            StatementFault.MissingThere => ReviewKind.StatementMissingThere,
            StatementFault.Differs => ReviewKind.StatementDiffers,
            _ => throw new ArgumentOutOfRangeException(nameof(m), m.Fault, "Unknown fault."),
        };
        var isPayment = OrderIds.OfProviderNumber(m.Number) == m.OrderId;
        if (m.Fault == StatementFault.MissingHere && isPayment && Attempts.IsRecorded(saga, m.Number, m.TradeNo))
        {
            // Booked since the statement was compared.
            return PaymentDecider.Changed(order, saga, new SagaFact());
        }

        var opened = ReviewCases.Open(saga, kind, ReasonOf(m), now, m.Number, m.Evidence);
        if (m.Fault != StatementFault.MissingHere || !isPayment)
        {
            return PaymentDecider.Changed(order, opened, new SagaFact());
        }

        var claim = new PaymentClaim(
            m.Number, m.Channel, m.Profile, m.Amount, m.TradeNo, m.At, "statement",
            saga.Order is null ? null : now + facts.Settings.ResendAfter, Since: now);
        var claimed = ClaimDecider.Note(opened, claim);
        return saga.Order is null
            ? PaymentDecider.Changed(
                order,
                MoneyDecider.Book(
                    claimed with { Status = PaymentStatus.Review },
                    new(m.Number, m.TradeNo, m.Amount, m.At, "statement", PaymentUse.Mismatch), now),
                new SagaFact())
            : PaymentDecider.Changed(order, claimed, new CheckPayment(saga.Id, m.Number, 0), new SagaFact());
    }

    private static string ReasonOf(PaymentMessage.StatementFinding m) => m.Fault switch
    {
        StatementFault.MissingHere => $"The statement of {m.Channel} has {m.Number}, which is not on record here",
        StatementFault.MissingThere => $"{m.Number} is on record here, but not on the statement of {m.Channel}",
        StatementFault.Differs => $"The statement of {m.Channel} has {m.Number} otherwise than it is on record here",
        _ => throw new ArgumentOutOfRangeException(nameof(m), m.Fault, "Unknown fault."),
    };
}
