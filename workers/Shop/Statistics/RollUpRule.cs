namespace CardShop.Shop.Statistics;

/// <summary>When a day was computed, and at what price.</summary>
public readonly record struct RolledDay(DateTimeOffset At, TimeSpan Took, string Zone);

/// <summary>Which days have to be computed again. Pure.</summary>
public static class RollUpRule
{
    /// <summary>Days for which orders wait to be paid, delivered or refunded as a rule; after them little changes.</summary>
    private const int Lively = 2;
    private const int Young = 8;

    /// <summary>However often somebody looks, computing takes at most the twentieth part of the time.</summary>
    private const int Share = 20;

    /// <param name="rolled">Null: never, or something of it has moved since.</param>
    public static bool IsStale(DateOnly day, DateOnly today, RolledDay? rolled, string zone, DateTimeOffset now)
    {
        if (rolled is not { } last || last.Zone != zone)
        {
            return true;
        }

        var age = now - last.At;
        return age > Longest(today.DayNumber - day.DayNumber) && age > Share * last.Took;
    }

    private static TimeSpan Longest(int daysAgo) => daysAgo switch
    {
        < Lively => TimeSpan.FromMinutes(1),
        < Young => TimeSpan.FromHours(1),
        _ => TimeSpan.FromDays(1),
    };
}
