using CardShop.Contracts;

namespace CardShop.Shop.Payments;

/// <summary>Cases for a person: opened once per kind and number, closed with a resolution, never more than a bound.</summary>
public static class ReviewCases
{
    private const int Max = 20;
    private const int LongestText = 500;

    public static IEnumerable<ReviewCase> OpenOf(PaymentSaga saga) => (saga.Reviews ?? []).Where(c => c.ClosedAt is null);

    /// <returns>The same saga where such a case is open already.</returns>
    public static PaymentSaga Open(
        PaymentSaga saga, ReviewKind kind, string reason, DateTimeOffset now, string? number = null, string? evidence = null)
    {
        if (OpenOf(saga).Any(c => c.Kind == kind && c.Number == number))
        {
            return saga;
        }

        var cases = (saga.Reviews ?? []).ToList();
        if (cases.Count >= Max && cases.Find(c => c.ClosedAt is not null) is { } settled)
        {
            cases.Remove(settled);
        }

        // Full of open cases: the order is before a person already, and what came is on record in the saga itself.
        return cases.Count >= Max
            ? saga
            : saga with { Reviews = [.. cases, new(kind, Short(reason)!, now, number, Short(evidence))] };
    }

    /// <summary>Closes the open cases that fit.</summary>
    public static PaymentSaga Close(PaymentSaga saga, Func<ReviewCase, bool> fits, string resolution, DateTimeOffset now) =>
        OpenOf(saga).Any(fits)
            ? saga with
            {
                Reviews =
                [
                    .. saga.Reviews!.Select(c => c.ClosedAt is null && fits(c)
                        ? c with { ClosedAt = now, Resolution = Short(resolution) }
                        : c),
                ],
            }
            : saga;

    /// <summary>
    /// The review that a message which no fleet can process leaves its order in: a stub saga where there was none; an
    /// order that has ended keeps its status and has a case.
    /// </summary>
    /// <returns>Null where the case is open already.</returns>
    public static PaymentSaga? Poison(string orderId, PaymentSaga? saga, string reason, DateTimeOffset now)
    {
        if (saga is null)
        {
            return Schedule.Dated(Open(
                new(orderId, PaymentStatus.Review, null, false, [], [], [], null, reason, 1),
                ReviewKind.Poison, reason, now));
        }

        var opened = Open(saga, ReviewKind.Poison, reason, now);
        var ended = saga.Status is PaymentStatus.Refunded or PaymentStatus.SoldOut or PaymentStatus.Refused
            or PaymentStatus.Expired or PaymentStatus.Cancelled or PaymentStatus.Review;
        return ReferenceEquals(opened, saga) && ended
            ? null
            : Schedule.Dated(opened with
            {
                Status = ended ? saga.Status : PaymentStatus.Review,
                Reason = ended ? saga.Reason : reason,
                Version = saga.Version + 1,
            });
    }

    private static string? Short(string? text) => text is { Length: > LongestText } ? text[..LongestText] : text;
}
