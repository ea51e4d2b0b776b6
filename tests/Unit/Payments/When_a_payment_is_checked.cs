using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_payment_is_checked
{
    [Theory]
    [InlineData(PaymentStatus.Reserved)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    public void Paid_it_is_booked_and_said_in_a_fact(PaymentStatus status)
    {
        var outcome = Scenario.Given(An.In(status)).When(An.Checked(TradeStatus.Paid))
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating)
            .Sends(typeof(DeliverOrder), typeof(SagaFact)).MovesStock(StockDelta.Pay(2));
        Assert.Equal("query", outcome.Payment.Payments[0].Source);
        outcome.Then.When(An.Checked(TradeStatus.Paid)).ChangesNothing();
    }

    [Fact]
    public void Its_notification_afterwards_is_only_noted()
    {
        var booked = Scenario.Given(An.AwaitingPayment()).When(An.Checked(TradeStatus.Paid));
        var noted = booked.Then.When(An.Notified()).Is(PaymentStatus.Paid).Sends().MovesStock(default);
        Assert.Single(noted.Payment.Payments);
    }

    [Fact]
    public void The_wrong_amount_goes_to_review() =>
        Scenario.Given(An.AwaitingPayment()).When(An.Checked(TradeStatus.Paid, amount: 1)).Is(PaymentStatus.Review);

    [Fact]
    public void The_wrong_currency_goes_to_review() =>
        Scenario.Given(An.AwaitingPayment()).When(An.Checked(TradeStatus.Paid, currency: "USD")).Is(PaymentStatus.Review);

    [Fact]
    public void Closed_at_the_provider_the_order_expires() =>
        Scenario.Given(An.AwaitingPayment()).When(An.Checked(TradeStatus.Closed))
            .Is(PaymentStatus.Expired).Sends(typeof(OrderExpired), typeof(SagaFact))
            .MovesStock(StockDelta.ReleaseHeld(2)).IsDue(null);

    [Fact]
    public void Waiting_it_is_looked_at_again_later() =>
        Scenario.Given(An.AwaitingPayment()).When(An.Checked(TradeStatus.Waiting))
            .Is(PaymentStatus.AwaitingPayment).Sends().IsDue(An.Start + TimeSpan.FromSeconds(10) + ShopSettings.Default.CheckEvery);

    [Fact]
    public void An_answer_that_proves_nothing_is_asked_for_soon() =>
        Scenario.Given(An.AwaitingPayment()).When(An.Checked(ChannelResult.Unknown))
            .Is(PaymentStatus.AwaitingPayment).IsDue(An.Start + TimeSpan.FromSeconds(11));

    [Theory]
    [InlineData(PaymentStatus.Paid)]
    [InlineData(PaymentStatus.Refunding)]
    [InlineData(PaymentStatus.Refunded)]
    [InlineData(PaymentStatus.SoldOut)]
    [InlineData(PaymentStatus.Expired)]
    public void A_late_answer_without_money_changes_nothing(PaymentStatus status)
    {
        Scenario.Given(An.In(status)).When(An.Checked(TradeStatus.Closed)).ChangesNothing();
        Scenario.Given(An.In(status)).When(An.Checked(ChannelResult.Unknown)).ChangesNothing();
    }

    [Fact]
    public void Of_an_unknown_order_nothing_is_made() =>
        Scenario.Given(OrderCase.None).When(An.Checked(TradeStatus.Paid)).ChangesNothing();
}
