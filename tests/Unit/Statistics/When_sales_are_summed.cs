using CardShop.Shop.Statistics;
using Xunit;

namespace CardShop.Tests.Unit.Statistics;

public sealed class When_sales_are_summed
{
    private static readonly DateOnly First = new(2030, 1, 1);

    [Fact]
    public void A_day_has_a_line_per_product_and_the_funnel_and_the_channels_are_of_all()
    {
        var report = SalesSums.Report(
            [
                new(First.AddDays(1), "B", "alipay", Of(placed: 10, paid: 4, delivered: 3, seconds: 6, revenue: 400)),
                new(First, "B", "wechat", Of(placed: 5, paid: 5, delivered: 5, seconds: 5, revenue: 900)),
                new(First, "B", "alipay", Of(placed: 2, paid: 1, delivered: 1, seconds: 9, revenue: 100)),
                new(First, "A", "unionpay", Of(placed: 7, paid: 0, delivered: 0, seconds: 0, revenue: 0)),
            ],
            [First.AddDays(2)], "Asia/Shanghai");

        Assert.Equal([(First, "A"), (First, "B"), (First.AddDays(1), "B")], report.Days.Select(d => (d.Day, d.Sku)));
        Assert.Equal((7, 6, 1_000L), (report.Days[1].Placed, report.Days[1].Paid, report.Days[1].Revenue));
        // (5 + 9) seconds of 6 deliveries; of no delivery there is no average.
        Assert.Equal((null, 2.333, 2), (
            report.Days[0].AverageDeliverySeconds, report.Days[1].AverageDeliverySeconds, report.Days[2].AverageDeliverySeconds));
        Assert.Equal([new("wechat", 5, 900), new ChannelSales("alipay", 5, 500)], report.Channels);
        Assert.Equal((24, 10, 9, 1_400), (report.Funnel.Placed, report.Funnel.Paid, report.Funnel.Delivered, report.Funnel.Revenue));
        Assert.Equal([First.AddDays(2)], report.Pending);
    }

    [Fact]
    public void No_orders_are_no_lines_and_no_division_by_nothing()
    {
        var report = SalesSums.Report([], [], "Asia/Shanghai");

        Assert.Empty(report.Days);
        Assert.Empty(report.Channels);
        Assert.Equal(SalesFigures.None, report.Funnel);
        Assert.Null(report.Funnel.AverageDeliverySeconds);
    }

    [Fact]
    public void A_file_for_spreadsheets_holds_every_text_as_a_text()
    {
        var report = SalesSums.Report(
            [
                new(First, "=1+1", "alipay", Of(placed: 1, paid: 1, delivered: 1, seconds: 2, revenue: 5_000)),
                new(First, "@x", "alipay", Of(placed: 1, paid: 0, delivered: 0, seconds: 0, revenue: 0)),
                new(First, "+x", "alipay", Of(placed: 1, paid: 0, delivered: 0, seconds: 0, revenue: 0)),
                new(First, "-x", "alipay", Of(placed: 1, paid: 0, delivered: 0, seconds: 0, revenue: 0)),
                new(First, "充值卡, \"50\"", "alipay", Of(placed: 1, paid: 0, delivered: 0, seconds: 0, revenue: 0)),
            ],
            [], "Asia/Shanghai");

        var text = SalesCsv.Write(report);
        var lines = text.Split("\r\n");

        Assert.StartsWith("\uFEFFday,sku,placed,paymentOpened,paid,delivered,", text, StringComparison.Ordinal);
        Assert.Equal(7, lines.Length);
        Assert.Equal(string.Empty, lines[6]);
        Assert.Contains("2030-01-01,\"'+x\",1,1,0,0,", text, StringComparison.Ordinal);
        Assert.Contains("2030-01-01,\"'-x\",", text, StringComparison.Ordinal);
        Assert.Contains("2030-01-01,\"'=1+1\",1,1,1,1,0,0,0,0,0,5000,0,2.000\r\n", text, StringComparison.Ordinal);
        Assert.Contains("2030-01-01,\"'@x\",", text, StringComparison.Ordinal);
        Assert.Contains("2030-01-01,\"充值卡, \"\"50\"\"\",1,", text, StringComparison.Ordinal);
    }

    private static SalesFigures Of(long placed, long paid, long delivered, long seconds, long revenue) => SalesFigures.None with
    {
        Placed = placed,
        PaymentOpened = placed,
        Paid = paid,
        Delivered = delivered,
        Timed = delivered,
        DeliveryMilliseconds = seconds * 1_000,
        Revenue = revenue,
    };
}
