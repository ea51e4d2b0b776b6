using System.Globalization;
using System.Text;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Reconciliation;

/// <summary>
/// UnionPay's merchant file ZM (the online platform's file interface, part 3, 6.1; the numbers in the SDK's demo): GBK,
/// fields of fixed widths in bytes with one blank between them, no header. It names successful trades only.
/// Used: 5 transfer time (MMddHHmmss, no year), 7 amount in fen, 10 query id, 12 order id, 20 trade type (01 purchase,
/// 04 refund, 31 cancel), 41 order id of the original. A clearing day ends at 23:00.
/// </summary>
public sealed class UnionPayStatement : StatementLayout
{
    private static readonly int[] Widths =
    [
        3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13,
        8, 32, 13, 13, 12, 2, 1, 32,
    ];

    private static readonly int[] Starts = [.. Enumerable.Range(0, Widths.Length).Select(i => Widths.Take(i).Sum() + i)];
    private static readonly int Length = Starts[^1] + Widths[^1];
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);
    private readonly DateTimeOffset _latest;

    private UnionPayStatement(DateTimeOffset latest) => _latest = latest;

    public override string? Channel => "unionpay";

    public override string Name => "UnionPay ZM file";

    public override TimeSpan DayStart => TimeSpan.FromHours(-1);

    /// <summary>The layout of a file that starts with this line; null where it is another's.</summary>
    /// <param name="latest">No line is later than this: it gives the times their year.</param>
    public static UnionPayStatement? FromFirstLine(ReadOnlySpan<byte> line, DateTimeOffset latest)
    {
        if (line.Length < Length)
        {
            return null;
        }

        for (var i = 1; i < Starts.Length; i++)
        {
            if (line[Starts[i] - 1] != ' ')
            {
                return null;
            }
        }

        return Field(line, 7).All(char.IsAsciiDigit) && Field(line, 5).All(char.IsAsciiDigit) ? new(latest) : null;
    }

    public override StatementRow Read(long number, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Trim((byte)' ').IsEmpty)
        {
            return Skip(number);
        }

        if (bytes.Length < Length)
        {
            return Refuse(number, $"{bytes.Length} bytes where the layout has at least {Length}");
        }

        var kind = Field(bytes, 20) switch
        {
            "01" => MoneyKind.Payment,
            "04" or "31" => MoneyKind.Refund,
            _ => (MoneyKind?)null,
        };
        if (kind is null)
        {
            return Refuse(number, "its trade type is neither purchase (01) nor refund (04) nor cancel (31)");
        }

        var own = Field(bytes, 12);
        var original = Field(bytes, 41);
        var order = kind == MoneyKind.Payment ? own : original.Length > 0 ? original : PaymentOf(own);
        var query = Field(bytes, 10);
        if (!StatementFields.IsNumber(own) || !StatementFields.IsNumber(order) || !StatementFields.IsNumber(query))
        {
            return Refuse(number, "an order number or query id is missing or not printable");
        }

        return !long.TryParse(Field(bytes, 7), NumberStyles.None, CultureInfo.InvariantCulture, out var fen)
            ? Refuse(number, "the amount is not 12 digits")
            : Time(Field(bytes, 5)) is not { } at ? Refuse(number, "the time is not MMddHHmmss")
            : new(
                number,
                new(
                    number, order, kind == MoneyKind.Payment ? query : null, kind.Value, fen, "CNY", at,
                    kind == MoneyKind.Refund ? own : null),
                null);
    }

    /// <summary>The field with this number of the specification, counted from 1. Widths are bytes: names are GBK.</summary>
    private static string Field(ReadOnlySpan<byte> line, int number) =>
        Encoding.Latin1.GetString(line.Slice(Starts[number - 1], Widths[number - 1])).Trim();

    /// <summary>Our refund numbers start with the payment's.</summary>
    private static string PaymentOf(string refund) =>
        refund.Length > OrderIds.Length + 2 && OrderIds.OfProviderNumber(refund[..(OrderIds.Length + 2)]) is not null
            ? refund[..(OrderIds.Length + 2)]
            : refund;

    /// <summary>The latest moment with this month, day and time that is not after the last possible one.</summary>
    private DateTimeOffset? Time(string text)
    {
        var year = _latest.ToOffset(Beijing).Year;
        for (var back = 0; back < 5; back++)
        {
            if (DateTime.TryParseExact(
                string.Create(CultureInfo.InvariantCulture, $"{year - back:0000}{text}"), "yyyyMMddHHmmss",
                CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
                && new DateTimeOffset(time, Beijing) is var moment && moment <= _latest)
            {
                return moment;
            }
        }

        return null;
    }
}
