using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_an_order_is_cancelled
{
    [Theory]
    [InlineData(PaymentStatus.Reserved)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    public void What_was_held_is_released_and_the_trade_is_closed(PaymentStatus status)
    {
        var outcome = Scenario.Given(An.In(status)).When(An.Cancel())
            .Is(PaymentStatus.Cancelled)
            .Sends(typeof(ClosePayment))
            .MovesStock(new(Available: 2, Reserved: -2, Held: -2));
        Assert.Equal(An.Number, outcome.Sent<ClosePayment>().Number);
        Assert.False(outcome.Payment.Reserved);
    }

    [Fact]
    public void Held_at_payment_there_is_nothing_to_release() =>
        Scenario.Given(An.AwaitingPayment(An.Order(hold: HoldPolicy.Payment))).When(An.Cancel())
            .Is(PaymentStatus.Cancelled).MovesStock(default);

    [Theory]
    [InlineData(PaymentStatus.Paid)]
    [InlineData(PaymentStatus.Refunding)]
    [InlineData(PaymentStatus.Refunded)]
    [InlineData(PaymentStatus.SoldOut)]
    [InlineData(PaymentStatus.Refused)]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.Cancelled)]
    [InlineData(PaymentStatus.Review)]
    public void It_is_too_late(PaymentStatus status) => Scenario.Given(An.In(status)).When(An.Cancel()).ChangesNothing();

    [Fact]
    public void An_unknown_order_leaves_a_tombstone()
    {
        var outcome = Scenario.Given(OrderCase.None).When(An.Cancel()).Is(PaymentStatus.Cancelled).Sends();
        Assert.Null(outcome.Payment.Order);
        outcome.Then.When(An.Cancel()).ChangesNothing();
    }

    [Fact]
    public void Money_that_arrives_all_the_same_is_delivered_from_what_is_left() =>
        Scenario.Given(An.Cancelled()).With(available: 2).When(An.Notified())
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating).MovesStock(StockDelta.Reserve(2));

    [Fact]
    public void A_link_that_comes_late_changes_nothing() =>
        Scenario.Given(An.Cancelled()).When(An.Linked()).ChangesNothing();

    [Fact]
    public void The_close_is_sent_again_when_it_got_lost()
    {
        var cancelled = Scenario.Given(An.AwaitingPayment()).When(An.Cancel());
        Assert.NotNull(cancelled.Payment.Due);
        cancelled.Then.At(cancelled.Payment.Due.Value).When(An.PaymentDue)
            .Is(PaymentStatus.Cancelled).Sends(typeof(ClosePayment)).MovesStock(default);
    }

    [Fact]
    public void The_watch_ends_when_the_provider_has_closed_the_trade()
    {
        var closed = Scenario.Given(An.Cancelled()).When(An.CloseAnswered(ChannelResult.Done))
            .Is(PaymentStatus.Cancelled).Sends().IsDue(null);
        Assert.True(closed.Payment.Attempts[0].Closed);
    }

    [Fact]
    public void A_provider_that_never_answers_is_not_asked_for_ever()
    {
        var scenario = Scenario.Given(An.Cancelled());
        for (var i = 0; i < 20 && scenario.Order.Payment!.Due is { } due; i++)
        {
            scenario = scenario.At(due).When(An.CloseAnswered(ChannelResult.Unknown)).Is(PaymentStatus.Cancelled)
                .MovesStock(default).Then;
        }

        Assert.Null(scenario.Order.Payment!.Due);
    }
}
