using System.Globalization;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Shop.Reconciliation;

/// <summary>
/// The shop's own layout, for any channel and any tool: CSV (RFC 4180, a record is one line) in UTF-8 or GB18030 with the
/// header <c>number,trade_no,kind,amount_fen,currency,time,refund_number</c>, in any order. kind is <c>payment</c> or
/// <c>refund</c>; amounts are positive; time is RFC 3339, or <c>yyyy-MM-dd HH:mm:ss</c> in Beijing. Lines starting with
/// <c>#</c> are comments.
/// </summary>
public sealed class PlainStatement : StatementLayout
{
    private const int Number = 0, Trade = 1, Kind = 2, Amount = 3, Currency = 4, Time = 5, Refund = 6;

    private readonly int[] _columns;
    private readonly int _count;

    private PlainStatement(int[] columns, int count) => (_columns, _count) = (columns, count);

    public override string? Channel => null;

    public override string Name => "plain CSV";

    /// <summary>The layout of a file with this header; null where it is another's.</summary>
    public static PlainStatement? FromHeader(IReadOnlyList<string> header) =>
        Columns(header, "number", "trade_no", "kind", "amount_fen", "currency", "time", "refund_number") is { } columns
            ? new(columns, header.Count)
            : null;

    public override StatementRow Read(long number, ReadOnlySpan<byte> bytes)
    {
        if (Decode(bytes) is not { } text)
        {
            return Refuse(number, "the bytes do not fit the file's encoding");
        }

        if (string.IsNullOrWhiteSpace(text) || text.StartsWith('#'))
        {
            return Skip(number);
        }

        var fields = StatementFields.Split(text);
        return fields.Count == _count
            ? Understand(number, [.. _columns.Select(c => fields[c])])
            : Refuse(number, $"{fields.Count} fields where the header has {_count}");
    }

    private static StatementRow Understand(long number, string[] fields)
    {
        MoneyKind? kind = fields[Kind] switch
        {
            "payment" => MoneyKind.Payment,
            "refund" => MoneyKind.Refund,
            _ => null,
        };
        return kind is null ? Refuse(number, "its kind is neither payment nor refund")
            : !StatementFields.IsNumber(fields[Number]) ? Refuse(number, "the number is missing or not printable")
            : !IsOptionalNumber(fields[Trade]) || !IsOptionalNumber(fields[Refund])
                ? Refuse(number, "the trade or refund number is not printable")
            : !long.TryParse(fields[Amount], NumberStyles.None, CultureInfo.InvariantCulture, out var fen)
                ? Refuse(number, "the amount is not a whole number of fen")
            : !StatementFields.IsCurrency(fields[Currency]) ? Refuse(number, "the currency has not three letters")
            : ParseTime(fields[Time]) is not { } at ? Refuse(number, "the time is neither RFC 3339 nor yyyy-MM-dd HH:mm:ss")
            : new(
                number,
                new(
                    number, fields[Number], Optional(fields[Trade]), kind.Value, fen, fields[Currency], at,
                    kind == MoneyKind.Refund ? Optional(fields[Refund]) : null),
                null);
    }

    private static DateTimeOffset? ParseTime(string text) =>
        AlipayText.ParseTime(text) ?? (text.Contains('T', StringComparison.Ordinal) && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null);

    private static bool IsOptionalNumber(string text) => text.Length == 0 || StatementFields.IsNumber(text);

    private static string? Optional(string text) => text.Length == 0 ? null : text;
}
