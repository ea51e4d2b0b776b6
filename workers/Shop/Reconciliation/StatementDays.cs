namespace CardShop.Shop.Reconciliation;

/// <summary>
/// The days that a statement's lines speak of. A line that was booked seconds before its day began, or after it ended, must
/// not make them more: what the shop recorded on that other day stands in another statement.
/// </summary>
/// <param name="dayStart">When the provider's day starts, after Beijing's midnight.</param>
internal sealed class StatementDays(TimeSpan dayStart)
{
    private DateOnly _first = DateOnly.MaxValue;
    private DateOnly _last = DateOnly.MinValue;

    /// <summary>From the first to the last line, by their times alone; null before the first line.</summary>
    public StatementPeriod? Seen { get; private set; }

    /// <summary>
    /// As few days as fit every line, where one near a border may belong to either side. Null where no day is sure: there is
    /// no line, or all lie near the same border.
    /// </summary>
    public StatementPeriod? Period => _first <= _last ? new(_first, _last, dayStart) : null;

    /// <summary>Takes in when a line was booked.</summary>
    public void Add(DateTimeOffset at)
    {
        var day = StatementPeriod.DayOf(at, dayStart);
        var own = new StatementPeriod(day, day, dayStart);
        Seen = Seen?.With(own) ?? own;
        var (earliest, latest) = StatementPeriod.DaysAround(at, dayStart, StatementMatcher.Edge);
        _first = latest < _first ? latest : _first;
        _last = earliest > _last ? earliest : _last;
    }
}
