using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_refund_is_answered
{
    [Fact]
    public void Done_the_order_is_refunded()
    {
        var outcome = Scenario.Given(An.Refunding()).When(An.RefundAnswered(ChannelResult.Done))
            .Is(PaymentStatus.Refunded).Is(DeliveryStatus.Withdrawn)
            .Sends(typeof(OrderRefunded), typeof(SagaFact)).MovesStock(default).IsDue(null);
        Assert.Equal(An.Amount, outcome.Sent<OrderRefunded>().Amount);
        outcome.Then.When(An.RefundAnswered(ChannelResult.Done)).ChangesNothing();
    }

    [Fact]
    public void Refused_it_needs_a_person_and_stays_withdrawn()
    {
        var outcome = Scenario.Given(An.Refunding()).When(An.RefundAnswered(ChannelResult.Refused))
            .Is(PaymentStatus.Review).Is(DeliveryStatus.Withdrawn).Sends(typeof(SagaFact)).IsDue(null);
        Assert.Equal(RefundState.Rejected, Assert.Single(outcome.Payment.Payments[0].Refunds!).State);
        outcome.Then.WithKeys(An.TwoKeys).When(An.Deliver).ChangesNothing();
        outcome.Then.When(An.StockArrived).ChangesNothing();
    }

    [Theory]
    [InlineData(ChannelResult.Unknown)]
    [InlineData(ChannelResult.WrongState)]
    [InlineData(ChannelResult.NotFound)]
    public void Without_an_answer_it_is_repeated_identically_and_in_the_end_left_to_a_person(ChannelResult result)
    {
        var scenario = Scenario.Given(An.Refunding());
        var tries = 0;
        while (scenario.Order.Payment!.Status == PaymentStatus.Refunding)
        {
            Assert.True(++tries < 50);
            var due = scenario.At(scenario.Order.Payment.Due!.Value).When(An.PaymentDue);
            Assert.Equal((An.Number, An.Number + "R1"),
                (due.Sent<RefundPayment>().Number, due.Sent<RefundPayment>().RefundNumber));
            scenario = due.Then.When(An.RefundAnswered(result)).Then;
        }

        Assert.Equal(PaymentStatus.Review, scenario.Order.Payment.Status);
        Assert.InRange(tries, 10, 20);
    }

    [Fact]
    public void One_call_that_comes_many_times_is_one_try()
    {
        var given = Scenario.Given(An.Refunding());
        var due = given.At(given.Order.Payment!.Due!.Value).When(An.PaymentDue);
        var answer = new PaymentMessage.RefundAnswered(
            An.Id, An.Number, An.Number + "R1", new(ChannelResult.Unknown), due.Sent<RefundPayment>().SagaVersion);
        var first = due.Then.When(answer);
        for (var i = 0; i < 20; i++)
        {
            first.Then.When(answer).ChangesNothing();
        }

        Assert.Equal(1, Assert.Single(first.Payment.Payments[0].Refunds!).Tries);
        first.Then.When(answer with { Answer = new(ChannelResult.Done) }).Is(PaymentStatus.Refunded);
    }

    [Fact]
    public void It_was_never_asked_for() =>
        Scenario.Given(An.Paid()).When(An.RefundAnswered(ChannelResult.Done)).ChangesNothing();

    [Fact]
    public void A_delivered_order_is_never_touched_by_a_refund_of_what_is_undelivered() =>
        new Outcome(
            Scenario.Given(An.Delivered()),
            RefundDecider.RefundUndelivered(An.Delivered(), An.Number, "test", An.Start, default))
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Delivered).Sends().MovesStock(default);

    [Fact]
    public void What_was_reserved_is_released_when_the_delivery_is_withdrawn()
    {
        var outcome = new Outcome(
            Scenario.Given(An.Paid()), RefundDecider.RefundUndelivered(An.Paid(), An.Number, "test", An.Start, default))
            .Is(PaymentStatus.Refunding).Is(DeliveryStatus.Withdrawn).MovesStock(StockDelta.ReleasePaid(2));
        Assert.False(outcome.Delivery.Reserved);
        Assert.Null(outcome.Delivery.Due);
    }

    [Fact]
    public void Another_claim_about_the_same_number_keeps_its_own_record()
    {
        var order = Scenario.Given(An.WaitingStock()).When(An.Notified(An.Notification(amount: 9, notifyId: "odd"))).Decision.Case;
        Assert.Equal(2, order.Payment!.Payments.Count);
        var refunding = Scenario.Given(order).With(available: 0).At(order.Delivery!.WaitUntil!.Value).When(An.DeliveryDue)
            .Is(PaymentStatus.Refunding);
        var done = refunding.Then.When(An.RefundAnswered(ChannelResult.Done)).Is(PaymentStatus.Refunded);
        Assert.Equal([An.Amount, 9L], done.Payment.Payments.Select(p => p.Amount));
        Assert.Equal(RefundState.Done, Assert.Single(done.Payment.Payments[0].Refunds!).State);
        Assert.Null(done.Payment.Payments[1].Refunds);
    }

    [Fact]
    public void A_mismatch_does_not_stop_the_watch_over_an_open_refund()
    {
        var paid = An.Delivered();
        var other = paid.Payment!.Attempts[0] with { Number = An.Id + "02" };
        paid = paid with { Payment = paid.Payment with { Attempts = [.. paid.Payment.Attempts, other] } };
        var surplus = Scenario.Given(paid).When(An.Notified(An.Notification(number: An.Id + "02", notifyId: "n2")));
        var odd = surplus.Then.When(An.Checked(TradeStatus.Paid, amount: 5, number: An.Id + "03"));
        Assert.NotNull(odd.Payment.Due);
        Assert.Equal(An.Id + "02", odd.Then.At(odd.Payment.Due.Value).When(An.PaymentDue).Sent<RefundPayment>().Number);
    }
}
