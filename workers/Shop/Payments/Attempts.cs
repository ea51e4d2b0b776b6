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

    public static bool IsBooked(PaymentSaga saga, string number) => saga.Payments.Any(p => p.Number == number);

    /// <summary>
    /// True where this very money is on record. A provider that mixes up its trades may have notified another one under the
    /// number: the attempt's own money is still to come then.
    /// </summary>
    public static bool IsRecorded(PaymentSaga saga, string number, string? tradeNo) => saga.Payments.Any(p =>
        p.Number == number
        && !(p is { Use: PaymentUse.Mismatch, Source: "notification", TradeNo: { } other } && tradeNo is not null && other != tradeNo));

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
    /// has confirmed that.
    /// </summary>
    /// <param name="paid">The attempt that brought the order its money, where one did.</param>
    public static (PaymentSaga Saga, IEnumerable<object> Closes) End(
        PaymentSaga saga, string? paid, Facts facts, DateTimeOffset now)
    {
        var closes = new List<object>();
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
                closes.Add(new ClosePayment(saga.Id, attempt.Number, 0));
            }
        }

        return (saga with { Attempts = attempts }, closes);
    }
}
