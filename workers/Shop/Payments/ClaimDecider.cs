using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Payments;

/// <summary>
/// Claims: money that a notification names under a number which its order does not know. The provider is asked until it
/// has answered; what it does not confirm is recorded all the same, for a person to look at.
/// </summary>
internal static class ClaimDecider
{
    private const int MaxTries = 10;
    private const int LongestWait = 5;

    /// <summary>The claim that is neither booked nor given up.</summary>
    public static SeenNotification? Open(PaymentSaga saga) => saga.Order is null
        ? null
        : saga.Notifications.FirstOrDefault(n => n.Claim is not null && saga.Payments.All(p => p.Number != n.Number));

    public static Decision Ask(
        OrderCase order, PaymentSaga noted, PaymentNotification n, Facts facts, DateTimeOffset now)
    {
        var resend = now + facts.Settings.ResendAfter;
        var claim = noted.Notifications[^1] with { Claim = n.Amount };
        return new(
            order with
            {
                Payment = noted with
                {
                    Notifications = [.. noted.Notifications.SkipLast(1), claim],
                    Due = noted.Due < resend ? noted.Due : resend,
                    CheckTries = 0,
                },
            },
            [new CheckPayment(noted.Id, n.Number, 0)]);
    }

    /// <summary>An answer without money to the question about a claim; null where it answers another question.</summary>
    public static Decision? Unconfirmed(OrderCase order, PaymentMessage.Checked message, DateTimeOffset now)
    {
        var saga = order.Payment!;
        if (Open(saga) is not { Claim: { } amount } claim || claim.Number != message.Number)
        {
            return null;
        }

        // An absent provider has not denied anything: only answers count.
        var tries = message.Answer.Result == ChannelResult.Unknown
            ? Math.Max(saga.CheckTries, Math.Min(saga.CheckTries + 1, LongestWait))
            : saga.CheckTries + 1;
        if (tries >= MaxTries)
        {
            return MoneyDecider.InReview(
                order,
                new(claim.Number, null, amount, claim.At, "notification", PaymentUse.Mismatch),
                $"The provider does not confirm payment {claim.Number}");
        }

        var wait = TimeSpan.FromSeconds(1 << Math.Min(saga.CheckTries, LongestWait));
        return new(order with { Payment = saga with { CheckTries = tries, Due = now + wait } }, []);
    }
}
