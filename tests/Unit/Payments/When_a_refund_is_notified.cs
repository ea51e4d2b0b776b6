using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_refund_is_notified
{
    private static PaymentMessage Notice(bool? done, string number = An.Number + "R1", long? amount = An.Amount, string id = "r1") =>
        An.Notified(An.Notification(notifyId: id) with { RefundNumber = number, RefundDone = done, RefundAmount = amount });

    [Fact]
    public void Done_it_has_ended_without_another_question()
    {
        var done = Scenario.Given(An.Refunding()).When(Notice(true)).Is(PaymentStatus.Refunded).IsDue(null)
            .Sends(typeof(OrderRefunded), typeof(SagaFact));
        done.Then.When(Notice(true)).ChangesNothing();
        done.Then.When(An.RefundAnswered(ChannelResult.Done)).ChangesNothing();
        Assert.Single(done.Payment.Payments);
    }

    [Fact]
    public void Rejected_it_needs_a_person()
    {
        var rejected = Scenario.Given(An.Refunding()).When(Notice(false)).Is(PaymentStatus.Review).IsDue(null);
        Assert.Equal(ReviewKind.RefundRejected, Assert.Single(rejected.Payment.Reviews!, c => c.ClosedAt is null).Kind);
    }

    [Fact]
    public void Without_a_result_it_is_asked_about_as_before()
    {
        var noted = Scenario.Given(An.Refunding()).When(Notice(null)).Is(PaymentStatus.Refunding).Sends();
        Assert.NotNull(noted.Payment.Due);
    }

    [Theory]
    [InlineData(An.Number + "R7", An.Amount)]
    [InlineData(An.Number + "R1", 1)]
    public void That_nobody_asked_for_opens_a_case(string number, long amount)
    {
        var odd = Scenario.Given(An.Refunding()).When(Notice(true, number, amount)).Is(PaymentStatus.Refunding).Sends(typeof(SagaFact));
        Assert.Equal((ReviewKind.UnknownRefund, number), (Assert.Single(odd.Payment.Reviews!).Kind, odd.Payment.Reviews![0].Number));
    }

    [Fact]
    public void Of_an_unknown_order_it_opens_a_case() =>
        Assert.Equal(
            ReviewKind.UnknownOrder,
            Assert.Single(Scenario.Given(OrderCase.None).When(Notice(true)).Is(PaymentStatus.Review).Payment.Reviews!).Kind);

    [Fact]
    public void Of_an_unknown_order_it_is_no_money_that_came_in() =>
        Assert.Empty(Scenario.Given(OrderCase.None).When(Notice(true)).Payment.Payments);

    [Theory]
    [InlineData(PaymentStatus.AwaitingPayment)]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.Cancelled)]
    public void Before_its_payment_is_known_it_pays_nothing_and_opens_a_case(PaymentStatus status)
    {
        var odd = Scenario.Given(An.In(status)).When(Notice(true)).Is(status).MovesStock(default);
        Assert.Empty(odd.Payment.Payments);
        Assert.Equal(ReviewKind.UnknownRefund, Assert.Single(ReviewCases.OpenOf(odd.Payment)).Kind);
    }

    [Fact]
    public void A_rejected_surplus_refund_opens_a_case_and_leaves_the_order_alone()
    {
        var order = An.Delivered();
        var second = order.Payment!.Attempts[0] with { Number = An.Id + "02" };
        order = order with { Payment = order.Payment with { Attempts = [.. order.Payment.Attempts, second] } };
        var rejected = Scenario.Given(order).When(An.Notified(An.Notification(number: second.Number, notifyId: "n2"))).Then
            .When(An.RefundAnswered(ChannelResult.Refused, second.Number)).Is(PaymentStatus.Paid).IsDue(null);
        Assert.Equal(ReviewKind.RefundRejected, Assert.Single(ReviewCases.OpenOf(rejected.Payment)).Kind);
    }
}
