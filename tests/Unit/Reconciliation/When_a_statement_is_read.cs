using System.Text;
using CardShop.Shop.Reconciliation;
using Xunit;
using static CardShop.Tests.Unit.Reconciliation.Statements;

namespace CardShop.Tests.Unit.Reconciliation;

public sealed class When_a_statement_is_read
{
    private static readonly DateTimeOffset At = new(2026, 3, 5, 10, 0, 9, TimeSpan.FromHours(8));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Alipays_bill_is_understood_in_gbk_and_in_utf8(bool gbk)
    {
        var text = AlipayBill(Alipay("n1", "交易", "10.00"), Alipay("n1", "退款", "-2.50", "n1R1"));

        var (rows, reader) = await ReadAsync((gbk ? Gbk : Encoding.UTF8).GetBytes(text));

        Assert.Equal(
            [
                new StatementLine(6, "n1", "2026030522000001", MoneyKind.Payment, 1_000, "CNY", At),
                new StatementLine(7, "n1", "2026030522000001", MoneyKind.Refund, 250, "CNY", At, "n1R1"),
            ],
            rows.Select(r => r.Line!));
        Assert.Equal("alipay", reader.Layout!.Channel);
        Assert.Equal("2026-03-05", reader.Layout.Period.ToString());
        Assert.Null(reader.Incomplete);
    }

    [Fact]
    public async Task Commas_and_quotation_marks_in_a_product_name_move_no_amount()
    {
        var (rows, _) = await ReadAsync(AlipayBill(
            Alipay("n1", "交易", "10.00", name: "Card, 15\" wide, red"), Alipay("n2", "交易", "11.00", name: "\"Card, red\"")));

        Assert.Equal([("n1", 1_000L), ("n2", 1_100L)], rows.Select(r => (r.Line!.Number, r.Line.Amount)));
    }

