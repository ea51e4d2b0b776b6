using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_trade_cannot_be_closed_yet
{
    private static PaymentMessage Answer(string code) =>
        new PaymentMessage.CloseAnswered(An.Id, An.Number, new(ChannelResult.Unknown, Code: code));

    private static Scenario Cancelled() => Scenario.Given(An.Cancelled());

    [Fact]
    public void It_is_closed_again_at_its_expiry_without_a_try_before()
    {
        var waits = Cancelled().When(Answer(ChannelCodes.StillOpen)).Is(PaymentStatus.Cancelled).Sends().IsDue(An.Expiry);
        Assert.Equal(0, waits.Payment.Attempts[0].Tries);
        var due = waits.Then.At(An.Expiry).When(An.PaymentDue);
        Assert.Equal(An.Number, due.Sent<ClosePayment>().Number);
        due.Then.When(An.CloseAnswered(ChannelResult.Done)).Is(PaymentStatus.Cancelled).IsDue(null);
    }

    [Fact]
    public void After_a_switch_it_is_the_same()
    {
        var switched = Scenario.Given(An.AwaitingPayment(An.Order() with { Channel = "unionpay" })).When(An.Switch("wechat")).Then
            .When(Answer(ChannelCodes.StillOpen)).Is(PaymentStatus.Reserved);
        Assert.Equal(switched.Payment.Attempts[0].ExpiresAt, switched.Payment.Attempts[0].NextAt);
    }

    [Fact]
    public void Said_after_its_expiry_it_counts_as_any_silence()
    {
        var late = Cancelled().At(An.Expiry).When(Answer(ChannelCodes.StillOpen));
        Assert.Equal((1, An.Expiry + TimeSpan.FromSeconds(1)), (late.Payment.Attempts[0].Tries, late.Payment.Due));
    }

    [Theory]
    [InlineData(ProviderFailures.CircuitOpen)]
    [InlineData(ProviderFailures.Timeout)]
    [InlineData("CONNECTION_FAILED")]
    [InlineData("HTTP_502")]
    public void An_absent_provider_is_awaited_and_its_failures_do_not_count(string code)
    {
        var scenario = Cancelled();
        for (var i = 0; i < 40; i++)
        {
            var away = scenario.When(Answer(code)).Is(PaymentStatus.Cancelled);
            Assert.Equal(0, away.Payment.Attempts[0].Tries);
            scenario = away.Then.At(away.Payment.Due!.Value);
        }

        Assert.True(scenario.Now > An.Start + TimeSpan.FromHours(1));
        Assert.NotNull(scenario.Order.Payment!.Due);
    }

    [Fact]
    public void It_is_given_up_a_day_after_its_expiry() =>
        Cancelled().At(An.Expiry + TimeSpan.FromHours(24)).When(Answer(ProviderFailures.CircuitOpen)).IsDue(null);

    [Theory]
    [InlineData(ProviderFailures.CircuitOpen)]
    [InlineData("HTTP_FAILED")]
    public void An_hour_away_ends_the_order_in_its_time_and_late_money_is_recorded(string code)
    {
        var scenario = Scenario.Given(An.AwaitingPayment()).At(An.Expiry);
        while (scenario.Order.Payment!.Status == PaymentStatus.AwaitingPayment)
        {
            Assert.True(scenario.Now < An.Expiry + TimeSpan.FromMinutes(7), "The stock is held for ever");
            var due = scenario.When(An.PaymentDue).Then.When(Answer(code));
            scenario = due.Then.At(due.Payment.Due!.Value);
        }

        Assert.Equal(PaymentStatus.Expired, scenario.Order.Payment.Status);
        Assert.False(scenario.Order.Payment.Reserved);
        Assert.True(scenario.Now >= An.Expiry + TimeSpan.FromMinutes(5), "An absent provider has decided nothing");

        var back = scenario.At(An.Expiry + TimeSpan.FromHours(1)).When(An.PaymentDue);
        Assert.Equal(An.Number, back.Sent<ClosePayment>().Number);
        var asked = back.Then.When(An.CloseAnswered(ChannelResult.WrongState)).Sends(typeof(CheckPayment));
        asked.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid).MovesStock(StockDelta.Reserve(2));
    }

    [Fact]
    public void Failures_before_its_expiry_do_not_shorten_what_comes_after_it()
    {
        var scenario = Scenario.Given(An.AwaitingPayment());
        while (scenario.Now < An.Expiry)
        {
            var failed = scenario.When(new PaymentMessage.Checked(An.Id, An.Number, new(ChannelResult.Unknown, Code: "20000")));
            scenario = failed.Then.At(failed.Payment.Due!.Value);
        }

        Assert.Equal((An.Expiry, 0), (scenario.Now, scenario.Order.Payment!.Attempts[0].Tries));
        var close = scenario.When(An.PaymentDue).Then.When(An.CloseAnswered(ChannelResult.WrongState))
            .Is(PaymentStatus.AwaitingPayment).Sends(typeof(CheckPayment));
        var away = close.Then.When(new PaymentMessage.Checked(
            An.Id, An.Number, new(ChannelResult.Unknown, Code: ProviderFailures.CircuitOpen)));
        Assert.Equal(close.Payment.Attempts[0].Tries, away.Payment.Attempts[0].Tries);
        away.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid);
    }
}
