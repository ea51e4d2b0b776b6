using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_payment_is_due
{
    [Fact]
    public void Without_a_link_it_is_requested_again() =>
        Scenario.Given(An.Reserved()).At(An.Start + ShopSettings.Default.ResendAfter).When(An.PaymentDue)
            .Is(PaymentStatus.Reserved).Sends(typeof(RequestPayment));

    [Fact]
    public void With_a_link_the_provider_is_asked() =>
        Scenario.Given(An.AwaitingPayment()).At(An.Start + TimeSpan.FromMinutes(6)).When(An.PaymentDue)
            .Is(PaymentStatus.AwaitingPayment).Sends(typeof(CheckPayment));

    [Theory]
    [InlineData(PaymentStatus.Reserved)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    public void At_its_expiry_the_trade_is_closed_first(PaymentStatus status) =>
        Scenario.Given(An.In(status)).At(An.Expiry).When(An.PaymentDue)
            .Is(status).Sends(typeof(ClosePayment)).MovesStock(default);

    [Fact]
    public void An_open_refund_is_asked_for_again() =>
        Scenario.Given(An.Refunding()).At(An.Expiry + TimeSpan.FromHours(1)).When(An.PaymentDue).Sends(typeof(RefundPayment));

    [Theory]
    [MemberData(nameof(All))]
    public void Before_its_time_nothing_happens(PaymentStatus status)
    {
        var order = An.In(status);
        Scenario.Given(order).At((order.Payment!.Due ?? An.Expiry) - TimeSpan.FromSeconds(1)).When(An.PaymentDue)
            .ChangesNothing();
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Twice_in_a_moment_it_acts_once(PaymentStatus status)
    {
        var order = An.In(status);
        var first = Scenario.Given(order).At(order.Payment!.Due ?? An.Expiry).When(An.PaymentDue);
        first.Then.When(An.PaymentDue).ChangesNothing();
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_state_that_is_not_an_end_has_a_due_time_and_an_action(PaymentStatus status)
    {
        var saga = An.In(status).Payment!;
        var open = status is PaymentStatus.Reserved or PaymentStatus.AwaitingPayment or PaymentStatus.Refunding;
        if (open)
        {
            Assert.NotNull(saga.Due);
            Assert.NotNull(PaymentDecider.NextAction(saga, saga.Due.Value));
        }

        // Whatever has a due time has something to do then: nobody is woken for nothing, for ever.
        Assert.Equal(saga.Due is not null, saga.Due is not null && PaymentDecider.NextAction(saga, saga.Due.Value) is not null);
    }

    public static TheoryData<PaymentStatus> All() => [.. Enum.GetValues<PaymentStatus>()];
}
