using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>The order is before a person; its attempts are followed to their ends all the same.</summary>
public sealed class When_what_a_provider_said_does_not_match
{
    private static readonly PaymentNotification OfAnother =
        An.Notification() with { Channel = "wechat", TradeNo = "another" };

    [Theory]
    [InlineData("amount")]
    [InlineData("currency")]
    [InlineData("channel")]
    [InlineData("profile")]
    public void The_attempts_own_provider_is_asked_at_once_and_on_until_its_time(string field)
    {
        var right = An.Notification();
        var wrong = field switch
        {
            "amount" => right with { Amount = An.Amount - 1 },
            "currency" => right with { Currency = "USD" },
            "channel" => right with { Channel = "wechat" },
            _ => right with { Profile = "other" },
        };
        var said = Scenario.Given(An.AwaitingPayment()).When(An.Notified(wrong))
            .Is(PaymentStatus.Review).Sends(typeof(CheckPayment), typeof(SagaFact));

        var waiting = said.Then.When(An.Checked(TradeStatus.Waiting)).Is(PaymentStatus.Review)
            .Sends().IsDue(said.Given.Now + ShopSettings.Default.CheckEvery);
        waiting.Then.At(waiting.Payment.Due!.Value).When(An.PaymentDue).Sends(typeof(CheckPayment));
        waiting.Then.At(An.Expiry).When(An.PaymentDue).Sends(typeof(ClosePayment));
    }

    [Theory]
    [InlineData(ChannelResult.Done)]
    [InlineData(ChannelResult.NotFound)]
    public void Unpaid_it_is_closed_at_its_time_and_the_order_stays_before_a_person(ChannelResult result)
    {
        var closed = Scenario.Given(An.AwaitingPayment()).When(An.Notified(OfAnother)).Then.At(An.Expiry)
            .When(An.CloseAnswered(result)).Is(PaymentStatus.Review).MovesStock(default).IsDue(null);

        Assert.True(Assert.Single(closed.Payment.Attempts).Closed);
        Assert.Equal("another", Assert.Single(closed.Payment.Payments).TradeNo);
        Assert.Single(ReviewCases.OpenOf(closed.Payment));
    }

    [Fact]
    public void Closed_by_its_provider_it_is_followed_no_more() =>
        Assert.True(Scenario.Given(An.AwaitingPayment()).When(An.Notified(OfAnother)).Then
            .When(An.Checked(TradeStatus.Closed)).Is(PaymentStatus.Review).IsDue(null).Payment.Attempts[0].Closed);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Money_that_still_comes_is_on_record_and_the_order_can_be_delivered(bool notified)
    {
        var said = Scenario.Given(An.AwaitingPayment()).When(An.Notified(OfAnother));
        var paid = notified ? said.Then.When(An.Notified(An.Notification(notifyId: "n2"))) : said;

        var asked = paid.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Review).IsDue(null);
        Assert.Equal(["another", "trade"], asked.Payment.Payments.Select(p => p.TradeNo));
        Assert.Equal("query", asked.Payment.Payments[1].Source);

