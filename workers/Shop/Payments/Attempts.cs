using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>An order's attempts to be paid: opened one after the other, each closed when the order needs it no more.</summary>
internal static class Attempts
{
    /// <summary>True while the order waits to be paid.</summary>
    public static bool IsOpen(PaymentSaga saga) => saga.Status is PaymentStatus.Reserved or PaymentStatus.AwaitingPayment;

    /// <summary>True for the attempt whose link the buyer is shown.</summary>
    public static bool IsCurrent(PaymentSaga saga, PaymentAttempt attempt) =>
        IsOpen(saga) && saga.Attempts[^1].Number == attempt.Number;

    public static PaymentAttempt? Find(PaymentSaga saga, string number) =>
        saga.Attempts.FirstOrDefault(a => a.Number == number);

    /// <summary>
    /// True for money that was only said to have come, and that paid no order: a provider that mixes up its trades says so
    /// of another's. Whether the attempt itself is paid, the provider is still to be asked.
    /// </summary>
    public static bool IsHearsay(ReceivedPayment payment) =>
        payment is { Use: PaymentUse.Mismatch, Source: "notification" or "statement" };

    /// <summary>True where the attempt's own money is on record.</summary>
    public static bool IsBooked(PaymentSaga saga, string number) =>
        saga.Payments.Any(p => p.Number == number && !IsHearsay(p));

    /// <summary>True where this very money is on record. Hearsay of another trade is other money.</summary>
    public static bool IsRecorded(PaymentSaga saga, string number, string? tradeNo) => saga.Payments.Any(
        p => p.Number == number && (!IsHearsay(p) || IsOf(p, tradeNo)));

    /// <summary>What was said, and not asked yet, of the trade that the provider now tells of.</summary>
    public static ReceivedPayment? Hearsay(PaymentSaga saga, string number, string? tradeNo) => IsBooked(saga, number)
        ? null
        : saga.Payments.FirstOrDefault(p => p.Number == number && IsHearsay(p) && IsOf(p, tradeNo));

    /// <summary>
    /// True while an attempt can be paid in time and its provider is asked about it: the order's current one, and one of
    /// an order in review of which there is hearsay. Whoever is about to pay that may do so: the order can still be
    /// delivered by an operator.
    /// </summary>
    public static bool IsAsked(PaymentSaga saga, PaymentAttempt attempt, DateTimeOffset now) =>
        now < attempt.ExpiresAt && (IsCurrent(saga, attempt)
            || (saga.Status == PaymentStatus.Review && !attempt.Closed && !IsBooked(saga, attempt.Number)
                && saga.Payments.Any(p => p.Number == attempt.Number)));

    public static PaymentSaga Replace(PaymentSaga saga, PaymentAttempt attempt) => saga with
    {
        Attempts = [.. saga.Attempts.Select(a => a.Number == attempt.Number ? attempt : a)],
    };

    /// <summary>A new attempt, with every parameter of its calls.</summary>
    /// <returns>Null where the shop does not offer the channel.</returns>
    public static PaymentAttempt? Open(
        OrderPlaced placed, int place, string channel, DateTimeOffset expiresAt, Facts facts, DateTimeOffset now)
    {
        if (facts.Settings.ProfileOf(channel, placed.OrderId, facts.Down) is not { } profile)
        {
            return null;
        }

        var resend = now + facts.Settings.ResendAfter;
        return new(
            OrderIds.ProviderNumber(placed.OrderId, place), channel, profile, placed.Amount, placed.Currency,
            placed.ProductName, now, expiresAt, NextAt: resend < expiresAt ? resend : expiresAt);
    }

    /// <summary>
    /// The order waits no more: attempts that are neither closed nor paid are closed, each followed until its provider
    /// has confirmed that. In review, one of which there is hearsay is asked about first, and closed at its time.
    /// </summary>
    /// <param name="status">What the order becomes.</param>
    /// <param name="paid">The attempt that brought the order its money, where one did.</param>
    public static (PaymentSaga Saga, IEnumerable<object> Sends) End(
        PaymentSaga saga, PaymentStatus status, string? paid, Facts facts, DateTimeOffset now)
    {
        var ended = saga with { Status = status };
        var sends = new List<object>();
        var attempts = new List<PaymentAttempt>(saga.Attempts.Count);
        foreach (var attempt in saga.Attempts)
        {
            if (attempt.Number == paid || attempt.Closed || IsBooked(saga, attempt.Number))
            {
                attempts.Add(attempt.NextAt is null && attempt.Tries == 0 ? attempt : attempt with { NextAt = null, Tries = 0 });
            }
            else
            {
                attempts.Add(attempt with { NextAt = now + facts.Settings.ResendAfter, Tries = 0 });
                sends.Add(IsAsked(ended, attempt, now)
                    ? new CheckPayment(saga.Id, attempt.Number, 0)
                    : new ClosePayment(saga.Id, attempt.Number, 0));
            }
        }

        return (ended with { Attempts = attempts }, sends);
    }

    private static bool IsOf(ReceivedPayment payment, string? tradeNo) =>
        payment.TradeNo is null || tradeNo is null || payment.TradeNo == tradeNo;
}
