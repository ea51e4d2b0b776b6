using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>UnionPay gives a code once: where that answer was lost, the buyer needs another attempt.</summary>
public sealed class When_the_link_is_lost
{
    private const string Second = An.Id + "02";

    private static Scenario Taken() => Scenario.Given(An.Reserved(An.Order() with { Channel = "unionpay" }))
        .When(An.Requested(ChannelResult.Unknown)).Then.When(An.Requested(ChannelResult.WrongState)).Then;

    private static Outcome Reopened() => Taken().When(An.Checked(ChannelResult.NotFound));

    [Theory]
    [InlineData(TradeStatus.Waiting)]
    [InlineData(null)]
    public void The_next_attempt_is_opened_and_the_old_one_followed(TradeStatus? status)
    {
        var opened = Taken().When(status is { } known ? An.Checked(known) : An.Checked(ChannelResult.NotFound))
            .Is(PaymentStatus.Reserved).MovesStock(default)
            .Sends(typeof(ClosePayment), typeof(RequestPayment), typeof(SagaFact));
        Assert.Equal(An.Number, opened.Sent<ClosePayment>().Number);
        Assert.Equal(Second, opened.Sent<RequestPayment>().Number);
        var next = opened.Payment.Attempts[1];
        Assert.Equal(
            ("unionpay", opened.Payment.Attempts[0].ExpiresAt, An.Amount), (next.Channel, next.ExpiresAt, next.Amount));
        Assert.NotNull(opened.Payment.Attempts[0].NextAt);
        opened.Then.When(An.Checked(ChannelResult.NotFound)).ChangesNothing();

        var linked = opened.Then.When(new PaymentMessage.Requested(An.Id, Second, new(ChannelResult.Done, "link", Qr: "code")))
            .Is(PaymentStatus.AwaitingPayment);
        Assert.Equal(("link", "code"), (linked.Payment.Attempts[1].Link, linked.Payment.Attempts[1].Qr));
    }

    [Fact]
    public void Closed_there_already_it_is_not_closed_again() =>
        Assert.True(Taken()
            .When(new PaymentMessage.Checked(
                An.Id, An.Number, new(ChannelResult.Done, Trade: new(An.Number, null, TradeStatus.Closed, An.Amount, "CNY", null))))
            .Is(PaymentStatus.Reserved)
            .Sends(typeof(RequestPayment), typeof(SagaFact)).Payment.Attempts[0].Closed);

    [Fact]
    public void Paid_after_all_it_is_booked() => Taken().When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid);

    [Fact]
    public void Money_for_the_old_attempt_pays_the_order_and_the_new_one_is_closed()
    {
        var paid = Reopened().Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid);
        Assert.Equal(Second, paid.Sent<ClosePayment>().Number);
    }

    [Fact]
    public void Money_for_both_goes_back_once()
    {
        var paid = Reopened().Then.When(An.Checked(TradeStatus.Paid, number: Second)).Then
            .When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid);
        Assert.Equal([PaymentUse.Order, PaymentUse.Surplus], paid.Payment.Payments.Select(p => p.Use));
    }

    [Fact]
    public void An_answer_that_proves_nothing_opens_nothing() =>
        Assert.Single(Taken().When(An.Checked(ChannelResult.Unknown)).Is(PaymentStatus.Reserved).Payment.Attempts);

    [Fact]
    public void At_its_expiry_nothing_is_opened() =>
        Assert.Single(Taken().At(Taken().Order.Payment!.Attempts[0].ExpiresAt).When(An.Checked(ChannelResult.NotFound)).Payment.Attempts);

    [Fact]
    public void It_has_a_limit()
    {
        var scenario = Taken();
        for (var i = 0; i < 20; i++)
        {
            var number = scenario.Order.Payment!.Attempts[^1].Number;
            scenario = scenario
                .When(new PaymentMessage.Requested(An.Id, number, new(ChannelResult.WrongState))).Then
                .When(new PaymentMessage.Checked(An.Id, number, new(ChannelResult.NotFound))).Then;
        }

        Assert.Equal(ShopSettings.Default.MaxAttempts, scenario.Order.Payment!.Attempts.Count);
        Assert.NotNull(scenario.Order.Payment.Due);
    }

    [Fact]
    public void A_link_is_never_given_up() =>
        Assert.Single(Scenario.Given(An.AwaitingPayment()).When(An.Checked(ChannelResult.NotFound)).Payment.Attempts);
}
