using System.Globalization;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Incident;

/// <summary>The time that a report is about, cut into at most 120 rows.</summary>
public sealed record IncidentSpan(DateTimeOffset From, DateTimeOffset To)
{
    private const int MaxRows = 120;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(92);

    private static readonly TimeSpan[] Widths =
    [
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(6),
        TimeSpan.FromDays(1),
    ];

    /// <summary>Of one row: a minute where that is at most 120 of them.</summary>
    public TimeSpan Width { get; } = Widths.First(w => (To - From) / w <= MaxRows || w == Widths[^1]);

    public int Rows => (int)Math.Ceiling((To - From) / Width);

    /// <returns>-1 outside.</returns>
    public int RowOf(DateTimeOffset at) => at < From || at >= To ? -1 : (int)((at - From) / Width);

    public bool Holds(DateTimeOffset? at) => at >= From && at < To;

    /// <param name="from">A time (UTC where it says no zone), or how long ago: 90m, 2h, 3d.</param>
    /// <param name="to">The same; null = now.</param>
    /// <exception cref="ShopctlException">They make no span.</exception>
    public static IncidentSpan Parse(string from, string? to, DateTimeOffset now)
    {
        var span = (From: Time(from, "--from", now), To: to is null ? now : Time(to, "--to", now));
        return span.From >= span.To ? throw Wrong("--from must be before --to")
            : span.To - span.From > Longest ? throw Wrong("At most 92 days can be reported at once")
            : new(span.From, span.To);
    }

    private static DateTimeOffset Time(string text, string option, DateTimeOffset now)
    {
        if (text == "now")
        {
            return now;
        }

        if (text.Length is >= 2 and <= 8 && text[^1] is 's' or 'm' or 'h' or 'd'
            && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= 10_000_000)
        {
            return now - text[^1] switch
            {
                's' => TimeSpan.FromSeconds(count),
                'm' => TimeSpan.FromMinutes(count),
                'h' => TimeSpan.FromHours(count),
                _ => TimeSpan.FromDays(Math.Min(count, 36_500)),
            };
        }

        return DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw Wrong($"{option} must be a time such as 2026-03-05T14:00Z, or how long ago: 90m, 2h, 3d");
    }

    private static ShopctlException Wrong(string text) => new(ExitCodes.Usage, text + ".");
}