    [Fact]
    public async Task Bad_lines_are_told_by_number_and_the_rest_is_read()
    {
        var (rows, _) = await ReadAsync(AlipayBill(
            "nonsense", Alipay("n1", "交易", "ten"), Alipay("", "交易", "1.00"), Alipay("n4", "转账", "1.00"),
            Alipay("n5", "交易", "1.00"), new string('x', 20_000), Alipay("n7", "交易", "1.00")));

        Assert.Equal([6L, 7, 8, 9, 11], rows.Where(r => r.Refusal is not null).Select(r => r.Number));
        Assert.Equal(["n5", "n7"], rows.Where(r => r.Line is not null).Select(r => r.Line!.Number));
        Assert.DoesNotContain(rows, r => r.Refusal?.Contains("nonsense", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task Bytes_that_do_not_fit_the_encoding_spoil_their_line_alone()
    {
        byte[] head = Encoding.UTF8.GetBytes(AlipayBill(Alipay("n1", "交易", "1.00", name: "卡")));

        var (rows, _) = await ReadAsync([.. head, .. Gbk.GetBytes(Alipay("n2", "交易", "1.00")), (byte)'\n', .. "#end\n"u8]);

        Assert.Equal("n1", rows[0].Line!.Number);
        Assert.Contains("encoding", rows[1].Refusal, StringComparison.Ordinal);
        Assert.Equal(2, rows.Count);
    }

    [Fact]
    public async Task A_bill_that_is_cut_off_says_so()
    {
        var alipay = AlipayBill(Alipay("n1", "交易", "1.00"));
        var wechat = WechatBill(1, Wechat("n1", "SUCCESS", "1.00"));

        Assert.NotNull((await ReadAsync(alipay[..alipay.IndexOf("#---", 200, StringComparison.Ordinal)])).Reader.Incomplete);
        Assert.NotNull((await ReadAsync(wechat[..wechat.IndexOf("总交易", StringComparison.Ordinal)])).Reader.Incomplete);
        Assert.NotNull((await ReadAsync(WechatBill(3, Wechat("n1", "SUCCESS", "1.00")))).Reader.Incomplete);
        Assert.Null((await ReadAsync(wechat)).Reader.Incomplete);
    }

    [Fact]
    public async Task Wechats_bill_is_understood()
    {
        var (rows, reader) = await ReadAsync(WechatBill(
            3, Wechat("n1", "SUCCESS", "10.00", name: "Card, red"),
            Wechat("n1", "REFUND", "0.00", "n1R1", "2.50", "PROCESSING"), Wechat("n1", "REVOKED", "1.00")));

        Assert.Equal(new StatementLine(2, "n1", "4200000001", MoneyKind.Payment, 1_000, "CNY", At), rows[0].Line);
        Assert.Equal(
            new StatementLine(3, "n1", "4200000001", MoneyKind.Refund, 250, "CNY", At, "n1R1", Settled: false), rows[1].Line);
        Assert.Equal(4, rows[2].Number);
        Assert.Contains("SUCCESS nor REFUND", rows[2].Refusal, StringComparison.Ordinal);
        Assert.Equal((3, "wechat", null), (rows.Count, reader.Layout!.Channel, reader.Incomplete));
    }

    [Fact]
    public async Task Wechats_bill_of_payments_alone_and_its_older_names_are_understood()
    {
        var (rows, _) = await ReadAsync(
            "\uFEFF交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,商品名称,商户数据包,手续费,费率\n" +
            "`2026-03-05 10:00:09,`wx1,`1900000001,`0,`,`42,`n1,`openid,`NATIVE,`SUCCESS,`OTHERS,`CNY,`10.0,`0.00,`Card,`,`0.06,`0.60%\n" +
            "总交易单数,总交易额\n`1,`10.00\n");

        Assert.Equal(new StatementLine(2, "n1", "42", MoneyKind.Payment, 1_000, "CNY", At), Assert.Single(rows).Line);
    }

    [Fact]
    public async Task Unionpays_fixed_widths_are_counted_in_bytes()
    {
        var payment = new string('a', 26) + "01";

        var (rows, reader) = await ReadAsync(
        [
            .. Zm(payment, "01", 1_000), .. Zm(payment + "R1", "04", 250, original: payment), .. Zm(payment + "R2", "04", 1),
            .. Zm(payment, "02", 1), .. "short\n"u8, .. Zm(payment, "01", 1, "1231235959"),
        ]);

        Assert.Equal(new StatementLine(1, payment, "202603051000090001", MoneyKind.Payment, 1_000, "CNY", At), rows[0].Line);
        Assert.Equal(new StatementLine(2, payment, null, MoneyKind.Refund, 250, "CNY", At, payment + "R1"), rows[1].Line);
        Assert.Equal((payment, payment + "R2"), (rows[2].Line!.Number, rows[2].Line!.RefundNumber));
        Assert.All(rows.Skip(3).Take(2), r => Assert.NotNull(r.Refusal));
        Assert.Equal(2025, rows[5].Line!.At.Year);
        Assert.Equal("unionpay", reader.Layout!.Channel);
    }

    [Fact]
    public async Task The_plain_layout_serves_every_channel()
    {
        var (rows, reader) = await ReadAsync(
            "# by hand\nRefund_number,number,trade_no,kind,amount_fen,currency,time\n" +
            ",n1,t1,payment,1000,CNY,2026-03-05 10:00:09\n\"n1R1\",n1,,refund,250,CNY,2026-03-05T02:00:09Z\n" +
            ",n1,,gift,1,CNY,2026-03-05 10:00:09\n,n1,,payment,-1,CNY,2026-03-05 10:00:09\n,n1,,payment,1,yuan,2026-03-05 10:00:09\n" +
            ",n1,,payment,1,CNY,yesterday\n,n1,,payment\n,n 1,,payment,1,CNY,2026-03-05 10:00:09");

        Assert.Equal(new StatementLine(3, "n1", "t1", MoneyKind.Payment, 1_000, "CNY", At), rows[0].Line);
        Assert.Equal((MoneyKind.Refund, 250L, "n1R1", At), (rows[1].Line!.Kind, rows[1].Line!.Amount, rows[1].Line!.RefundNumber, rows[1].Line!.At));
        Assert.Equal([5L, 6, 7, 8, 9, 10], rows.Skip(2).Where(r => r.Refusal is not null).Select(r => r.Number));
        Assert.Null(reader.Layout!.Channel);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello\nworld\n")]
    [InlineData("PK\u0003\u0004 packed")]
    [InlineData("#支付宝账务明细查询\n账务流水号,业务流水号,商户订单号,商品名称,发生时间,收入金额（+元）\n", "业务明细")]
    [InlineData("记账时间,微信支付业务单号,资金流水单号,业务名称\n", "tradebill")]
    public async Task What_is_no_statement_is_refused_as_a_whole(string text, string hint = "known")
    {
        var failure = await Assert.ThrowsAsync<StatementFormatException>(() => ReadAsync(text));

        Assert.Contains(hint, failure.Message, StringComparison.Ordinal);
    }
}
