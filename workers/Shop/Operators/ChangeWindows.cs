using System.Globalization;
using System.Text.RegularExpressions;

namespace CardShop.Shop.Operators;

/// <summary>
/// When dangerous actions may be done: <c>Mon-Fri 02:00-05:00 +08:00; Sun 00:00-24:00 +08:00</c>. None set: always.
/// A window that ends before it begins ends on the next day, and belongs to the day it begins on.
/// </summary>
public sealed partial class ChangeWindows
{
    private const int Most = 50;
    private static readonly string[] Days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    private readonly IReadOnlyList<Window> _windows;

    private ChangeWindows(IReadOnlyList<Window> windows) => _windows = windows;

    /// <summary>Always open.</summary>
    public static ChangeWindows None { get; } = new([]);

    /// <summary>False where no window is set, so that every moment is in one.</summary>
    public bool AreSet => _windows.Count > 0;

    /// <exception cref="FormatException">What is wrong, and how it is written.</exception>
    public static ChangeWindows Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return None;
        }

        var parts = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return parts.Length is > 0 and <= Most
            ? new([.. parts.Select(ParseOne)])
            : throw Wrong(text, $"it must have 1 to {Most} windows, divided by semicolons");
    }

    /// <summary>True within a window; its end is outside.</summary>
    public bool AreOpenAt(DateTimeOffset moment) => !AreSet || _windows.Any(w => w.Contains(moment));

    /// <summary>The beginning of the next window after a moment; null where none is set.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset moment) => !AreSet
        ? null
        : _windows.SelectMany(w => w.BeginningsAround(moment)).Where(b => b > moment).Min();

    private static Window ParseOne(string text)
    {
        var match = Pattern().Match(text);
        if (!match.Success)
        {
            throw Wrong(text, "it is not DAY-DAY HH:MM-HH:MM +HH:MM");
        }

        var first = DayOf(text, match.Groups["first"].Value);
        var last = match.Groups["last"].Success ? DayOf(text, match.Groups["last"].Value) : first;
        var (from, to) = (MinutesOf(text, match.Groups["from"].Value), MinutesOf(text, match.Groups["to"].Value));
        if (from == 24 * 60 || from == to)
        {
            throw Wrong(text, "it has no length");
        }

        var offset = match.Groups["offset"].Value;
        var minutes = offset == "Z" ? 0 : (offset[0] == '-' ? -1 : 1) * MinutesOf(text, offset[1..]);
        return Math.Abs(minutes) <= 14 * 60
            ? new(first, ((last - first + 7) % 7) + 1, from, to > from ? to - from : to - from + (24 * 60), TimeSpan.FromMinutes(minutes))
            : throw Wrong(text, "its offset from UTC is above 14 hours");
    }

    private static int DayOf(string text, string day) =>
        Array.FindIndex(Days, d => d.Equals(day, StringComparison.OrdinalIgnoreCase)) is >= 0 and var index
            ? index
            : throw Wrong(text, $"{day} is none of {string.Join(' ', Days)}");

    private static int MinutesOf(string text, string time)
    {
        var (hour, minute) = (
            int.Parse(time[..2], CultureInfo.InvariantCulture), int.Parse(time[3..], CultureInfo.InvariantCulture));
        return minute < 60 && (hour < 24 || (hour == 24 && minute == 0))
            ? (hour * 60) + minute
            : throw Wrong(text, $"{time} is no time of a day");
    }

    private static FormatException Wrong(string text, string what) =>
        new($"'{text}' is no change window: {what}. As in: Mon-Fri 02:00-05:00 +08:00; Sun 00:00-24:00 +08:00");

    [GeneratedRegex(
        @"\A(?<first>[A-Za-z]+)(-(?<last>[A-Za-z]+))? +(?<from>\d\d:\d\d)-(?<to>\d\d:\d\d) +(?<offset>Z|[+-]\d\d:\d\d)\z")]
    private static partial Regex Pattern();

    /// <param name="First">The first day of the week, 0 = Sunday.</param>
    /// <param name="Count">On how many days in a row it begins.</param>
    /// <param name="From">Minute of the day.</param>
    /// <param name="Length">Minutes, at most a day.</param>
    private sealed record Window(int First, int Count, int From, int Length, TimeSpan Offset)
    {
        public bool Contains(DateTimeOffset moment) =>
            BeginningsAround(moment).Any(b => b <= moment && moment < b.AddMinutes(Length));

        /// <summary>From the day before to eight days ahead: what covers the moment, and what comes next.</summary>
        public IEnumerable<DateTimeOffset> BeginningsAround(DateTimeOffset moment)
        {
            var today = moment.ToOffset(Offset).Date;
            for (var i = -1; i <= 8; i++)
            {
                var day = today.AddDays(i);
                if (((int)day.DayOfWeek - First + 7) % 7 < Count)
                {
                    yield return new DateTimeOffset(day, Offset).AddMinutes(From);
                }
            }
        }
    }
}
