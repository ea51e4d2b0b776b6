using System.Globalization;
using System.Text;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>Amounts, times and answers in the provider's notation. Public: the sandbox speaks the same.</summary>
public static class UnionPayText
{
    /// <summary>The code of the only currency that the shop takes.</summary>
    public const string Yuan = "156";

    /// <summary>The largest amount that twelve digits of fen hold.</summary>
    public const long LargestMinor = 999_999_999_999;

    private const int MaxFields = 256;
    private const string TimeFormat = "yyyyMMddHHmmss";
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static string Fen(long minor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minor);
        return minor.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Digits only, at most twelve.</summary>
    public static bool TryFen(string? text, out long minor)
    {
        minor = 0;
        return text is { Length: > 0 and <= 12 }
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out minor);
    }

    /// <summary>The currency's three letters; a code that the shop does not take stays a code.</summary>
    public static string Currency(string? code) => code is null or Yuan ? "CNY" : code;

    /// <summary>A moment in Beijing time (UTC+8 all year), whole seconds.</summary>
    public static string Time(DateTimeOffset moment) =>
        moment.ToOffset(Beijing).ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>Reads Beijing time; null where it is missing or unreadable.</summary>
    public static DateTimeOffset? ParseTime(string? text) =>
        DateTime.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? new DateTimeOffset(time, Beijing)
            : null;

    /// <summary>When a trade went through: traceTime is MMddHHmmss, its year is the order's or the one after.</summary>
    public static DateTimeOffset? TraceTime(string? traceTime, string? txnTime)
    {
        if (ParseTime(txnTime) is not { } ordered || traceTime is null)
        {
            return null;
        }

        var year = ordered.ToOffset(Beijing).Year;
        var traced = ParseTime(year.ToString("0000", CultureInfo.InvariantCulture) + traceTime);
        return traced < ordered.AddDays(-1)
            ? ParseTime((year + 1).ToString("0000", CultureInfo.InvariantCulture) + traceTime)
            : traced;
    }

    /// <summary>
    /// Reads the answer of a back call: <c>k=v&amp;k=v</c>, nothing encoded. A value ends at the first <c>&amp;</c> outside
    /// of braces and brackets, and may hold <c>=</c> and line ends.
    /// </summary>
    /// <returns>Null for an answer that is not sound: no UTF-8, a name twice or odd, a pair without <c>=</c>.</returns>
    public static Dictionary<string, string>? ReadAnswer(ReadOnlySpan<byte> body)
    {
        string text;
        try
        {
            text = Strict.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var start = 0; start < text.Length;)
        {
            var equals = text.IndexOf('=', start);
            if (equals < 0)
            {
                return null;
            }

            var end = EndOfValue(text, equals + 1);
            if (fields.Count == MaxFields || !IsName(text.AsSpan(start, equals - start))
                || !fields.TryAdd(text[start..equals], text[(equals + 1)..end]))
            {
                return null;
            }

            start = end + 1;
        }

        return fields;
    }

    /// <summary>Writes an answer of a back call.</summary>
    public static string WriteAnswer(IEnumerable<KeyValuePair<string, string>> fields) =>
        string.Join('&', fields.Select(one => one.Key + "=" + one.Value));

    /// <summary>Field names are letters and digits: anything else would let one signed text mean two things.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        foreach (var one in name)
        {
            if (!char.IsAsciiLetterOrDigit(one) && one != '_')
            {
                return false;
            }
        }

        return name.Length > 0;
    }

    /// <summary>Order and refund numbers: 8 to 40 letters and digits.</summary>
    public static bool IsNumber(string? text) =>
        text is { Length: >= 8 and <= 40 } && text.All(char.IsAsciiLetterOrDigit);

    private static int EndOfValue(string text, int start)
    {
        var closing = '\0';
        for (var i = start; i < text.Length; i++)
        {
            var one = text[i];
            if (closing != '\0')
            {
                closing = one == closing ? '\0' : closing;
            }
            else if (one is '{' or '[')
            {
                closing = one == '{' ? '}' : ']';
            }
            else if (one == '&')
            {
                return i;
            }
        }

        return text.Length;
    }
}
