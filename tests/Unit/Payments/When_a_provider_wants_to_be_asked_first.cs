using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>UnionPay wants to be queried before money that it notifies is booked.</summary>
public sealed class When_a_provider_wants_to_be_asked_first
{
    private static PaymentNotification Paid(string id = "n1") => An.Notification(notifyId: id) with { QueryFirst = true };

    private static PaymentMessage Unpaid(ChannelResult result, string? code = null) =>
        new PaymentMessage.Checked(An.Id, An.Number, new(result, Code: code));

    [Theory]
    [InlineData(PaymentStatus.AwaitingPayment)]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.Cancelled)]
    public void It_is_asked_and_the_money_booked_on_its_answer(PaymentStatus status)
    {
        var asked = Scenario.Given(An.In(status)).When(An.Notified(Paid())).Is(status).MovesStock(default)
            .Sends(typeof(CheckPayment));
        Assert.Empty(asked.Payment.Payments);
        Assert.Equal(An.Number, asked.Sent<CheckPayment>().Number);
        asked.Then.When(An.Notified(Paid())).ChangesNothing();

        var paid = asked.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating);
        Assert.Equal("query", Assert.Single(paid.Payment.Payments).Source);
        Assert.All(paid.Payment.Claims!, c => Assert.Null(c.NextAt));
        paid.Then.When(An.Notified(Paid("n2"))).Is(PaymentStatus.Paid).Sends().MovesStock(default);
    }

    [Fact]
    public void A_lost_question_is_asked_again()
    {
        var asked = Scenario.Given(An.AwaitingPayment()).When(An.Notified(Paid()));
        var due = asked.Then.At(asked.Payment.Due!.Value).When(An.PaymentDue);
        Assert.Contains(due.Decision.Sends, s => s is CheckPayment { Number: An.Number });
    }

    [Fact]
    public void What_it_never_confirms_is_on_record_for_a_person()
    {
        var scenario = Scenario.Given(An.AwaitingPayment()).When(An.Notified(Paid())).Then;
        for (var i = 0; i < 10; i++)
        {
            Assert.Empty(scenario.Order.Payment!.Payments);
            scenario = scenario.When(Unpaid(ChannelResult.NotFound)).Then;
        }

        Assert.Equal(PaymentStatus.Review, scenario.Order.Payment!.Status);
        Assert.Equal(PaymentUse.Mismatch, Assert.Single(scenario.Order.Payment.Payments).Use);
        Assert.Equal(ReviewKind.Unconfirmed, Assert.Single(scenario.Order.Payment.Reviews!).Kind);
    }

    [Fact]
    public void An_absent_one_is_waited_for_a_day_and_not_for_ever()
    {
        var scenario = Scenario.Given(An.Cancelled()).When(An.Notified(Paid())).Then;
        var hour = scenario.Now + TimeSpan.FromHours(1);
        while (scenario.Order.Payment!.Claims![0].NextAt is { } next)
        {
            Assert.True(next < scenario.Now + TimeSpan.FromHours(25), "It is asked for ever");
            scenario = (scenario with { Now = next }).When(Unpaid(ChannelResult.Unknown, ProviderFailures.CircuitOpen)).Then;
            Assert.True(scenario.Now >= hour || scenario.Order.Payment!.Payments.Count == 0);
        }

        Assert.InRange(scenario.Now - An.Start, TimeSpan.FromHours(24), TimeSpan.FromHours(25));
        Assert.Equal(ReviewKind.Unconfirmed, Assert.Single(scenario.Order.Payment.Reviews!).Kind);
    }

    [Fact]
    public void A_difference_is_for_a_person_at_once()
    {
        var odd = Scenario.Given(An.AwaitingPayment()).When(An.Notified(Paid() with { Amount = 1 })).Is(PaymentStatus.Review);
        Assert.Equal(ReviewKind.AmountMismatch, Assert.Single(odd.Payment.Reviews!).Kind);
    }

    [Fact]
    public void It_is_asked_about_an_unknown_attempt_by_the_time_that_the_notification_says()
    {
        var ordered = An.Start - TimeSpan.FromMinutes(40);
        var asked = Scenario.Given(An.AwaitingPayment())
            .When(An.Notified(Paid() with { Number = An.Id + "07", OrderedAt = ordered }));
        Assert.Equal(ordered, Assert.Single(asked.Payment.Claims!).OrderedAt);
        Assert.Equal(ordered, PaymentActor.UnknownAttempt(asked.Payment, An.Id + "07").OpenedAt);
        Assert.Equal(An.Start, PaymentActor.UnknownAttempt(asked.Payment, An.Id + "08").OpenedAt);
    }

    [Fact]
    public void A_refund_that_it_reports_is_looked_at_by_the_same_call_again()
    {
        var notice = An.Notification(notifyId: "r1") with
        {
            RefundNumber = An.Number + "R1",
            RefundDone = true,
            RefundAmount = An.Amount,
            QueryFirst = true,
        };
        var asked = Scenario.Given(An.Refunding()).When(An.Notified(notice)).Is(PaymentStatus.Refunding)
            .Sends(typeof(RefundPayment));
        Assert.Equal(An.Number + "R1", asked.Sent<RefundPayment>().RefundNumber);
        Assert.NotNull(asked.Payment.Due);
        asked.Then.When(An.RefundAnswered(ChannelResult.Done)).Is(PaymentStatus.Refunded);
    }
}
