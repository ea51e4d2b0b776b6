using CardShop.Api.Payments;
using CardShop.Shop.Channels;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_a_notification_is_written
{
    private const string RefundNumber = An.Number + "R1";

    private static ProviderTrade Trade(string number) => new(number, "t1", TradeStatus.Paid, An.Amount, "CNY", An.Start);

    [Fact]
    public void What_the_provider_wants_and_says_goes_with_it()
    {
        var check = new NotificationCheck(
            null, "main", "serial", "n1", "merchant", Trade(An.Number), QueryFirst: true, OrderedAt: An.Start);
        var written = NotifyEndpoint.ToNotification(An.Id, "unionpay", check, check.Trade!, [], new byte[1], An.Start);
        Assert.Equal((true, An.Start, null), (written.QueryFirst, written.OrderedAt, written.RefundNumber));
        Assert.Null(NotifyEndpoint.ToNotification(
            An.Id, "alipay", check with { QueryFirst = false }, check.Trade!, [], new byte[1], An.Start).QueryFirst);
    }

    [Theory]
    [InlineData(An.Number, null, true)]
    [InlineData(An.Number, RefundNumber, true)]
    [InlineData(An.Number, "of-somebody-else", true)]
    [InlineData(RefundNumber, RefundNumber, true)]
    [InlineData("of-somebody-else", RefundNumber, true)]
    [InlineData("of-somebody-else", "of-somebody-else", false)]
    [InlineData(RefundNumber, null, false)]
    public void A_refund_finds_its_order_by_its_own_number_too(string number, string? refundNumber, bool isOurs)
    {
        var refund = refundNumber is null ? null : new ProviderRefund(refundNumber, true, An.Amount);
        var check = new NotificationCheck(null, Trade: Trade(number), Refund: refund);
        Assert.Equal(isOurs ? An.Id : null, NotifyEndpoint.OrderOf(check, check.Trade!));
    }
}
