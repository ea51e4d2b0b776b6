using CardShop.Contracts;

namespace CardShop.Shop.Reconciliation;

/// <summary>How sure the shop is of a movement of money.</summary>
public enum RecordedState
{
    Done,

    /// <summary>A refund that was asked for and not answered yet.</summary>
    UnderWay,

    /// <summary>A refund that the provider rejected.</summary>
    Rejected,
}

/// <summary>One movement of money as the shop recorded it.</summary>
/// <param name="From">The earliest time at which the provider can have booked it.</param>
/// <param name="To">The latest.</param>
/// <param name="Channel">Null where no attempt of the order has its number.</param>
public sealed record RecordedMoney(
    string OrderId, MoneyKind Kind, string Number, string? RefundNumber, string? TradeNo, long Amount, string? Currency,
    DateTimeOffset From, DateTimeOffset To, string? Channel, string? Profile, RecordedState State)
{
    /// <summary>Everything that an order's document says about money.</summary>
    public static IReadOnlyList<RecordedMoney> Of(PaymentSaga saga)
    {
        var money = new List<RecordedMoney>();
        foreach (var payment in saga.Payments)
        {
            var attempt = saga.Attempts.FirstOrDefault(a => a.Number == payment.Number);
            var paid = new RecordedMoney(
                saga.Id, MoneyKind.Payment, payment.Number, null, payment.TradeNo, payment.Amount,
                attempt?.Currency ?? saga.Order?.Currency, payment.At, payment.At, attempt?.Channel ?? saga.Order?.Channel,
                attempt?.Profile, RecordedState.Done);
            money.Add(paid);
            money.AddRange(Refunds(payment, paid));
        }

        return money;
    }

    private static IEnumerable<RecordedMoney> Refunds(ReceivedPayment payment, RecordedMoney paid) =>
        (payment.Refunds ?? []).Select(refund => paid with
        {
            Kind = MoneyKind.Refund,
            RefundNumber = refund.Number,
            TradeNo = null,
            Amount = refund.Amount,
            From = refund.AskedAt,
            To = refund.AskedAt + LongestWay(refund.Tries),
            State = refund.State switch
            {
                RefundState.Asked => RecordedState.UnderWay,
                RefundState.Done => RecordedState.Done,
                RefundState.Rejected => RecordedState.Rejected,
                _ => throw new ArgumentOutOfRangeException(nameof(payment), refund.State, "Unknown state."),
            },
        });

    /// <summary>
    /// When the provider took a refund is not on record, only how often it was asked: at once, or after a while, or after
    /// an outage. A refund that may belong to the next day's statement is not missed on this day's.
    /// </summary>
    private static TimeSpan LongestWay(int tries) => tries switch
    {
        0 => TimeSpan.Zero,
        <= 3 => TimeSpan.FromHours(2),
        _ => TimeSpan.FromDays(3),
    };
}
