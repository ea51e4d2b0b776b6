using System.Globalization;

namespace CardShop.Shop.Replay;

/// <summary>Where a range begins or ends: an offset in every partition, a moment, or the end.</summary>
/// <param name="Offset">Of every partition; null where it is a moment or the end.</param>
/// <param name="Moment">Of appending; null where it is an offset or the end.</param>
public readonly record struct ReplayPlace(long? Offset, DateTimeOffset? Moment)
{
    public const string Forms = "an offset, 'end', or a time with its zone as 2026-03-05T06:00:00Z";

    /// <summary>The end, as it is when the work begins.</summary>
    public static readonly ReplayPlace End = new(null, null);

    /// <returns>Null where the text is none of <see cref="Forms"/>: a time without a zone could be one of two.</returns>
    public static ReplayPlace? Parse(string text)
    {
        if (text == "end")
        {
            return End;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return new(offset, null);
        }

        return text.Length >= 17 && (text.EndsWith('Z') || text[^6] is '+' or '-')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var moment)
            ? new(null, moment)
            : null;
    }
}
