using CardShop.Contracts;

namespace CardShop.Shopctl.Audit;

/// <summary>What is compared of a notification.</summary>
/// <param name="RefundNumber">Null where it is about the payment.</param>
public sealed record NotificationHead(
    string OrderId, string NotifyId, string Number, NotifiedStatus Status, string? RefundNumber = null);

/// <summary>What the sagas know of it.</summary>
/// <param name="Order">None where the order has no saga.</param>
/// <param name="Listed">Its saga lists it.</param>
/// <param name="Booked">Its saga has money under its number.</param>
/// <param name="Attempted">Its number is one of the saga's attempts, and its provider is not being asked about it.</param>
/// <param name="DeadLettered">It was given up, and lies on shop.dead-letters.v1.</param>
public readonly record struct NotificationTraces(
    OrderTraits Order, bool Listed, bool Booked, bool Attempted, bool DeadLettered);

/// <summary>Invariant 3: a notification that was processed shows in its saga: as money, or in review. Pure.</summary>
public static class NotificationRule
{
    /// <returns>Null is good; a text is the violation.</returns>
    public static string? Check(NotificationHead head, NotificationTraces traces)
    {
        if (traces.Order.HasFlag(OrderTraits.Archived))
        {
            return null;
        }

        if (!traces.Order.HasFlag(OrderTraits.HasPayment))
        {
            return $"{head.OrderId}: a notification, but no saga";
        }

        var recorded = traces.Listed || traces.DeadLettered || traces.Order.HasFlag(OrderTraits.NotificationsFull);
        if (!recorded)
        {
            return $"{head.OrderId}: notification of {head.Number} is not in the saga";
        }

        // A number that is not among the attempts is asked for at the provider before its money is booked.
        var settled = head.Status != NotifiedStatus.Paid || head.RefundNumber is not null || traces.Booked || !traces.Attempted || traces.DeadLettered
            || traces.Order.HasFlag(OrderTraits.Review);
        return settled ? null : $"{head.OrderId}: payment {head.Number} is neither booked nor in review";
    }
}
