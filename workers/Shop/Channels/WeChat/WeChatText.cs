using System.Globalization;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>Times and numbers in the provider's notation. Public: the sandbox speaks the same.</summary>
public static class WeChatText
{
    /// <summary>The largest amount, in fen: the field is a 32-bit integer.</summary>
    public const long LargestMinor = int.MaxValue;

    private const int ShortestNumber = 6;
    private const int LongestNumber = 32;
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    /// <summary>A moment as RFC 3339 in Beijing time (UTC+8 all year), whole seconds.</summary>
    public static string Time(DateTimeOffset moment) =>
        moment.ToOffset(Beijing).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    /// <summary>Reads RFC 3339 with any offset; null where it is missing or unreadable.</summary>
    public static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    /// <summary>6 to 32 letters, digits and <c>_-|*</c>.</summary>
    public static bool IsNumber(string? number) =>
        number is { Length: >= ShortestNumber and <= LongestNumber }
        && number.All(one => char.IsAsciiLetterOrDigit(one) || one is '_' or '-' or '|' or '*');
}
