using System.Globalization;
using System.Text.RegularExpressions;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Shop.Reconciliation;

/// <summary>
/// Alipay's business detail bill (业务明细; bill type <c>trade</c>): GBK, comment lines start with <c>#</c>, fields end in a
/// tab, amounts in yuan, refunds negative. Not the account detail bill (账务明细), which lists balances and fees.
/// Columns are found by name. The file ends with a comment that says so; without it, it is cut off.
/// </summary>
public sealed partial class AlipayStatement : StatementLayout
{
    private const int Trade = 0, Order = 1, Kind = 2, Subject = 3, Created = 4, Finished = 5, Amount = 6, Refund = 7;

    private readonly int[] _columns;
    private readonly int _count;
    private bool _started;
    private bool _ended;

    private AlipayStatement(int[] columns, int count) => (_columns, _count) = (columns, count);

    public override string? Channel => "alipay";

    public override string Name => "Alipay business detail bill";

    /// <summary>The layout of a file with this header and these comments above it; null where it is another's.</summary>
    public static AlipayStatement? FromHeader(IReadOnlyList<string> header, IReadOnlyList<string> comments)
    {
        if (Columns(header, "支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "订单金额", "退款批次号/请求号")
            is not { } columns)
        {
            return null;
        }

        var layout = new AlipayStatement(columns, header.Count);
        foreach (var comment in comments)
        {
            layout.Comment(comment);
        }

        return layout;
    }

    public override StatementRow Read(long number, ReadOnlySpan<byte> bytes)
    {
        if (Decode(bytes) is not { } text)
        {
            return Refuse(number, "the bytes do not fit the file's encoding");
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            return Skip(number);
        }

        if (text.StartsWith('#'))
        {
            Comment(text);
            return Skip(number);
        }

        var fields = StatementFields.Split(text);
        return Shift(fields) is { } shift
            ? Understand(number, fields, shift)
            : Refuse(number, $"{fields.Count} fields where the header has {_count}, and no time where one should stand");
    }

    public override string? Incomplete() => _started && !_ended ? "the file ends without its closing comment: it is cut off" : null;

    private StatementRow Understand(long number, List<string> fields, int shift)
    {
        var kind = fields[_columns[Kind]] switch
        {
            "交易" => MoneyKind.Payment,
            "退款" => MoneyKind.Refund,
            _ => (MoneyKind?)null,
        };
        if (kind is null)
        {
            return Refuse(number, "its business type is neither trade (交易) nor refund (退款)");
        }

        var order = fields[_columns[Order]];
        var trade = fields[_columns[Trade]];
        var refund = fields[Place(Refund, shift)];
        if (!StatementFields.IsNumber(order) || !StatementFields.IsNumber(trade)
            || (refund.Length > 0 && !StatementFields.IsNumber(refund)))
        {
            return Refuse(number, "an order, trade or refund number is missing or not printable");
        }

        return !StatementFields.TryFen(fields[Place(Amount, shift)], out var fen)
            ? Refuse(number, "the amount is not yuan with two decimals")
            : new(
                number,
                new(
                    number, order, trade, kind.Value, fen, "CNY", AlipayText.ParseTime(fields[Place(Finished, shift)])!.Value,
                    kind == MoneyKind.Refund && refund.Length > 0 ? refund : null),
                null);
    }

    /// <summary>
    /// By how much the columns after the product name are moved: a name with commas makes more fields than the header
    /// has. The times behind it tell. Null where they stand nowhere.
    /// </summary>
    private int? Shift(List<string> fields)
    {
        for (var shift = 0; shift <= fields.Count - _count; shift++)
        {
            if (AlipayText.ParseTime(fields[Place(Finished, shift)]) is not null
                && AlipayText.ParseTime(fields[Place(Created, shift)]) is not null)
            {
                return shift;
            }
        }

        return null;
    }

    private int Place(int column, int shift) => _columns[column] + (_columns[column] > _columns[Subject] ? shift : 0);

    private void Comment(string text)
    {
        _ended |= text.Contains("明细列表结束", StringComparison.Ordinal);
        _started |= !_ended && text.Contains("明细列表", StringComparison.Ordinal);
        if (Range().Match(text) is { Success: true } range
            && AlipayText.ParseTime(Moment(range, 1)) is { } from && AlipayText.ParseTime(Moment(range, 5)) is { } to && from < to)
        {
            Period = new(
                StatementPeriod.DayOf(from, TimeSpan.Zero), StatementPeriod.DayOf(to.AddTicks(-1), TimeSpan.Zero), TimeSpan.Zero);
        }

        static string Moment(Match m, int at) => string.Create(
            CultureInfo.InvariantCulture,
            $"{m.Groups[at].Value}-{m.Groups[at + 1].Value}-{m.Groups[at + 2].Value} {m.Groups[at + 3].Value}");
    }

    [GeneratedRegex(
        @"起始日期.*?\[(\d{4})年(\d{2})月(\d{2})日\s+([\d:]{8})\].*?终止日期.*?\[(\d{4})年(\d{2})月(\d{2})日\s+([\d:]{8})\]",
        RegexOptions.CultureInvariant)]
    private static partial Regex Range();
}
