using System.Globalization;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>Amounts and times in the provider's notation. Public: the sandbox speaks the same.</summary>
public static class AlipayText
{
    /// <summary>The largest amount a trade may have: 100,000,000.00 yuan.</summary>
    public const long LargestMinor = 10_000_000_000;

    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss";
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    /// <summary>Fen to yuan with two decimals: 8888 is "88.88". No floating point is involved.</summary>
    public static string Yuan(long minor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minor);
        return string.Create(CultureInfo.InvariantCulture, $"{minor / 100}.{minor % 100:00}");
    }

    /// <summary>Yuan to fen, exactly; at most two decimals, no sign, no exponent, at most the largest amount.</summary>
    public static bool TryFen(string? yuan, out long minor)
    {
        minor = 0;
        if (yuan is null || yuan.Length is 0 or > 12)
        {
            return false;
        }

        var point = yuan.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? yuan : yuan[..point];
        var decimals = point < 0 ? "" : yuan[(point + 1)..];
        if (whole.Length == 0 || (point >= 0 && decimals.Length is 0 or > 2)
            || !whole.All(char.IsAsciiDigit) || !decimals.All(char.IsAsciiDigit))
        {
            return false;
        }

        minor = (long.Parse(whole, CultureInfo.InvariantCulture) * 100)
            + (decimals.Length == 0 ? 0 : long.Parse(decimals.PadRight(2, '0'), CultureInfo.InvariantCulture));
        return minor <= LargestMinor;
    }

    /// <summary>A moment in Beijing time (UTC+8 all year), whole seconds.</summary>
    public static string Time(DateTimeOffset moment) =>
        moment.ToOffset(Beijing).ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>Reads Beijing time, with or without milliseconds; null where it is missing or unreadable.</summary>
    public static DateTimeOffset? ParseTime(string? text) =>
        DateTime.TryParseExact(
            text, [TimeFormat, TimeFormat + ".FFF"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? new DateTimeOffset(time, Beijing)
            : null;
}
