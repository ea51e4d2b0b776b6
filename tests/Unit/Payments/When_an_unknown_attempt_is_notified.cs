using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>A known order, a number it does not know: the provider is asked, then it is recorded; never dropped.</summary>
public sealed class When_an_unknown_attempt_is_notified
{
    private const string Other = An.Id + "07";

    private static Outcome Noted(PaymentStatus status = PaymentStatus.Expired) => Scenario.Given(An.In(status))
        .When(An.Notified(An.Notification(number: Other, notifyId: "other")));

    [Theory]
    [MemberData(nameof(All))]
    public void The_provider_is_asked_and_a_due_time_stands_behind_it(PaymentStatus status)
    {
        var noted = Noted(status);
        Assert.Equal(Other, noted.Sent<CheckPayment>().Number);
        Assert.DoesNotContain(noted.Payment.Payments, p => p.Number == Other);
        Assert.NotNull(noted.Payment.Due);
    }

    [Theory]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.SoldOut)]
    [InlineData(PaymentStatus.Cancelled)]
    [InlineData(PaymentStatus.Paid)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    public void A_lost_query_is_sent_again(PaymentStatus status)
    {
        var noted = Noted(status);
        var due = noted.Then.At(noted.Payment.Due!.Value).When(An.PaymentDue);
        Assert.Equal(Other, due.Sent<CheckPayment>().Number);
        Assert.NotNull(due.Payment.Due);
    }

    [Theory]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.SoldOut)]
    [InlineData(PaymentStatus.Review)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    public void An_answer_that_proves_nothing_is_asked_for_again(PaymentStatus status)
    {
        var unknown = Noted(status).Then.When(
            new Shop.Payments.PaymentMessage.Checked(An.Id, Other, new(ChannelResult.Unknown)));
        Assert.NotNull(unknown.Payment.Due);
        var again = unknown.Then.At(unknown.Payment.Due.Value).When(An.PaymentDue);
        Assert.Equal(Other, again.Sent<CheckPayment>().Number);
    }

    [Fact]
    public void What_the_provider_confirms_is_booked()
    {
        var paid = Noted().Then.With(available: 2).When(An.Checked(TradeStatus.Paid, number: Other))
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating);
        Assert.Equal((Other, "query"), (paid.Payment.Payments[0].Number, paid.Payment.Payments[0].Source));
        paid.Then.When(An.PaymentDue).ChangesNothing();
    }

    [Theory]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    [InlineData(PaymentStatus.Paid)]
    public void What_the_provider_never_confirms_ends_with_a_person(PaymentStatus status)
    {
        var scenario = Noted(status).Then;
        var asked = 0;
        while (scenario.Order.Payment!.Due is { } due && scenario.Order.Payment.Status != PaymentStatus.Review && asked < 40)
        {
            scenario = scenario.At(due).When(An.PaymentDue).Then;
            scenario = scenario.When(
                new Shop.Payments.PaymentMessage.Checked(An.Id, Other, new(ChannelResult.NotFound))).Then;
            asked++;
        }

        Assert.InRange(asked, 2, 20);
        Assert.Contains(Other, scenario.Order.Payment.Reason, StringComparison.Ordinal);
        Assert.Equal(
            status == PaymentStatus.Paid ? PaymentStatus.Paid : PaymentStatus.Review, scenario.Order.Payment.Status);
    }

    public static TheoryData<PaymentStatus> All() => [.. Enum.GetValues<PaymentStatus>()];
}
