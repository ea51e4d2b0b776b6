using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Reconciliation;

/// <summary>Whose statement it is.</summary>
/// <param name="Profile">The merchant profile; null compares all of the channel.</param>
/// <param name="Region">The region letter whose orders this database holds.</param>
/// <param name="DayStart">When the provider's day starts, after Beijing's midnight.</param>
public sealed record MatchScope(string Channel, string? Profile, string Region, TimeSpan DayStart);

/// <summary>
/// Compares, purely: a statement's line with an order's document, and what a document records with the statement's lines.
/// Money is the same where its numbers are; times are not compared, because a line belongs to the provider's day.
/// </summary>
public static class StatementMatcher
{
    /// <summary>How far the provider's clock and the shop's record of a payment may be apart.</summary>
    public static readonly TimeSpan Edge = TimeSpan.FromMinutes(10);

    /// <summary>Compares one line.</summary>
    /// <param name="saga">The document of the line's order; null where there is none.</param>
    /// <param name="archived">The order was moved to the archive.</param>
    /// <returns>Null where all is as it should be.</returns>
    public static Finding? Match(StatementLine line, PaymentSaga? saga, bool archived, MatchScope scope)
    {
        if (OrderOf(line.Number, scope) is not { } orderId)
        {
            return Found(
                line, scope, FindingKind.NotOurs, null,
                OrderIds.OfProviderNumber(line.Number) is null ? "no number of an order" : "an order of another region", null);
        }

        if (saga is null)
        {
            return archived
                ? Found(line, scope, FindingKind.Archived, orderId, "the order is in the archive", null)
                : Found(line, scope, FindingKind.MissingHere, orderId, "no such order is known", null);
        }

        var recorded = RecordedMoney.Of(saga).Where(m => m.Kind == line.Kind && m.Number == line.Number
            && (line.RefundNumber is null || m.RefundNumber == line.RefundNumber)).ToList();
        if (recorded.Count == 0)
        {
            return Found(
                line, scope, FindingKind.MissingHere, orderId,
                line.Kind == MoneyKind.Payment ? "the order records no such payment" : "the order records no such refund", null,
                ProfileOf(saga, line.Number, scope));
        }

        // Under one number a payment and a mismatch may be on record: the line needs one that is the same.
        var reasons = recorded.Select(m => (Money: m, Reason: Difference(line, m, scope))).ToList();
        return reasons.Exists(r => r.Reason is null)
            ? null
            : Found(line, scope, FindingKind.Differing, orderId, reasons[0].Reason!, reasons[0].Money.Amount,
                ProfileOf(saga, line.Number, scope));
    }

    /// <summary>A line whose money stands further up in the statement already.</summary>
    public static Finding Repeated(StatementLine line, MatchScope scope) => Found(
        line, scope, FindingKind.Differing, OrderOf(line.Number, scope), "it stands in the statement more than once", null);

    /// <summary>What a document records in the period, and the statement has no line about.</summary>
    /// <param name="has">Whether the statement has a line about this.</param>
    public static IEnumerable<Finding> Lacking(
        PaymentSaga saga, StatementPeriod period, MatchScope scope, Func<UInt128, bool> has)
    {
        var looked = new HashSet<UInt128>();
        foreach (var money in RecordedMoney.Of(saga).Where(m => IsExpected(m, period, scope)))
        {
            var key = MoneyKey.Of(money.Kind, money.Number, money.RefundNumber);
            if (looked.Add(key) && !has(key) && !has(MoneyKey.Of(money.Kind, money.Number, null)))
            {
                var inside = money.From >= period.From + Edge && money.To < period.To - Edge;
                yield return new(
                    inside ? FindingKind.MissingThere : FindingKind.AtBorder, money.Kind, money.Number, saga.Id,
                    money.RefundNumber, money.TradeNo, null, money.Amount, money.Currency,
                    StatementPeriod.DayOf(money.From < period.From ? period.From : money.From, scope.DayStart), money.From,
                    inside ? "the statement has no line about it" : "the neighbouring day's statement may have it",
                    null, money.Profile);
            }
        }
    }

    /// <summary>The order that a number belongs to; null where it is none of this region's.</summary>
    public static string? OrderOf(string number, MatchScope scope) =>
        OrderIds.OfProviderNumber(number) is { } id && id.StartsWith(scope.Region, StringComparison.Ordinal) ? id : null;

    private static string? ProfileOf(PaymentSaga saga, string number, MatchScope scope) =>
        (saga.Attempts.FirstOrDefault(a => a.Number == number) ?? saga.Attempts.LastOrDefault(a => a.Channel == scope.Channel))?.Profile;

    /// <summary>Whether the provider's statement of this period should speak of it.</summary>
    private static bool IsExpected(RecordedMoney money, StatementPeriod period, MatchScope scope) =>
        money.State == RecordedState.Done && money.Channel == scope.Channel && !IsOfAnotherProfile(money, scope)
        && money.From < period.To && money.To >= period.From;

    private static bool IsOfAnotherProfile(RecordedMoney money, MatchScope scope) =>
        scope.Profile is { } profile && money.Profile is { } own && own != profile;

    private static string? Difference(StatementLine line, RecordedMoney ours, MatchScope scope) =>
        line.Amount != ours.Amount ? "the amounts differ"
        : line.Currency != (ours.Currency ?? line.Currency) ? "the currencies differ"
        : line.Kind == MoneyKind.Payment && (line.TradeNo ?? ours.TradeNo) != (ours.TradeNo ?? line.TradeNo)
            ? "the provider's trade numbers differ"
        : scope.Channel != (ours.Channel ?? scope.Channel) ? $"it was opened at {ours.Channel}"
        : IsOfAnotherProfile(ours, scope) ? $"it was opened by profile {ours.Profile}"
        : ours.State switch
        {
            RecordedState.Done => null,
            RecordedState.UnderWay => line.Settled ? "the shop does not know yet that the refund is done" : null,
            RecordedState.Rejected => "the shop recorded the refund as rejected",
            _ => throw new ArgumentOutOfRangeException(nameof(ours), ours.State, "Unknown state."),
        };

    private static Finding Found(
        StatementLine line, MatchScope scope, FindingKind kind, string? orderId, string reason, long? ours,
        string? profile = null) => new(
        kind, line.Kind, line.Number, orderId, line.RefundNumber, line.TradeNo, line.Amount, ours, line.Currency,
        StatementPeriod.DayOf(line.At, scope.DayStart), line.At, reason, line.Line, profile);
}
