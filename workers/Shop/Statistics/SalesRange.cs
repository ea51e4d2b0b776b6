using System.Globalization;

namespace CardShop.Shop.Statistics;

/// <summary>The days of a report, both included.</summary>
public readonly record struct SalesRange(DateOnly From, DateOnly To)
{
    /// <summary>A leap year.</summary>
    public const int MostDays = 366;

    public const string TooMuch = "That many days and products are more than one report holds: ask for fewer days.";

    private const int UsualDays = 30;

    /// <summary>Reads what somebody has typed; without an end it ends today, without a beginning it holds 30 days.</summary>
    /// <returns>What is wrong, and with which of the two; null where nothing is.</returns>
    public static (string Field, string Message)? Parse(string? from, string? to, DateOnly today, out SalesRange range)
    {
        range = default;
        if (!TryDay(to, today, out var last))
        {
            return (nameof(to), "Write the day as 2030-01-31.");
        }

        if (!TryDay(from, last.AddDays(1 - UsualDays), out var first))
        {
            return (nameof(from), "Write the day as 2030-01-01.");
        }

        range = new(first, last);
        return first > last ? (nameof(from), "It must not be after 'to'.")
            : last.DayNumber - first.DayNumber >= MostDays
                ? (nameof(from), string.Create(CultureInfo.InvariantCulture, $"At most {MostDays} days at a time."))
            : null;
    }

    /// <summary>Years that no shop has seen leave no room for the days around them.</summary>
    private static bool TryDay(string? text, DateOnly otherwise, out DateOnly day)
    {
        day = otherwise;
        return string.IsNullOrEmpty(text)
            || (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day)
                && day.Year is >= 2000 and <= 9000);
    }
}
