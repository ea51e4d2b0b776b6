using CardShop.Contracts;

namespace CardShop.Shop.Payments;

/// <summary>How much an order will have been given back: refunds in parts take a second operator like one in whole.</summary>
public static class RefundTotal
{
    /// <param name="number">Which payment; null = the one that pays the order.</param>
    /// <param name="amount">Fen; null = all that is left of that payment.</param>
    /// <returns>Fen, those that are asked for and those that were given back before.</returns>
    public static long Of(PaymentSaga? saga, string? number, long? amount)
    {
        var payments = saga?.Payments ?? [];
        var before = payments.Sum(p => p.Amount - RefundDecider.Left(p));
        var chosen = payments.Where(p => number is null ? p.Use == PaymentUse.Order : p.Number == number).ToList();
        // Where it is not clear which payment is meant, all that could go back counts.
        return before + (amount ?? (chosen.Count > 0 ? chosen : payments).Sum(RefundDecider.Left));
    }
}
