using CardShop.Api.Orders;
using CardShop.Api.Payments;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_an_order_is_shown
{
    private const string Page = "https://gateway.95516.com/gateway/api/frontTransReq.do?orderId=1&signature=A";

    private static OrderView Shown(OrderCase order, string? publicUrl = null) => OrderViews.Of(
        An.Id, new("S", 1, 0, 0), new(order.Payment!, order.Delivery, null), null, publicUrl)!;

    private static OrderCase Linked(string link, string? qr, string channel = "alipay") =>
        Scenario.Given(An.Reserved(An.Order() with { Channel = channel }))
            .When(new PaymentMessage.Requested(An.Id, An.Number, new(ChannelResult.Done, link, Qr: qr))).Decision.Case;

    [Fact]
    public void The_link_and_the_code_are_the_attempts()
    {
        var payment = Shown(Linked("https://pay.example/1", "code-1")).Payment!;
        Assert.Equal(("alipay", "https://pay.example/1", "code-1"), (payment.Channel, payment.Link, payment.Qr));
        Assert.Null(Shown(Linked("https://pay.example/1", null)).Payment!.Qr);
    }

    [Fact]
    public void After_a_switch_it_is_the_new_channels_and_until_then_none()
    {
        var switched = Scenario.Given(Linked("https://pay.example/1", "code-1")).When(An.Switch("wechat"));
        Assert.Equal(("queued", null), (Shown(switched.Decision.Case).Status, Shown(switched.Decision.Case).Payment));
        var second = switched.Then.When(new PaymentMessage.Requested(
            An.Id, An.Id + "02", new(ChannelResult.Done, "weixin://2", Qr: "weixin://2"))).Decision.Case;
        var payment = Shown(second).Payment!;
        Assert.Equal(("wechat", "weixin://2", "weixin://2"), (payment.Channel, payment.Link, payment.Qr));
    }

    [Theory]
    [InlineData(null, "/v1/payments/form/" + An.Number)]
    [InlineData("https://shop.example", "https://shop.example/v1/payments/form/" + An.Number)]
    public void A_page_that_takes_a_posted_form_is_opened_by_a_form_of_ours(string? publicUrl, string link) =>
        Assert.Equal(link, Shown(Linked(Page, null, "unionpay"), publicUrl).Payment!.Link);

    [Fact]
    public void The_form_is_there_while_the_order_waits_to_be_paid_by_it()
    {
        var order = Linked(Page, null, "unionpay");
        Assert.Equal("1", FormEndpoint.PageOf(order.Payment, An.Number, An.Start)!.Fields[0].Value);
        Assert.Null(FormEndpoint.PageOf(null, An.Number, An.Start));
        Assert.Null(FormEndpoint.PageOf(order.Payment, An.Id + "02", An.Start));
        Assert.Null(FormEndpoint.PageOf(order.Payment, An.Number, order.Payment!.Attempts[0].ExpiresAt));
        Assert.Null(FormEndpoint.PageOf(Linked("https://pay.example/1", null).Payment, An.Number, An.Start));
        Assert.Null(FormEndpoint.PageOf(An.Reserved().Payment, An.Number, An.Start));
        foreach (var message in new[] { An.Cancel(), An.Switch("alipay"), An.Checked(TradeStatus.Paid) })
        {
            var left = Scenario.Given(order).When(message).Payment;
            Assert.Null(FormEndpoint.PageOf(left, An.Number, An.Start));
        }
    }
}
