using System.Globalization;
using System.Text;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Reconciliation;

namespace CardShop.Tests.Unit.Reconciliation;

/// <summary>Statements in every layout, written by the tests.</summary>
internal static class Statements
{
    public const string AlipayHeader =
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）," +
        "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号," +
        "服务费（元）,分润（元）,备注";

    public const string WechatHeader =
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额," +
        "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";

    public const string WechatSumsHeader =
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

    public const string PlainHeader = "number,trade_no,kind,amount_fen,currency,time,refund_number";

    public static readonly Encoding Gbk = CodePagesEncodingProvider.Instance.GetEncoding("GBK")!;

    private static readonly int[] ZmWidths =
    [
        3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13,
        8, 32, 13, 13, 12, 2, 1, 32, 98,
    ];

    /// <summary>The last moment of a made-up day that the tests speak of.</summary>
    public static readonly DateTimeOffset Latest = new(2026, 3, 6, 0, 0, 0, TimeSpan.FromHours(8));

    public static string Alipay(string order, string kind, string amount, string refund = "", string name = "Card") =>
        $"2026030522000001\t,{order}\t,{kind}\t,{name},2026-03-05 10:00:00,2026-03-05 10:00:09,\t,\t,\t,\t,*a(a***@example.org)\t," +
        $"{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{refund}\t,0.00,0.00,{name}";

    public static string AlipayBill(params IEnumerable<string> rows) => string.Join("\r\n", (IEnumerable<string>)
    [
        "#支付宝业务明细查询", "#账号：[20880000000000010156]",
        "#起始日期：[2026年03月05日 00:00:00]   终止日期：[2026年03月06日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------", AlipayHeader, .. rows,
        "#-----------------------------------------业务明细列表结束------------------------------------",
        "#交易合计：1笔，商家实收共10.00元", "#导出时间：[2026年03月06日 09:00:00]", "",
    ]);

    public static string Wechat(
        string order, string state, string amount, string refund = "0", string refunded = "0.00", string refundState = "",
        string name = "Card") =>
        $"`2026-03-05 10:00:09,`wx1,`1900000001,`0,`,`4200000001,`{order},`openid,`NATIVE,`{state},`OTHERS,`CNY,`{amount},`0.00," +
        $"`5030000001,`{refund},`{refunded},`0.00,`ORIGINAL,`{refundState},`{name},`,`0.06000,`0.60%,`{amount},`{refunded},`";

    public static string WechatBill(long promised, params IEnumerable<string> rows) => string.Join("\r\n", (IEnumerable<string>)
        [WechatHeader, .. rows, WechatSumsHeader, $"`{promised},`10.00,`0.00,`0.00,`0.06000,`10.00,`0.00", ""]);

    /// <summary>A line of a ZM file; a Chinese merchant name makes its bytes more than its characters.</summary>
    public static byte[] Zm(string order, string type, long fen, string time = "0305100009", string original = "")
    {
        var fields = ZmWidths.Select(_ => string.Empty).ToArray();
        (fields[0], fields[3], fields[4]) = ("S22", "000001", time);
        (fields[6], fields[9], fields[11]) = (fen.ToString("D12", CultureInfo.InvariantCulture), "202603051000090001", order);
        (fields[19], fields[30], fields[40]) = (type, "卡密商店", original);
        var line = new List<byte>();
        for (var i = 0; i < fields.Length; i++)
        {
            var bytes = Gbk.GetBytes(fields[i]);
            line.AddRange(bytes);
            line.AddRange(Enumerable.Repeat((byte)' ', ZmWidths[i] - bytes.Length + 1));
        }

        return [.. line[..^1], (byte)'\n'];
    }

    public static string Plain(StatementLine line) => string.Create(
        CultureInfo.InvariantCulture,
        $"{line.Number},{line.TradeNo},{(line.Kind == MoneyKind.Payment ? "payment" : "refund")},{line.Amount},{line.Currency},{AlipayText.Time(line.At)},{line.RefundNumber}");

    public static Task<(IReadOnlyList<StatementRow> Rows, StatementReader Reader)> ReadAsync(string text) =>
        ReadAsync(Encoding.UTF8.GetBytes(text));

    public static async Task<(IReadOnlyList<StatementRow> Rows, StatementReader Reader)> ReadAsync(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        var reader = new StatementReader(stream, Latest);
        var rows = new List<StatementRow>();
        await foreach (var row in reader.ReadAsync(CancellationToken.None))
        {
            rows.Add(row);
        }

        return (rows, reader);
    }
}