        var delivered = asked.Then
            .When(new PaymentMessage.OperatorConfirmPaid(An.Id, An.By(), "seen", An.Amount))
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating).MovesStock(StockDelta.Pay(2));
        Assert.Equal(
            [("another", PaymentUse.Mismatch), ("trade", PaymentUse.Order)],
            delivered.Payment.Payments.Select(p => (p.TradeNo!, p.Use)));
    }

    [Fact]
    public void An_amount_that_was_said_wrongly_is_what_the_provider_says_when_asked()
    {
        var said = Scenario.Given(An.AwaitingPayment()).When(An.Notified(An.Notification(amount: 1)));

        var asked = said.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Review).Sends(typeof(SagaFact)).IsDue(null);

        var payment = Assert.Single(asked.Payment.Payments);
        Assert.Equal((An.Amount, "query", PaymentUse.Mismatch), (payment.Amount, payment.Source, payment.Use));
        Assert.Equal(
            [ReviewKind.AmountMismatch, ReviewKind.Unconfirmed], ReviewCases.OpenOf(asked.Payment).Select(c => c.Kind));
        Assert.Contains("said 1, asked 2000", ReviewCases.OpenOf(asked.Payment).Last().Evidence, StringComparison.Ordinal);
        asked.Then.When(An.Checked(TradeStatus.Paid)).ChangesNothing();
        Assert.Single(asked.Then.When(An.Notified(An.Notification(amount: 1, notifyId: "again"))).Payment.Payments);
        asked.Then.When(new PaymentMessage.OperatorConfirmPaid(An.Id, An.By(), "seen", An.Amount)).Is(PaymentStatus.Paid);
    }

    [Fact]
    public void An_amount_that_the_provider_confirms_stays_and_nothing_is_asked_any_more()
    {
        var said = Scenario.Given(An.AwaitingPayment()).When(An.Notified(An.Notification(amount: 1)));

        var asked = said.Then.When(An.Checked(TradeStatus.Paid, amount: 1)).Is(PaymentStatus.Review).IsDue(null);

        Assert.Equal(1, Assert.Single(asked.Payment.Payments).Amount);
        Assert.Equal(ReviewKind.AmountMismatch, Assert.Single(ReviewCases.OpenOf(asked.Payment)).Kind);
        asked.Then.At(An.Expiry).When(An.CloseAnswered(ChannelResult.WrongState)).ChangesNothing();
    }

    [Fact]
    public void What_is_asked_back_of_it_already_is_not_cut_away()
    {
        var said = Scenario.Given(An.AwaitingPayment()).When(An.Notified(An.Notification(amount: An.Amount + 1)));
        var refunding = said.Then.When(new PaymentMessage.OperatorRefund(An.Id, An.By(), An.Number, null, "all of it"));

        var asked = refunding.Then.When(An.Checked(TradeStatus.Paid));

        Assert.Equal(An.Amount + 1, Assert.Single(asked.Payment.Payments).Amount);
        Assert.Contains(ReviewCases.OpenOf(asked.Payment), c => c.Kind == ReviewKind.Unconfirmed);
    }

    [Fact]
    public void The_orders_other_attempts_are_closed_at_once()
    {
        var switched = Scenario.Given(An.AwaitingPayment()).When(An.Switch("wechat"));

        var said = switched.Then.When(An.Notified(OfAnother)).Is(PaymentStatus.Review)
            .Sends(typeof(CheckPayment), typeof(ClosePayment), typeof(SagaFact));

        Assert.Equal(An.Number, said.Sent<CheckPayment>().Number);
        Assert.Equal(An.Id + "02", said.Sent<ClosePayment>().Number);
        Assert.All(said.Payment.Attempts, a => Assert.NotNull(a.NextAt));
    }

    [Fact]
    public void An_attempt_that_a_paid_order_left_is_followed_on()
    {
        var left = Scenario.Given(An.AwaitingPayment()).When(An.Switch("wechat")).Then
            .When(An.Notified(An.Notification(number: An.Id + "02", notifyId: "n2") with { Channel = "wechat" }))
            .Is(PaymentStatus.Paid);

        var said = left.Then.When(An.Notified(An.Notification(amount: 1))).Is(PaymentStatus.Paid);

        Assert.NotNull(said.Payment.Attempts[0].NextAt);
        Assert.Equal(left.Payment.Due, said.Payment.Due);
    }

    [Fact]
    public void A_claim_that_is_being_asked_about_is_asked_on()
    {
        var claimed = Scenario.Given(An.AwaitingPayment()).When(An.Notified(An.Notification() with { QueryFirst = true }));

        var said = claimed.Then.When(An.Notified(OfAnother with { NotifyId = "n2" })).Is(PaymentStatus.Review);

        Assert.NotNull(Assert.Single(said.Payment.Claims!).NextAt);
        var asked = said.Then.When(An.Checked(TradeStatus.Paid));
        Assert.Null(Assert.Single(asked.Payment.Claims!).NextAt);
        Assert.Equal(2, asked.Payment.Payments.Count);
    }

    [Fact]
    public void Dismissed_by_an_operator_all_attempts_are_closed()
    {
        var said = Scenario.Given(An.AwaitingPayment()).When(An.Notified(OfAnother));

        said.Then.When(new PaymentMessage.OperatorDismiss(An.Id, An.By(), "another's"))
            .Is(PaymentStatus.Cancelled).Sends(typeof(ClosePayment), typeof(SagaFact)).MovesStock(StockDelta.ReleaseHeld(2));
    }
}
