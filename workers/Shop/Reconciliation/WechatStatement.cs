using System.Globalization;
using CardShop.Shop.Channels.Alipay;

namespace CardShop.Shop.Reconciliation;

/// <summary>
/// WeChat Pay's trade bill (<c>GET /v3/bill/tradebill</c>; ALL, SUCCESS or REFUND): UTF-8, each value behind a backtick,
/// amounts in yuan, a header, the rows, a second header and one row of sums. A row's time is that of the payment, or of
/// the acceptance of the refund; a refund's state is that of the day. Columns are found by name: old merchants' bills
/// have others (总金额 for the amount).
/// </summary>
public sealed class WechatStatement : StatementLayout
{
    private const string SumsHeader = "总交易单数";
    private const int Time = 0, Trade = 1, Order = 2, State = 3, Currency = 4;

    private readonly int[] _columns;
    private readonly int _count;
    private readonly int _amount;
    private readonly int _refundNumber;
    private readonly int _refundAmount;
    private readonly int _refundState;
    private readonly int _refundTime;
    private long _rows;
    private bool _sums;
    private long? _promised;

    private WechatStatement(IReadOnlyList<string> header, int[] columns)
    {
        _columns = columns;
        _count = header.Count;
        _amount = First(header, "订单金额", "总金额", "应结订单金额");
        _refundNumber = IndexOf(header, "商户退款单号");
        _refundAmount = First(header, "申请退款金额", "退款金额");
        _refundState = IndexOf(header, "退款状态");
        _refundTime = IndexOf(header, "退款申请时间");
    }

    public override string? Channel => "wechat";

    public override string Name => "WeChat Pay trade bill";

    /// <summary>The layout of a file with this header; null where it is another's.</summary>
    public static WechatStatement? FromHeader(IReadOnlyList<string> header) =>
        Columns(header, "交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类") is { } columns
            && First(header, "订单金额", "总金额", "应结订单金额") >= 0
            ? new(header, columns)
            : null;

    public override StatementRow Read(long number, ReadOnlySpan<byte> bytes)
    {
        if (Decode(bytes) is not { } text)
        {
            _rows++;
            return Refuse(number, "the bytes do not fit the file's encoding");
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            return Skip(number);
        }

        if (text.StartsWith(SumsHeader, StringComparison.Ordinal))
        {
            _sums = true;
            return Skip(number);
        }

        var fields = Split(text);
        if (_sums)
        {
            _promised = long.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out var rows) ? rows : _promised;
            return Skip(number);
        }

        _rows++;
        return fields.Count != _count
            ? Refuse(number, $"{fields.Count} fields where the header has {_count}")
            : Understand(number, fields);
    }

    public override string? Incomplete() => _promised switch
    {
        null => "the file ends without its sums: it is cut off",
        var promised when promised != _rows => $"its sums count {promised} rows where the file has {_rows}",
        _ => null,
    };

    private StatementRow Understand(long number, List<string> fields)
    {
        var kind = fields[_columns[State]] switch
        {
            "SUCCESS" => MoneyKind.Payment,
            "REFUND" => MoneyKind.Refund,
            _ => (MoneyKind?)null,
        };
        if (kind is null || (kind == MoneyKind.Refund && (_refundNumber < 0 || _refundAmount < 0)))
        {
            return Refuse(number, "its state is neither SUCCESS nor REFUND");
        }

        var order = fields[_columns[Order]];
        var trade = fields[_columns[Trade]];
        var refund = kind == MoneyKind.Refund ? fields[_refundNumber] : null;
        if (!StatementFields.IsNumber(order) || !StatementFields.IsNumber(trade)
            || (refund is not null && !StatementFields.IsNumber(refund)))
        {
            return Refuse(number, "an order, trade or refund number is missing or not printable");
        }

        var currency = fields[_columns[Currency]];
        return !StatementFields.TryFen(fields[kind == MoneyKind.Refund ? _refundAmount : _amount], out var fen)
                ? Refuse(number, "the amount is not yuan with two decimals")
            : TimeOf(fields, kind.Value) is not { } time ? Refuse(number, "the time is not yyyy-MM-dd HH:mm:ss")
            : !StatementFields.IsCurrency(currency) ? Refuse(number, "the currency has not three letters")
            : new(number, new(number, order, trade, kind.Value, fen, currency, time, refund, IsSettled(fields, kind.Value)), null);
    }

    private DateTimeOffset? TimeOf(List<string> fields, MoneyKind kind) => AlipayText.ParseTime(
        fields[kind == MoneyKind.Refund && _refundTime >= 0 ? _refundTime : _columns[Time]]);

    private bool IsSettled(List<string> fields, MoneyKind kind) =>
        kind == MoneyKind.Payment || _refundState < 0 || fields[_refundState] == "SUCCESS";

    /// <summary>Values behind backticks may hold commas; values without them (saved by a spreadsheet) may not.</summary>
    private static List<string> Split(string text) =>
        text[0] == '`' ? [.. text[1..].Split(",`").Select(f => f.Trim())] : StatementFields.Split(text);

    private static int First(IReadOnlyList<string> header, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (IndexOf(header, name) is >= 0 and var place)
            {
                return place;
            }
        }

        return -1;
    }
}
