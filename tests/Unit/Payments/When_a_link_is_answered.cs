using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_link_is_answered
{
    [Fact]
    public void The_buyer_can_pay()
    {
        var outcome = Scenario.Given(An.Reserved()).When(An.Linked())
            .Is(PaymentStatus.AwaitingPayment).Sends().MovesStock(default)
            .IsDue(An.Start + TimeSpan.FromSeconds(10) + ShopSettings.Default.CheckEvery);
        Assert.Equal("https://pay.example/" + An.Id, outcome.Payment.Attempts[0].Link);
        outcome.Then.When(An.Linked()).ChangesNothing();
    }

    [Fact]
    public void The_next_look_is_never_behind_the_expiry() =>
        Scenario.Given(An.Reserved()).At(An.Expiry - TimeSpan.FromSeconds(1)).When(An.Linked()).IsDue(An.Expiry);

    /// <summary>Under load a request may wait until its order's time is nearly over.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(30)]
    public void A_request_that_came_too_late_lets_the_order_expire(int secondsAfterExpiry)
    {
        var refused = Scenario.Given(An.Reserved()).At(An.Expiry + TimeSpan.FromSeconds(secondsAfterExpiry))
            .When(An.Requested(ChannelResult.Refused)).Is(PaymentStatus.Reserved).Sends().Then;
        var due = refused.At(refused.Order.Payment!.Due!.Value).When(An.PaymentDue);
        Assert.Equal(An.Number, due.Sent<ClosePayment>().Number);
        due.Then.When(An.CloseAnswered(ChannelResult.NotFound)).Is(PaymentStatus.Expired).IsDue(null);
    }

    [Theory]
    [InlineData(ChannelResult.Unknown)]
    [InlineData(ChannelResult.NotFound)]
    [InlineData(ChannelResult.Done)]
    public void Without_a_link_it_is_asked_for_again_soon(ChannelResult result)
    {
        var scenario = Scenario.Given(An.Reserved());
        var last = TimeSpan.Zero;
        for (var i = 0; i < 7; i++)
        {
            var outcome = scenario.When(An.Requested(result)).Is(PaymentStatus.Reserved).MovesStock(default);
            var wait = outcome.Payment.Due!.Value - scenario.Now;
            Assert.InRange(wait, last, TimeSpan.FromSeconds(32));
            last = wait;
            scenario = outcome.Then;
        }

        Assert.Equal(TimeSpan.FromSeconds(32), last);
    }

    [Fact]
    public void A_trade_that_is_past_it_is_queried() =>
        Scenario.Given(An.Reserved()).When(An.Requested(ChannelResult.WrongState))
            .Is(PaymentStatus.Reserved).Sends(typeof(CheckPayment));

    [Fact]
    public void A_refusal_needs_a_person_and_frees_the_stock()
    {
        var outcome = Scenario.Given(An.Reserved()).When(An.Requested(ChannelResult.Refused))
            .Is(PaymentStatus.Review).Sends(typeof(SagaFact)).MovesStock(new(Available: 2, Reserved: -2, Held: -2)).IsDue(null);
        Assert.False(outcome.Payment.Reserved);
        outcome.Then.When(An.Requested(ChannelResult.Refused)).ChangesNothing();
    }

    [Theory]
    [InlineData(PaymentStatus.AwaitingPayment)]
    [InlineData(PaymentStatus.Paid)]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.Refunding)]
    [InlineData(PaymentStatus.SoldOut)]
    [InlineData(PaymentStatus.Review)]
    public void Any_late_answer_changes_nothing(PaymentStatus status)
    {
        foreach (var result in Enum.GetValues<ChannelResult>())
        {
            Scenario.Given(An.In(status)).When(An.Requested(result)).ChangesNothing();
        }
    }
}
