using System.Globalization;
using CardShop.Contracts;

namespace CardShop.Tests.Chaos.Verdict;

/// <summary>The design's promises, of each acknowledged order, once everything is at rest. Pure.</summary>
public static class VerdictRules
{
    /// <summary>All that is wrong with one order.</summary>
    /// <param name="documents">Null where the shop has none.</param>
    /// <param name="partner">Null where the partner never heard of it.</param>
    public static IEnumerable<Violation> Of(BuyerHistory buyer, OrderDocuments? documents, BookedMoney money, PartnerView? partner)
    {
        if (documents is null)
        {
            yield return new(1, buyer.OrderId, "it was acknowledged, and the shop does not know it");
            yield break;
        }

        foreach (var violation in End(buyer, documents, money).Concat(Keys(buyer, documents)).Concat(Events(buyer, documents, partner)))
        {
            yield return violation;
        }
    }

    /// <summary>A key belongs to at most one order.</summary>
    public static IEnumerable<Violation> Shared(IEnumerable<(string OrderId, IReadOnlyList<Guid> Keys)> delivered)
    {
        var owners = new Dictionary<Guid, string>();
        foreach (var (order, keys) in delivered)
        {
            foreach (var key in keys)
            {
                if (!owners.TryAdd(key, order))
                {
                    yield return new(2, order, $"the key {key} was sold to {owners[key]} too");
                }
            }
        }
    }

    /// <summary>Does an order with this status still change by itself?</summary>
    public static bool IsAtRest(PaymentStatus payment, DeliveryStatus? delivery) => payment switch
    {
        PaymentStatus.Reserved or PaymentStatus.AwaitingPayment or PaymentStatus.Refunding => false,
        PaymentStatus.Paid => delivery is DeliveryStatus.Delivered or DeliveryStatus.Failed or DeliveryStatus.Review,
        PaymentStatus.Refunded or PaymentStatus.SoldOut or PaymentStatus.Refused or PaymentStatus.Expired
            or PaymentStatus.Cancelled or PaymentStatus.Review => true,
        _ => throw new ArgumentOutOfRangeException(nameof(payment), payment, "Unknown status."),
    };

    private static IEnumerable<Violation> End(BuyerHistory buyer, OrderDocuments documents, BookedMoney money)
    {
        if (!IsAtRest(documents.Payment, documents.Delivery))
        {
            yield return new(5, buyer.OrderId, $"it never came to an end: {documents.Payment}, delivery {documents.Delivery}");
            yield break;
        }

        // Nobody lied and nothing was lost: there is nothing that a person would have to decide.
        if (documents.Payment == PaymentStatus.Review || documents.Delivery is DeliveryStatus.Review or DeliveryStatus.Failed)
        {
            yield return new(5, buyer.OrderId, $"it waits for a person: {documents.Payment}, delivery {documents.Delivery}");
            yield break;
        }

        var due = documents.IsDelivered ? buyer.Amount : 0;
        if (money.Kept != due)
        {
            yield return new(
                3, buyer.OrderId,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"it is {documents.Payment}{(documents.IsDelivered ? " and delivered" : "")}, and the shop keeps {money.Kept} fen instead of {due} (received {money.Received}, returned {money.Returned})"));
        }

        if (documents.IsDelivered && documents.Payment != PaymentStatus.Paid)
        {
            yield return new(4, buyer.OrderId, $"delivered, and its payment is {documents.Payment}");
        }
    }

    private static IEnumerable<Violation> Keys(BuyerHistory buyer, OrderDocuments documents)
    {
        var expected = documents.IsDelivered ? buyer.Quantity : 0;
        if (documents.Keys.Distinct().Count() != expected || documents.Keys.Count != expected)
        {
            yield return new(2, buyer.OrderId, $"it has {documents.Keys.Count} keys instead of {expected}");
        }

        if (buyer.Keys is { } seen && !seen.Order().SequenceEqual(documents.Keys.Order()))
        {
            yield return new(2, buyer.OrderId, "its buyer was shown other keys than it has");
        }
    }

    private static IEnumerable<Violation> Events(BuyerHistory buyer, OrderDocuments documents, PartnerView? partner)
    {
        var delivered = partner?.DeliveredIds ?? 0;
        if (delivered != (documents.IsDelivered ? 1 : 0))
        {
            yield return new(7, buyer.OrderId, $"it is {(documents.IsDelivered ? "" : "not ")}delivered, and the partner read {delivered} OrderDelivered");
        }
        else if (delivered == 1 && !partner!.Keys.Order().SequenceEqual(documents.Keys.Order()))
        {
            yield return new(7, buyer.OrderId, "OrderDelivered names other keys than it has");
        }

        if (documents.Payment == PaymentStatus.Refunded && partner?.IsRefunded != true)
        {
            yield return new(7, buyer.OrderId, "it is refunded, and the partner never heard of it");
        }

        if (documents.Payment == PaymentStatus.Expired && partner?.IsExpired != true)
        {
            yield return new(7, buyer.OrderId, "it is expired, and the partner never heard of it");
        }
    }
}
