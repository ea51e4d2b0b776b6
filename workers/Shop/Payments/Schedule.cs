using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// When which provider is called about an order: every attempt, refund and claim has a time of its own, and the saga is
/// due at the earliest of them. Pure.
/// </summary>
public static class Schedule
{
    /// <summary>How long after its expiry an attempt is still followed whose provider has not confirmed its end.</summary>
    private static readonly TimeSpan LateWindow = TimeSpan.FromHours(24);

    /// <summary>UnionPay asks to be queried at these ages of a trade, and at its end.</summary>
    private static readonly TimeSpan[] UnionPayAges =
    [
        TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(60),
        TimeSpan.FromMinutes(120),
    ];

    /// <summary>When a pending attempt is queried next; never behind its expiry.</summary>
    public static DateTimeOffset NextCheck(PaymentAttempt attempt, DateTimeOffset now, ShopSettings settings)
    {
        var next = attempt.Channel == "unionpay"
            ? UnionPayAges.Select(age => attempt.OpenedAt + age).FirstOrDefault(at => at > now, attempt.ExpiresAt)
            : now + settings.CheckEvery;
        return next < attempt.ExpiresAt ? next : attempt.ExpiresAt;
    }

    /// <summary>
    /// 1, 2, 4 … 32 s: the wait of an open order after an answer that proves nothing. At its expiry other questions begin,
    /// so their tries count from there.
    /// </summary>
    public static PaymentAttempt TryAgain(PaymentAttempt attempt, DateTimeOffset now)
    {
        var next = now + TimeSpan.FromSeconds(1 << Math.Min(attempt.Tries, 5));
        return now < attempt.ExpiresAt && next >= attempt.ExpiresAt
            ? attempt with { Tries = 0, NextAt = attempt.ExpiresAt }
            : attempt with { Tries = attempt.Tries + 1, NextAt = next };
    }

    /// <summary>The next try while the provider is away: at a steady pace, not counted, until a day after the expiry.</summary>
    public static PaymentAttempt Awaited(PaymentAttempt attempt, DateTimeOffset now, TimeSpan wait) => attempt with
    {
        NextAt = now + wait <= attempt.ExpiresAt + LateWindow ? now + wait : null,
    };

    /// <summary>
    /// The next try to close an attempt that no order waits for any more: with doubled waits, until a day after its
    /// expiry. A payment that comes later still is recorded when its notification or the daily statement says so.
    /// </summary>
    public static PaymentAttempt Later(PaymentAttempt attempt, DateTimeOffset now)
    {
        var next = now + TimeSpan.FromSeconds(1L << Math.Min(attempt.Tries, 16));
        return attempt with
        {
            Tries = attempt.Tries + 1,
            NextAt = next <= attempt.ExpiresAt + LateWindow ? next : null,
        };
    }

    /// <summary>2, 4, 8 s … a day: the wait for a refund that its provider has not finished.</summary>
    public static TimeSpan RefundWait(int tries) =>
        TimeSpan.FromSeconds(Math.Min(2L << Math.Min(tries, 20), (long)TimeSpan.FromDays(1).TotalSeconds));

    /// <summary>The saga with its due time: the earliest of its parts.</summary>
    public static PaymentSaga Dated(PaymentSaga saga)
    {
        var due = Parts(saga).Select(p => (DateTimeOffset?)p.At).Min();
        return saga.Due == due ? saga : saga with { Due = due };
    }

    /// <summary>All that is to be asked of providers, each with its time. What is due first comes first.</summary>
    public static IEnumerable<(DateTimeOffset At, object Command)> Actions(PaymentSaga saga, DateTimeOffset now) =>
        Parts(saga).OrderBy(p => p.At).Select(p => (p.At, Command(saga, p.Part, now)));

    /// <summary>Parts that were asked about now are looked at again when no answer has come.</summary>
    public static PaymentSaga Postpone(PaymentSaga saga, DateTimeOffset now, TimeSpan wait) => saga with
    {
        Attempts = [.. saga.Attempts.Select(a => a.NextAt <= now ? a with { NextAt = now + wait } : a)],
        Payments =
        [
            .. saga.Payments.Select(p => p.Refunds is { } refunds && refunds.Any(r => r.NextAt <= now)
                ? p with { Refunds = [.. refunds.Select(r => r.NextAt <= now ? r with { NextAt = now + wait } : r)] }
                : p),
        ],
        Claims = saga.Claims is { } claims
            ? [.. claims.Select(c => c.NextAt <= now ? c with { NextAt = now + wait } : c)]
            : null,
    };

    private static IEnumerable<(DateTimeOffset At, object Part)> Parts(PaymentSaga saga)
    {
        foreach (var attempt in saga.Attempts)
        {
            if (attempt.NextAt is { } at)
            {
                yield return (at, attempt);
            }
        }

        foreach (var payment in saga.Payments)
        {
            foreach (var refund in payment.Refunds ?? [])
            {
                if (refund.NextAt is { } at)
                {
                    yield return (at, new RefundPayment(saga.Id, payment.Number, refund.Number, 0));
                }
            }
        }

        foreach (var claim in saga.Claims ?? [])
        {
            if (claim.NextAt is { } at)
            {
                yield return (at, new CheckPayment(saga.Id, claim.Number, 0));
            }
        }
    }

    private static object Command(PaymentSaga saga, object part, DateTimeOffset now) => part switch
    {
        PaymentAttempt a when !Attempts.IsAsked(saga, a, now) => new ClosePayment(saga.Id, a.Number, 0),
        PaymentAttempt { Link: null } a when Attempts.IsCurrent(saga, a) => new RequestPayment(saga.Id, a.Number, 0),
        PaymentAttempt a => new CheckPayment(saga.Id, a.Number, 0),
        _ => part,
    };
}
