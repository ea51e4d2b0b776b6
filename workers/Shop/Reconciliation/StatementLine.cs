using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using CardShop.Contracts;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Shop.Reconciliation;

/// <summary>Which way money went.</summary>
[JsonConverter(typeof(KebabEnumConverter<MoneyKind>))]
public enum MoneyKind
{
    /// <summary>From a buyer to us.</summary>
    Payment,

    /// <summary>Back to a buyer.</summary>
    Refund,
}

/// <summary>One movement of money as a provider's statement tells it.</summary>
/// <param name="Line">Where it stands in the file, counted from 1.</param>
/// <param name="Number">Our number of the payment, as the provider has it; it need not be one of ours.</param>
/// <param name="TradeNo">The provider's number of the payment; null where the layout names none (for refunds, say).</param>
/// <param name="Amount">In minor units (fen), never negative.</param>
/// <param name="At">When the provider booked it.</param>
/// <param name="RefundNumber">Our number of the refund; null for payments, and where the provider was told none.</param>
/// <param name="Settled">False for a refund that the provider has accepted but not finished yet.</param>
public sealed record StatementLine(
    long Line, string Number, string? TradeNo, MoneyKind Kind, long Amount, string Currency, DateTimeOffset At,
    string? RefundNumber = null, bool Settled = true);

/// <summary>What a line of the file came to: a movement of money, or a refusal; never the line's text.</summary>
public readonly record struct StatementRow(long Number, StatementLine? Line, string? Refusal);

/// <summary>The days that a statement speaks of, by the provider's calendar.</summary>
/// <param name="First">The first day.</param>
/// <param name="Last">The last day.</param>
/// <param name="DayStart">When a provider's day starts, after Beijing's midnight; negative where it is the evening before.</param>
public readonly record struct StatementPeriod(DateOnly First, DateOnly Last, TimeSpan DayStart)
{
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    /// <summary>The first moment.</summary>
    public DateTimeOffset From => StartOf(First);

    /// <summary>The first moment after it.</summary>
    public DateTimeOffset To => StartOf(Last.AddDays(1));

    /// <summary>The provider's day that a moment belongs to.</summary>
    public static DateOnly DayOf(DateTimeOffset moment, TimeSpan dayStart) =>
        DateOnly.FromDateTime((moment.ToOffset(Beijing) - dayStart).DateTime);

    /// <summary>The provider's days that a moment may belong to: two within <paramref name="edge"/> of their border, else one.</summary>
    public static (DateOnly First, DateOnly Last) DaysAround(DateTimeOffset moment, TimeSpan dayStart, TimeSpan edge)
    {
        var local = (moment.ToOffset(Beijing) - dayStart).DateTime;
        var day = DateOnly.FromDateTime(local);
        return (
            local.TimeOfDay < edge && day > DateOnly.MinValue ? day.AddDays(-1) : day,
            local.TimeOfDay >= TimeSpan.FromDays(1) - edge && day < DateOnly.MaxValue ? day.AddDays(1) : day);
    }

    /// <summary>This period, and all between it and another.</summary>
    public StatementPeriod With(StatementPeriod other) =>
        this with { First = First < other.First ? First : other.First, Last = Last > other.Last ? Last : other.Last };

    /// <summary>For people: one day, or the first and the last.</summary>
    public override string ToString() => First == Last ? $"{First:yyyy-MM-dd}" : $"{First:yyyy-MM-dd} to {Last:yyyy-MM-dd}";

    private DateTimeOffset StartOf(DateOnly day) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), Beijing) + DayStart;
}

/// <summary>The file is no statement that is understood; the text says what it seems to be.</summary>
public sealed class StatementFormatException(string message) : InvalidOperationException(message);

/// <summary>What stands for a movement of money where millions are remembered: 16 bytes.</summary>
public static class MoneyKey
{
    public static UInt128 Of(MoneyKind kind, string number, string? refundNumber)
    {
        var text = Encoding.UTF8.GetBytes($"{kind}|{number}|{refundNumber}");
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}

/// <summary>Fields of a statement: texts that are not quite CSV.</summary>
internal static class StatementFields
{
    /// <summary>
    /// Splits at commas. A field in quotation marks may hold commas and doubled marks (RFC 4180); a mark anywhere else is
    /// ordinary text, because providers write product names as they are. Blanks and tabs around a field are padding.
    /// </summary>
    public static List<string> Split(string line)
    {
        var fields = new List<string>(32);
        var at = 0;
        while (at <= line.Length)
        {
            if (Quoted(line, at) is { } quoted)
            {
                fields.Add(quoted.Text);
                at = quoted.End + 1;
                continue;
            }

            var end = line.IndexOf(',', at);
            end = end < 0 ? line.Length : end;
            fields.Add(line[at..end].Trim());
            at = end + 1;
        }

        return fields;
    }

    /// <summary>Yuan to fen without the sign; false for anything but digits with at most two decimals.</summary>
    public static bool TryFen(string text, out long fen) => AlipayText.TryFen(text.StartsWith('-') ? text[1..] : text, out fen);

    /// <summary>True for text without anything that could upset a terminal or a log, and not too long for a number.</summary>
    public static bool IsNumber(string text) => text.Length is > 0 and <= 64 && text.All(c => c is > ' ' and <= '~');

    /// <summary>True for three capital letters.</summary>
    public static bool IsCurrency(string text) => text.Length == 3 && text.All(char.IsAsciiLetterUpper);

    /// <summary>The text of a quoted field that starts here, and the index of its separator; null where none does.</summary>
    private static (string Text, int End)? Quoted(string line, int at)
    {
        var start = at;
        while (start < line.Length && line[start] is ' ' or '\t')
        {
            start++;
        }

        if (start >= line.Length || line[start] != '"')
        {
            return null;
        }

        var close = start + 1;
        while ((close = line.IndexOf('"', close)) >= 0)
        {
            if (close + 1 < line.Length && line[close + 1] == '"')
            {
                close += 2;
                continue;
            }

            var end = line.IndexOf(',', close);
            end = end < 0 ? line.Length : end;
            return string.IsNullOrWhiteSpace(line[(close + 1)..end])
                ? (line[(start + 1)..close].Replace("\"\"", "\"", StringComparison.Ordinal).Trim(), end)
                : null;
        }

        return null;
    }
}
