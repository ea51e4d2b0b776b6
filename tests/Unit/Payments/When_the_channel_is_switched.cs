using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_the_channel_is_switched
{
    private const string Second = An.Id + "02";

    private static Outcome Switched(PaymentStatus from = PaymentStatus.AwaitingPayment) =>
        Scenario.Given(An.In(from)).At(An.Start + TimeSpan.FromMinutes(3)).When(An.Switch("wechat"));

    private static PaymentNotification Paid(string number, string channel, string id) =>
        An.Notification(number: number, notifyId: id) with { Channel = channel };

    [Theory]
    [InlineData(PaymentStatus.Reserved)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    public void The_old_attempt_is_closed_and_the_next_one_opened_until_the_same_time(PaymentStatus status)
    {
        var outcome = Switched(status).Is(PaymentStatus.Reserved).MovesStock(default)
            .Sends(typeof(ClosePayment), typeof(RequestPayment), typeof(SagaFact));
        Assert.Equal(An.Number, outcome.Sent<ClosePayment>().Number);
        Assert.Equal(Second, outcome.Sent<RequestPayment>().Number);
        Assert.Equal(("wechat", An.Expiry), (outcome.Payment.Attempts[1].Channel, outcome.Payment.Attempts[1].ExpiresAt));
        Assert.True(outcome.Payment.Reserved);
        outcome.Then.When(An.Switch("wechat")).ChangesNothing();
    }

    [Fact]
    public void Commands_go_to_the_queue_of_their_attempts_channel()
    {
        var order = Switched().Decision.Case;
        Assert.Equal(
            ("cardshop.payments.alipay", "cardshop.payments.wechat"),
            (OrderMessages.ToCommand(new ClosePayment(An.Id, An.Number, 1), order, An.Start)!.Queue,
                OrderMessages.ToCommand(new RequestPayment(An.Id, Second, 1), order, An.Start)!.Queue));
    }

    [Fact]
    public void To_the_channel_it_has_nothing_happens() =>
        Scenario.Given(An.AwaitingPayment()).When(An.Switch("alipay")).ChangesNothing();

    [Fact]
    public void At_its_expiry_it_is_too_late() =>
        Scenario.Given(An.AwaitingPayment()).At(An.Expiry).When(An.Switch("wechat")).ChangesNothing();

    [Fact]
    public void To_a_channel_without_a_merchant_profile_nothing_happens()
    {
        var settings = ShopSettings.Default with
        {
            Channels = new Dictionary<string, IReadOnlyList<string>> { ["alipay"] = ["a"], ["wechat"] = [] },
        };
        var scenario = Scenario.Given(An.AwaitingPayment()) with { Facts = new(100, [], settings) };
        scenario.When(An.Switch("wechat")).ChangesNothing();
        scenario.When(An.Switch("unionpay")).ChangesNothing();
    }

    [Fact]
    public void What_was_asked_for_before_changes_nothing_when_it_comes_again()
    {
        var scenario = Scenario.Given(An.AwaitingPayment()).When(An.Switch("wechat", second: 1)).Then.When(An.Switch("alipay", second: 2)).Then;
        scenario.When(An.Switch("wechat", second: 1)).ChangesNothing();
        scenario.When(An.Switch("alipay", second: 2)).ChangesNothing();
        Assert.Equal(4, scenario.When(An.Switch("wechat", second: 3)).Decision.Case.Payment!.Attempts.Count);
    }

    [Fact]
    public void It_may_go_to_and_fro_ten_times()
    {
        var scenario = Scenario.Given(An.AwaitingPayment());
        for (var i = 0; i < 20; i++)
        {
            scenario = scenario.When(An.Switch(i % 2 == 0 ? "wechat" : "alipay", second: i)).Then;
        }

        Assert.Equal(10, scenario.Order.Payment!.Attempts.Count);
        Assert.Equal(10, scenario.Order.Payment.Attempts.Select(a => a.Number).Distinct().Count());
    }

    [Fact]
    public void A_payment_of_the_old_attempt_pays_the_order_and_the_newer_one_is_closed()
    {
        var paid = Switched().Then.When(An.Notified(Paid(An.Number, "alipay", "n1")))
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating).MovesStock(new(Held: -2));
        Assert.Equal(Second, paid.Sent<ClosePayment>().Number);
        var surplus = paid.Then.When(An.Notified(Paid(Second, "wechat", "n2"))).Is(PaymentStatus.Paid);
        Assert.Equal(Second + "R1", surplus.Sent<RefundPayment>().RefundNumber);
        Assert.Same(paid.Delivery, surplus.Delivery);
    }

    [Fact]
    public void The_old_attempt_is_followed_until_it_is_closed()
    {
        var scenario = Switched().Then.When(new PaymentMessage.Requested(
            An.Id, Second, new(ChannelResult.Done, Link: "l2", Qr: "q2"))).Is(PaymentStatus.AwaitingPayment).Then;
        Assert.Equal("q2", scenario.Order.Payment!.Attempts[1].Qr);
        var due = scenario.At(scenario.Order.Payment.Due!.Value).When(An.PaymentDue);
        Assert.Equal(An.Number, due.Sent<ClosePayment>().Number);
        var closed = due.Then.When(An.CloseAnswered(ChannelResult.Done)).Is(PaymentStatus.AwaitingPayment).Sends();
        Assert.True(closed.Payment.Attempts[0].Closed);
        Assert.Null(closed.Payment.Attempts[0].NextAt);
    }

    [Fact]
    public void A_trade_that_came_into_being_after_its_close_is_closed_again()
    {
        var closed = Switched(PaymentStatus.Reserved).Then.When(An.CloseAnswered(ChannelResult.NotFound)).Then;
        var late = closed.When(An.Linked()).Is(PaymentStatus.Reserved);
        Assert.Equal(An.Number, late.Sent<ClosePayment>().Number);
        Assert.False(late.Payment.Attempts[0].Closed);
        late.Then.When(An.Linked()).ChangesNothing();
    }

    [Fact]
    public void A_cancel_closes_the_attempts_of_all_channels()
    {
        var cancelled = Switched().Then.When(An.Cancel()).Is(PaymentStatus.Cancelled);
        Assert.Equal([An.Number, Second], cancelled.Decision.Sends.OfType<ClosePayment>().Select(c => c.Number));
    }

    [Fact]
    public void The_order_expires_when_its_last_attempt_is_closed()
    {
        var expired = Switched().Then.At(An.Expiry)
            .When(new PaymentMessage.CloseAnswered(An.Id, Second, new(ChannelResult.Done))).Is(PaymentStatus.Expired);
        Assert.NotNull(expired.Payment.Due);
        var rest = expired.Then.When(An.CloseAnswered(ChannelResult.Done)).Is(PaymentStatus.Expired).IsDue(null);
        Assert.All(rest.Payment.Attempts, a => Assert.True(a.Closed));
    }
}
