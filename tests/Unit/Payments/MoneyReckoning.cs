using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;

namespace CardShop.Tests.Unit.Payments;

/// <summary>When all has come to rest: where every order stands, and where every fen is that providers took.</summary>
/// <param name="lies">By number, how often a provider said what was not so.</param>
/// <param name="reached">Gets what the histories came to.</param>
internal sealed class MoneyReckoning(
    ModelShop shop, ModelProvider provider, IReadOnlyDictionary<string, int> lies, HashSet<string> reached)
{
    /// <summary>Invariants 3, 4 and 5, and the books to the fen.</summary>
    public void Reckon()
    {
        foreach (var (id, saga) in shop.Payments)
        {
            var delivery = shop.Deliveries.GetValueOrDefault(id);
            Require(
                saga.Status is not (PaymentStatus.Reserved or PaymentStatus.AwaitingPayment or PaymentStatus.Refunding),
                $"{id} is left {saga.Status}");
            Require(
                saga.Status != PaymentStatus.Paid || delivery is { Status: DeliveryStatus.Delivered or DeliveryStatus.Review },
                $"{id} is paid, its delivery {delivery?.Status}");
            Require(
                saga.Attempts.All(a => a.Closed || provider.Find(a.Number) is not { Status: TradeStatus.Waiting }),
                $"{id} can still be paid");
            foreach (var attempt in saga.Attempts)
            {
                Books(saga, delivery, attempt);
            }

            reached.Add(saga.Status.ToString());
            reached.Add($"attempts {saga.Attempts.Count}");
            if (delivery is not null)
            {
                reached.Add(delivery.Status.ToString());
            }
        }
    }

    private void Books(PaymentSaga saga, DeliverySaga? delivery, PaymentAttempt attempt)
    {
        var trade = provider.Find(attempt.Number);
        var booked = saga.Payments.Where(p => p.Number == attempt.Number).ToList();
        if (trade is not { Status: TradeStatus.Paid })
        {
            Require(
                booked.TrueForAll(Attempts.IsHearsay) && booked.Count <= lies.GetValueOrDefault(attempt.Number),
                $"{attempt.Number} is on record, but was never paid");
            if (booked.Count > 0 && attempt.Closed)
            {
                reached.Add("said of another's, and closed");
            }

            return;
        }

        OnRecord(attempt.Number, booked, trade);
        var payment = booked.Find(p => p.Use != PaymentUse.Mismatch) ?? booked[0];
        var refunds = booked.SelectMany(p => p.Refunds ?? []).ToList();
        var done = refunds.Where(r => r.State == RefundState.Done).Sum(r => r.Amount);
        Require(done == provider.RefundedOf(attempt.Number), $"{attempt.Number}: {done} refunded here, the provider says other");
        Require(done <= trade.AmountMinor, $"{attempt.Number}: more went back than came");
        Require(refunds.TrueForAll(r => r.State != RefundState.Asked), $"{attempt.Number}: a refund is left open");
        Require(refunds.Select(r => r.Number).Distinct().Count() == refunds.Count, "two refunds have one number");
        var standsFor = done == trade.AmountMinor ? "refunded"
            : payment.Use == PaymentUse.Order && delivery is { Status: DeliveryStatus.Delivered } ? "delivered"
            : payment.Use == PaymentUse.Mismatch || refunds.Exists(r => r.State == RefundState.Rejected)
                || delivery is { Status: DeliveryStatus.Review } ? "review"
            : null;
        Require(
            standsFor is not null,
            $"{trade.AmountMinor - done} fen of {attempt.Number} ({payment.Use}) are nowhere: {saga.Status}, {delivery?.Status}");
        Note(payment, delivery, refunds.Count);
        Note(booked, saga);
    }

    private void OnRecord(string number, List<ReceivedPayment> booked, ProviderTrade trade)
    {
        // A notification that contradicts what is booked keeps a record of its own, for a person.
        Require(booked.Count >= 1, $"{number} was paid and is not on record");
        Require(
            booked.Count(p => p.Use != PaymentUse.Mismatch) <= 1 && booked.Count <= 1 + lies.GetValueOrDefault(number),
            $"{number} was paid once and is on record {booked.Count} times");
        var own = booked.FindAll(p => !Attempts.IsHearsay(p));
        Require(own.Count > 0, $"{number} was paid, and nobody asked about it");
        Require(
            own.Exists(p => p.Amount == trade.AmountMinor || p.Refunds is not null),
            $"{number} was paid {trade.AmountMinor}, and only other amounts are on record");
    }

    private void Note(IReadOnlyList<ReceivedPayment> booked, PaymentSaga saga)
    {
        if (booked.Any(Attempts.IsHearsay) && saga.Status == PaymentStatus.Review)
        {
            reached.Add("said of another's, and paid");
        }

        if (ReviewCases.OpenOf(saga).Any(c => c.Kind == ReviewKind.Unconfirmed)
            && booked.Any(p => p is { Use: PaymentUse.Mismatch, Source: "query" }))
        {
            reached.Add("corrected");
        }
    }

    private void Note(ReceivedPayment payment, DeliverySaga? delivery, int refunds)
    {
        if (payment.Use == PaymentUse.Surplus)
        {
            reached.Add("surplus");
        }

        if (refunds > 1 && payment.Use == PaymentUse.Order)
        {
            reached.Add("refunded in parts");
        }

        if (refunds > 0 && payment.Use == PaymentUse.Order && delivery is { Status: DeliveryStatus.Delivered })
        {
            reached.Add("refund after delivery");
        }
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }
}
