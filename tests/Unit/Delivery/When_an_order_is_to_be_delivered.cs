using CardShop.Contracts;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Delivery;

public sealed class When_an_order_is_to_be_delivered
{
    [Fact]
    public void It_gets_exactly_its_quantity_and_partners_learn_the_key_ids()
    {
        var third = new Guid(3, 0, 0, new byte[8]);
        var outcome = Scenario.Given(An.Paid()).WithKeys([.. An.TwoKeys, third]).When(An.Deliver)
            .Is(DeliveryStatus.Delivered).Is(PaymentStatus.Paid)
            .Sends(typeof(OrderDelivered)).MovesStock(new(Reserved: -2, Sold: 2));
        Assert.Equal(An.TwoKeys, outcome.Delivery.Keys);
        Assert.Equal(An.TwoKeys, outcome.Sent<OrderDelivered>().KeyIds);
        Assert.Equal((An.Amount, "CNY", outcome.Given.Now),
            (outcome.Sent<OrderDelivered>().Amount, outcome.Sent<OrderDelivered>().Currency, outcome.Sent<OrderDelivered>().DeliveredAt));
        Assert.Null(outcome.Delivery.Due);
        Assert.False(outcome.Delivery.Reserved);
        outcome.Then.When(An.Deliver).ChangesNothing();
    }

    [Fact]
    public void Whole_or_not_at_all()
    {
        var outcome = Scenario.Given(An.Paid()).WithKeys(An.TwoKeys[0]).When(An.Deliver)
            .Is(DeliveryStatus.Allocating).Sends().MovesStock(default);
        Assert.Empty(outcome.Delivery.Keys);
        Assert.True(outcome.Delivery.Reserved);
        Assert.Equal(outcome.Given.Now + TimeSpan.FromSeconds(1), outcome.Delivery.Due);
    }

    [Fact]
    public void The_fifth_short_pick_goes_to_review()
    {
        var scenario = Scenario.Given(An.Paid());
        for (var i = 1; i < 5; i++)
        {
            scenario = scenario.When(An.Deliver).Is(DeliveryStatus.Allocating).Then;
            scenario = scenario.At(scenario.Order.Delivery!.Due!.Value);
        }

        var last = scenario.When(An.DeliveryDue).Is(DeliveryStatus.Review).MovesStock(default)
            .Sends(typeof(DeliveryFailed), typeof(SagaFact));
        Assert.Equal(ReviewKind.ShortPick, Assert.Single(last.Payment.Reviews!).Kind);
        Assert.Null(last.Delivery.Due);
        last.Then.WithKeys(An.TwoKeys).When(An.Deliver).ChangesNothing();
    }

    [Fact]
    public void After_a_short_pick_it_is_delivered_by_its_due_time()
    {
        var once = Scenario.Given(An.Paid()).When(An.Deliver);
        once.Then.At(once.Delivery.Due!.Value).WithKeys(An.TwoKeys).When(An.DeliveryDue).Is(DeliveryStatus.Delivered);
    }

    [Fact]
    public void A_lost_command_is_stood_in_for_by_the_due_time()
    {
        var due = An.Paid().Delivery!.Due!.Value;
        Scenario.Given(An.Paid()).At(due).WithKeys(An.TwoKeys).When(An.DeliveryDue).Is(DeliveryStatus.Delivered);
        Scenario.Given(An.Paid()).At(due - TimeSpan.FromTicks(1)).WithKeys(An.TwoKeys).When(An.DeliveryDue).ChangesNothing();
    }

    [Theory]
    [InlineData(DeliveryStatus.Withdrawn)]
    [InlineData(DeliveryStatus.Manual)]
    [InlineData(DeliveryStatus.Failed)]
    [InlineData(DeliveryStatus.WaitingStock)]
    [InlineData(DeliveryStatus.Review)]
    public void Nothing_else_is_ever_delivered(DeliveryStatus status) =>
        Scenario.Given(An.In(status)).WithKeys(An.TwoKeys).When(An.Deliver).ChangesNothing();

    [Fact]
    public void Without_a_payment_there_is_nothing_to_deliver() =>
        Scenario.Given(OrderCase.None).WithKeys(An.TwoKeys).When(An.Deliver).ChangesNothing();

    [Theory]
    [MemberData(nameof(All))]
    public void Keys_are_asked_for_exactly_when_they_can_be_handed_over(DeliveryStatus status)
    {
        var order = An.In(status);
        var now = An.Start + TimeSpan.FromDays(1);
        var wanted = status == DeliveryStatus.Allocating ? An.Quantity : 0;
        Assert.Equal(wanted, DeliveryDecider.Demand(order, An.Deliver, now));
        Assert.Equal(wanted, DeliveryDecider.Demand(order, An.DeliveryDue, now));
        Assert.Equal(0, DeliveryDecider.Demand(order, An.StockArrived, now));
        Assert.Equal(0, DeliveryDecider.Demand(order, An.DeliveryDue, An.Start));
    }

    [Fact]
    public void The_events_of_an_order_rise_in_sequence()
    {
        // Expired, paid late, waiting, withdrawn, refunded: three events.
        var expired = Scenario.Given(An.AwaitingPayment(An.Order(waitSeconds: 60))).At(An.Expiry)
            .When(An.CloseAnswered(Shop.Channels.ChannelResult.Done));
        var waiting = expired.Then.With(available: 0).When(An.Notified());
        var refunding = waiting.Then.At(waiting.Delivery.WaitUntil!.Value).When(An.DeliveryDue);
        var refunded = refunding.Then.When(An.RefundAnswered(Shop.Channels.ChannelResult.Done));
        Assert.True(expired.Sent<OrderExpired>().Sequence < refunded.Sent<OrderRefunded>().Sequence);

        var last = An.Paid().Payment!.Version + An.Paid().Delivery!.Version;
        var delivered = Scenario.Given(An.Paid()).WithKeys(An.TwoKeys).When(An.Deliver);
        Assert.Equal(last + 1, delivered.Sent<OrderDelivered>().Sequence);
        Assert.Equal(delivered.Payment.Version + delivered.Delivery.Version, delivered.Sent<OrderDelivered>().Sequence);
    }

    [Fact]
    public void The_ids_of_events_derive_from_the_order_alone()
    {
        var delivered = Scenario.Given(An.Paid()).WithKeys(An.TwoKeys).When(An.Deliver);
        var record = OrderMessages.ToRecord(delivered.Sent<OrderDelivered>(), delivered.Decision.Case, delivered.Given.Now)!;
        var later = OrderMessages.ToRecord(
            delivered.Sent<OrderDelivered>() with { Sequence = 99 }, delivered.Decision.Case, An.Expiry)!;
        Assert.Equal(An.Id + ".delivered", record.EventId);
        Assert.Equal(record.EventId, later.EventId);
        Assert.Equal((Topics.Deliveries.Name, An.Id, Topics.Deliveries.PartitionOf(An.Id)), (record.Topic, record.Key, record.Partition));
    }

    public static TheoryData<DeliveryStatus> All() => [.. Enum.GetValues<DeliveryStatus>()];
}
