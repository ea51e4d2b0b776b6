using CardShop.Contracts;
using CardShop.Shop.Payments;

namespace CardShop.Tests.Integration.Shop.Faults;

/// <summary>Where the money of one order is, in fen: as the provider's books have it, and as the shop has it.</summary>
/// <param name="Received">The provider got it from the buyer.</param>
/// <param name="Returned">The provider gave it back.</param>
/// <param name="Delivered">Recorded, kept, and its keys are delivered.</param>
/// <param name="Refunded">Recorded, and its refund is done.</param>
/// <param name="InReview">Recorded, and before a person.</param>
/// <param name="Adrift">Recorded, and none of these.</param>
public readonly record struct MoneyAccount(
    long Received, long Returned, long Delivered, long Refunded, long InReview, long Adrift)
{
    public static MoneyAccount operator +(MoneyAccount a, MoneyAccount b) => new(
        a.Received + b.Received, a.Returned + b.Returned, a.Delivered + b.Delivered, a.Refunded + b.Refunded,
        a.InReview + b.InReview, a.Adrift + b.Adrift);

    public static MoneyAccount Add(MoneyAccount left, MoneyAccount right) => left + right;

    public static MoneyAccount Of(OrderState? order, BookedMoney books)
    {
        var account = new MoneyAccount(books.Received, books.Returned, 0, 0, 0, 0);
        foreach (var payment in order?.Payment.Payments ?? [])
        {
            var back = (payment.Refunds ?? []).Where(r => r.State == RefundState.Done).Sum(r => r.Amount);
            var kept = payment.Amount - back;
            var isDelivered = payment.Use == PaymentUse.Order
                && order!.Delivery is { Status: DeliveryStatus.Delivered };
            var isReviewed = order!.Payment.Status == PaymentStatus.Review
                || ReviewCases.OpenOf(order.Payment).Any(c => c.Number == payment.Number);
            account += new MoneyAccount(
                0, 0, isDelivered ? kept : 0, back, !isDelivered && isReviewed ? kept : 0,
                !isDelivered && !isReviewed ? kept : 0);
        }

        return account;
    }

    /// <summary>Null where every fen is where it belongs; else what is wrong.</summary>
    /// <param name="lie">What the provider claimed beyond what it got.</param>
    public string? Fault(long lie) =>
        Adrift != 0 ? $"{Adrift} fen are neither delivered nor refunded nor in review"
        : Returned != Refunded ? $"the provider gave {Returned} fen back, the shop says {Refunded}"
        : Received + lie != Delivered + Refunded + InReview
            ? $"received {Received} fen (and a lie of {lie}), on record {Delivered + Refunded + InReview}"
        : null;
}
