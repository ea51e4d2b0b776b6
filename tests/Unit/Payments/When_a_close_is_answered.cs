using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_close_is_answered
{
    [Theory]
    [InlineData(ChannelResult.Done)]
    [InlineData(ChannelResult.NotFound)]
    public void The_order_expires_and_releases_exactly_what_was_held(ChannelResult result)
    {
        var outcome = Scenario.Given(An.AwaitingPayment()).At(An.Expiry).When(An.CloseAnswered(result))
            .Is(PaymentStatus.Expired).Sends(typeof(OrderExpired), typeof(Shop.Orders.SagaFact))
            .MovesStock(new(Available: 2, Reserved: -2, Held: -2)).IsDue(null);
        Assert.True(outcome.Payment.Attempts[0].Closed);
        Assert.False(outcome.Payment.Reserved);
        Assert.Equal((An.Id, "S", 2, An.Expiry),
            (outcome.Sent<OrderExpired>().OrderId, outcome.Sent<OrderExpired>().Sku, outcome.Sent<OrderExpired>().Quantity,
                outcome.Sent<OrderExpired>().ExpiredAt));
        outcome.Then.When(An.CloseAnswered(result)).ChangesNothing();
    }

    [Fact]
    public void An_answer_from_before_the_trade_was_there_says_nothing_of_it()
    {
        var reserved = Scenario.Given(An.Reserved()).Order;
        var linked = Scenario.Given(reserved).When(An.Linked()).Then.At(An.Expiry);
        linked.When(new PaymentMessage.CloseAnswered(An.Id, An.Number, new(ChannelResult.NotFound), reserved.Payment!.Version))
            .ChangesNothing();
        linked.When(new PaymentMessage.CloseAnswered(An.Id, An.Number, new(ChannelResult.NotFound), linked.Order.Payment!.Version))
            .Is(PaymentStatus.Expired).IsDue(null);
    }

    [Theory]
    [InlineData(ChannelResult.Unknown)]
    [InlineData(ChannelResult.WrongState)]
    public void A_call_that_may_have_opened_the_trade_after_it_is_followed_by_another_close(ChannelResult result)
    {
        var expired = Scenario.Given(An.Reserved()).At(An.Expiry).When(An.CloseAnswered(ChannelResult.NotFound))
            .Is(PaymentStatus.Expired).IsDue(null).Then;
        var open = expired.When(An.Requested(result)).Is(PaymentStatus.Expired).Sends().MovesStock(default).Then;
        Assert.False(open.Order.Payment!.Attempts[0].Closed);
        var due = open.At(open.Order.Payment.Due!.Value).When(An.PaymentDue);
        var close = due.Sent<ClosePayment>();
        due.Then.When(new PaymentMessage.CloseAnswered(An.Id, An.Number, new(ChannelResult.NotFound), expired.Order.Payment!.Version))
            .ChangesNothing();
        due.Then.When(new PaymentMessage.CloseAnswered(An.Id, close.Number, new(ChannelResult.NotFound), close.SagaVersion))
            .Is(PaymentStatus.Expired).IsDue(null);
    }

    [Fact]
    public void Held_at_payment_nothing_is_released() =>
        Scenario.Given(An.AwaitingPayment(An.Order(hold: HoldPolicy.Payment))).At(An.Expiry)
            .When(An.CloseAnswered(ChannelResult.Done)).Is(PaymentStatus.Expired).MovesStock(default);

    [Theory]
    [InlineData(PaymentStatus.AwaitingPayment)]
    [InlineData(PaymentStatus.Cancelled)]
    public void A_state_that_forbids_it_is_queried_for_it_may_be_paid(PaymentStatus status)
    {
        var outcome = Scenario.Given(An.In(status)).When(An.CloseAnswered(ChannelResult.WrongState))
            .Is(status).Sends(typeof(CheckPayment)).MovesStock(default);
        outcome.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating);
    }

    [Fact]
    public void A_provider_that_does_not_answer_cannot_hold_the_stock_for_ever()
    {
        var scenario = Scenario.Given(An.AwaitingPayment()).At(An.Expiry);
        var tries = 0;
        while (scenario.Order.Payment!.Status == PaymentStatus.AwaitingPayment)
        {
            Assert.True(++tries < 30);
            scenario = scenario.When(An.CloseAnswered(ChannelResult.Unknown)).Then;
        }

        Assert.Equal(PaymentStatus.Expired, scenario.Order.Payment.Status);
        Assert.InRange(tries, 5, 20);
    }

    [Fact]
    public void A_provider_that_contradicts_itself_cannot_hold_the_stock_for_ever()
    {
        var scenario = Scenario.Given(An.AwaitingPayment()).At(An.Expiry);
        var rounds = 0;
        while (scenario.Order.Payment!.Status == PaymentStatus.AwaitingPayment)
        {
            Assert.True(++rounds < 50, "Close says that the state forbids it, the query says that it is unpaid: for ever");
            scenario = scenario.At(scenario.Order.Payment.Due!.Value).When(An.PaymentDue).Then;
            scenario = scenario.When(An.CloseAnswered(ChannelResult.WrongState)).Then;
            scenario = scenario.When(An.Checked(TradeStatus.Waiting)).Then;
        }

        Assert.NotEqual(PaymentStatus.Paid, scenario.Order.Payment.Status);
    }

    [Fact]
    public void One_close_that_comes_many_times_is_no_contradiction()
    {
        var scenario = Scenario.Given(An.AwaitingPayment()).At(An.Expiry);
        for (var i = 0; i < 40; i++)
        {
            scenario = scenario.When(An.CloseAnswered(ChannelResult.WrongState)).Is(PaymentStatus.AwaitingPayment).Then;
        }

        scenario.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating);
    }

    [Theory]
    [InlineData(PaymentStatus.Paid)]
    [InlineData(PaymentStatus.Refunding)]
    [InlineData(PaymentStatus.Refunded)]
    [InlineData(PaymentStatus.Review)]
    public void After_the_money_it_moves_nothing(PaymentStatus status) =>
        Scenario.Given(An.In(status)).When(An.CloseAnswered(ChannelResult.Done)).Is(status).Sends().MovesStock(default);
}
