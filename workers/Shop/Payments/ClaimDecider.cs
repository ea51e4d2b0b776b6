using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// Claims: money that a notification or a statement names, and which is booked only when the provider confirms it: its
/// number is unknown, or its provider wants to be asked. It is asked until it has answered, a day at most; what it does
/// not confirm is recorded all the same, for a person to look at.
/// </summary>
internal static class ClaimDecider
{
    private const int MaxTries = 10;
    private const int LongestWait = 5;
    private const int MaxClaims = 20;
    private static readonly TimeSpan LongestSilence = TimeSpan.FromHours(24);

    /// <summary>Notes the claim and asks the provider. A claim that is noted already is asked about again.</summary>
    public static PaymentSaga Note(PaymentSaga saga, PaymentClaim claim) => saga with
    {
        Claims =
        [
            .. (saga.Claims ?? []).Where(c => c.Number != claim.Number)
                .OrderBy(c => c.NextAt is not null).TakeLast(MaxClaims - 1),
            claim,
        ],
    };

    public static Decision Ask(
        OrderCase order, PaymentSaga noted, PaymentNotification n, Facts facts, DateTimeOffset now) =>
        PaymentDecider.Changed(
            order,
            Note(noted, ClaimOf(n) with { NextAt = now + facts.Settings.ResendAfter, Since = now }),
            new CheckPayment(noted.Id, n.Number, 0));

    public static PaymentClaim ClaimOf(PaymentNotification n) => new(
        n.Number, n.Channel, n.Profile, n.Amount, n.TradeNo, n.PaidAt ?? n.ArrivedAt, "notification", null,
        OrderedAt: n.OrderedAt);

    /// <summary>An answer without money to the question about a claim; null where it answers another question.</summary>
    public static Decision? Unconfirmed(
        OrderCase order, PaymentMessage.Checked message, Facts facts, DateTimeOffset now)
    {
        var saga = order.Payment!;
        if (saga.Claims?.FirstOrDefault(c => c.Number == message.Number && c.NextAt is not null) is not { } claim)
        {
            return null;
        }

        // An absent provider has not denied anything: only answers count.
        var tries = message.Answer.Result == ChannelResult.Unknown
            ? Math.Max(claim.Tries, Math.Min(claim.Tries + 1, LongestWait))
            : claim.Tries + 1;
        if (tries >= MaxTries || now - claim.Since >= LongestSilence)
        {
            return Denied(order, claim, message.Answer, facts, now);
        }

        return PaymentDecider.Changed(order, Replace(
            saga,
            claim with { Tries = tries, NextAt = now + TimeSpan.FromSeconds(1 << Math.Min(claim.Tries, LongestWait)) }));
    }

    /// <summary>It is asked no more, and stays on record as what was said.</summary>
    private static Decision Denied(
        OrderCase order, PaymentClaim claim, ChannelAnswer answer, Facts facts, DateTimeOffset now)
    {
        var saga = Replace(order.Payment!, claim with { NextAt = null });
        var reason = $"The provider does not confirm payment {claim.Number}";
        var evidence = $"{claim.Channel} says {answer.Code ?? answer.Result.ToString()}";
        return Attempts.IsRecorded(saga, claim.Number, claim.TradeNo)
            ? PaymentDecider.Changed(
                order, ReviewCases.Open(saga, ReviewKind.Unconfirmed, reason, now, claim.Number, evidence), new SagaFact())
            : MoneyDecider.InReview(
                order with { Payment = saga },
                new(claim.Number, claim.TradeNo, claim.Amount, claim.At, claim.Source, PaymentUse.Mismatch),
                ReviewKind.Unconfirmed, reason, evidence, facts, now);
    }

    private static PaymentSaga Replace(PaymentSaga saga, PaymentClaim claim) => saga with
    {
        Claims = [.. saga.Claims!.Select(c => c.Number == claim.Number ? claim : c)],
    };
}
