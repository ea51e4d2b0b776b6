namespace CardShop.Tests.Chaos.Drills.Load;

/// <summary>How long nothing happened.</summary>
public static class Gap
{
    /// <summary>The longest time without an event between two moments.</summary>
    /// <param name="times">Of the events, in any order.</param>
    public static TimeSpan Longest(IEnumerable<DateTimeOffset> times, DateTimeOffset from, DateTimeOffset to)
    {
        var longest = TimeSpan.Zero;
        var last = from;
        foreach (var at in times.Where(t => t > from && t < to).Order())
        {
            longest = at - last > longest ? at - last : longest;
            last = at;
        }

        return to - last > longest ? to - last : longest;
    }
}
