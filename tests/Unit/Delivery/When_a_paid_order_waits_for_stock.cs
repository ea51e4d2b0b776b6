using CardShop.Contracts;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Delivery;

public sealed class When_a_paid_order_waits_for_stock
{
    [Fact]
    public void Stock_that_arrives_is_reserved_and_delivered()
    {
        var outcome = Scenario.Given(An.WaitingStock()).With(available: 2).When(An.StockArrived)
            .Is(DeliveryStatus.Allocating).Sends(typeof(DeliverOrder)).MovesStock(StockDelta.Reserve(2));
        Assert.True(outcome.Delivery.Reserved);
        Assert.NotNull(outcome.Delivery.Due);
        Assert.Null(outcome.Delivery.WaitUntil);
        outcome.Then.When(An.StockArrived).ChangesNothing();
    }

    [Fact]
    public void Too_little_is_not_taken() =>
        Scenario.Given(An.WaitingStock()).With(available: 1).When(An.StockArrived).ChangesNothing();

    [Fact]
    public void At_the_end_of_its_wait_the_delivery_is_withdrawn_and_the_money_goes_back() =>
        Scenario.Given(An.WaitingStock()).With(available: 1).At(An.WaitingStock().Delivery!.WaitUntil!.Value)
            .When(An.DeliveryDue).Is(DeliveryStatus.Withdrawn).Is(PaymentStatus.Refunding)
            .Sends(typeof(RefundPayment), typeof(Shop.Orders.SagaFact)).MovesStock(default);

    [Fact]
    public void Stock_that_came_unnoticed_is_delivered_at_the_end() =>
        Scenario.Given(An.WaitingStock()).With(available: 2).At(An.WaitingStock().Delivery!.WaitUntil!.Value)
            .When(An.DeliveryDue).Is(DeliveryStatus.Allocating).MovesStock(StockDelta.Reserve(2));

    [Fact]
    public void Before_the_end_it_looks_again_and_again()
    {
        var waiting = An.WaitingStock();
        var until = waiting.Delivery!.WaitUntil!.Value;
        Assert.True(waiting.Delivery.Due < until);
        Scenario.Given(waiting).With(available: 2).At(waiting.Delivery.Due!.Value - TimeSpan.FromTicks(1)).When(An.DeliveryDue)
            .ChangesNothing();

        var looked = Scenario.Given(waiting).With(available: 1).At(waiting.Delivery.Due!.Value).When(An.DeliveryDue)
            .Is(DeliveryStatus.WaitingStock).MovesStock(default);
        Assert.Empty(looked.Decision.Sends);
        Assert.InRange(looked.Delivery.Due!.Value, looked.Given.Now + TimeSpan.FromTicks(1), until);
        Assert.Equal(until, looked.Delivery.WaitUntil);

        var last = Scenario.Given(waiting).With(available: 0).At(until - TimeSpan.FromTicks(1)).When(An.DeliveryDue);
        Assert.Equal(until, last.Delivery.Due);
    }

    [Fact]
    public void Units_that_were_given_back_are_its_own_at_its_next_look() =>
        Scenario.Given(An.WaitingStock()).With(available: 2).At(An.WaitingStock().Delivery!.Due!.Value).When(An.DeliveryDue)
            .Is(DeliveryStatus.Allocating).Sends(typeof(DeliverOrder)).MovesStock(StockDelta.Reserve(2));

    [Fact]
    public void Withdrawn_it_takes_no_stock_any_more()
    {
        var withdrawn = Scenario.Given(An.WaitingStock()).With(available: 0)
            .At(An.WaitingStock().Delivery!.WaitUntil!.Value).When(An.DeliveryDue);
        withdrawn.Then.With(available: 9).When(An.StockArrived).ChangesNothing();
        withdrawn.Then.With(available: 9).At(An.Start + TimeSpan.FromDays(9)).When(An.DeliveryDue).ChangesNothing();
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_state_that_is_not_an_end_has_a_due_time(DeliveryStatus status)
    {
        var open = status is DeliveryStatus.Allocating or DeliveryStatus.WaitingStock or DeliveryStatus.Manual;
        Assert.Equal(open, An.In(status).Delivery!.Due is not null);
    }

    public static TheoryData<DeliveryStatus> All() => [.. Enum.GetValues<DeliveryStatus>()];
}
