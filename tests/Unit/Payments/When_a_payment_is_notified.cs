using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_payment_is_notified
{
    [Theory]
    [InlineData(PaymentStatus.Reserved)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    public void In_time_it_is_delivered_from_what_was_held(PaymentStatus status)
    {
        var outcome = Scenario.Given(An.In(status)).With(available: 0).When(An.Notified())
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating)
            .Sends(typeof(DeliverOrder)).MovesStock(new(Held: -2));
        Assert.Equal(PaymentUse.Order, Assert.Single(outcome.Payment.Payments).Use);
        Assert.True(outcome.Delivery.Reserved);
        Assert.False(outcome.Payment.Reserved);
        Assert.Equal(outcome.Given.Now + ShopSettings.Default.ResendAfter, outcome.Delivery.Due);
    }

    [Theory]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.Cancelled)]
    public void Late_it_is_reserved_again_where_stock_is_left(PaymentStatus status) =>
        Scenario.Given(An.In(status)).With(available: 2).When(An.Notified())
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating)
            .Sends(typeof(DeliverOrder), typeof(SagaFact)).MovesStock(new(Available: -2, Reserved: 2));

    [Fact]
    public void Late_it_waits_where_the_product_lets_it_wait()
    {
        var outcome = Scenario.Given(An.Expired(An.Order(waitSeconds: 60))).With(available: 1).When(An.Notified())
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.WaitingStock).MovesStock(default);
        Assert.Equal(outcome.Given.Now + TimeSpan.FromSeconds(60), outcome.Delivery.WaitUntil);
        Assert.Equal(outcome.Delivery.WaitUntil, outcome.Delivery.Due);
        Assert.DoesNotContain(outcome.Decision.Sends, s => s is DeliverOrder);
    }

    [Theory]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.Cancelled)]
    public void Late_with_nothing_left_the_delivery_is_withdrawn_before_the_refund_is_sent(PaymentStatus status)
    {
        var outcome = Scenario.Given(An.In(status)).With(available: 1).When(An.Notified())
            .Is(PaymentStatus.Refunding).Is(DeliveryStatus.Withdrawn)
            .Sends(typeof(RefundPayment), typeof(SagaFact)).MovesStock(default);
        Assert.Equal(An.Number + "R1", outcome.Sent<RefundPayment>().RefundNumber);
        Assert.Equal(RefundState.Asked, Assert.Single(Assert.Single(outcome.Payment.Payments).Refunds!).State);
        Assert.NotNull(outcome.Payment.Due);
    }

    [Fact]
    public void Held_at_payment_the_stock_is_taken_now() =>
        Scenario.Given(An.AwaitingPayment(An.Order(hold: HoldPolicy.Payment))).With(available: 2).When(An.Notified())
            .Is(DeliveryStatus.Allocating).MovesStock(StockDelta.Reserve(2));

    [Theory]
    [MemberData(nameof(All))]
    public void A_repeat_changes_nothing_in_any_state(PaymentStatus status)
    {
        var noted = Scenario.Given(An.In(status)).When(An.Notified());
        noted.Then.With(available: 0).When(An.Notified()).ChangesNothing();
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Another_notification_of_the_same_payment_books_nothing_twice(PaymentStatus status)
    {
        var noted = Scenario.Given(An.In(status)).When(An.Notified(An.Notification(notifyId: "first")));
        var again = noted.Then.When(An.Notified(An.Notification(notifyId: "finished"))).MovesStock(default);
        Assert.Equal(noted.Payment.Payments, again.Payment.Payments);
        Assert.DoesNotContain(again.Decision.Sends, s => s is DeliverOrder or RefundPayment or OrderDelivered);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Money_is_never_dropped_in_any_state(PaymentStatus status)
    {
        var outcome = Scenario.Given(An.In(status)).With(available: 0)
            .When(An.Notified(An.Notification(number: An.Id + "02", notifyId: "second")));
        if (outcome.Payment.Payments.All(p => p.Number != An.Id + "02"))
        {
            // Unknown attempt: asked for at the provider, who says that it is paid.
            Assert.Equal(An.Id + "02", outcome.Sent<CheckPayment>().Number);
            outcome = outcome.Then.When(An.Checked(TradeStatus.Paid, number: An.Id + "02"));
        }

        Assert.Contains(outcome.Payment.Payments, p => p.Number == An.Id + "02" && p.Amount == An.Amount);
    }

    [Fact]
    public void A_surplus_payment_goes_back_and_the_delivery_is_left_alone()
    {
        var order = An.Delivered();
        var paidTwice = order.Payment!.Attempts[0] with { Number = An.Id + "02" };
        order = order with { Payment = order.Payment with { Attempts = [.. order.Payment.Attempts, paidTwice] } };
        var outcome = Scenario.Given(order).When(An.Notified(An.Notification(number: An.Id + "02", notifyId: "n2")))
            .Is(PaymentStatus.Paid).Sends(typeof(RefundPayment), typeof(SagaFact)).MovesStock(default);
        Assert.Same(order.Delivery, outcome.Delivery);
        Assert.Equal((PaymentUse.Surplus, RefundState.Asked), (outcome.Payment.Payments[1].Use, Assert.Single(outcome.Payment.Payments[1].Refunds!).State));
        Assert.Null(outcome.Payment.Payments[0].Refunds);
        Assert.NotNull(outcome.Payment.Due);

        var done = outcome.Then.When(An.RefundAnswered(ChannelResult.Done, An.Id + "02")).Is(PaymentStatus.Paid).IsDue(null);
        Assert.DoesNotContain(done.Decision.Sends, s => s is OrderRefunded);
    }

    [Theory]
    [InlineData("amount")]
    [InlineData("currency")]
    [InlineData("channel")]
    [InlineData("profile")]
    public void What_does_not_match_goes_to_review_with_its_money(string field)
    {
        var right = An.Notification();
        var wrong = field switch
        {
            "amount" => right with { Amount = An.Amount - 1 },
            "currency" => right with { Currency = "USD" },
            "channel" => right with { Channel = "wechat" },
            _ => right with { Profile = "other" },
        };
        var outcome = Scenario.Given(An.AwaitingPayment()).When(An.Notified(wrong))
            .Is(PaymentStatus.Review).MovesStock(default).Sends(typeof(CheckPayment), typeof(SagaFact));
        Assert.Equal((PaymentUse.Mismatch, wrong.Amount),
            (Assert.Single(outcome.Payment.Payments).Use, outcome.Payment.Payments[0].Amount));
        Assert.Null(outcome.Decision.Case.Delivery);
    }

    [Fact]
    public void The_final_notification_of_a_mismatch_does_not_count_the_money_twice()
    {
        var success = Scenario.Given(An.AwaitingPayment()).When(An.Notified(An.Notification(amount: 1)));
        var finished = success.Then.When(An.Notified(An.Notification(amount: 1, notifyId: "finished")));
        Assert.Single(finished.Payment.Payments);
    }

    [Fact]
    public void Money_of_the_attempt_is_recorded_though_another_trades_stands_under_its_number()
    {
        var mixedUp = Scenario.Given(An.AwaitingPayment())
            .When(An.Notified(An.Notification() with { Channel = "wechat", TradeNo = "another" })).Is(PaymentStatus.Review);

        var paid = mixedUp.Then.When(An.Notified(An.Notification(notifyId: "n2"))).Is(PaymentStatus.Review);
        var asked = mixedUp.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Review);

        Assert.Equal([PaymentUse.Mismatch, PaymentUse.Mismatch], paid.Payment.Payments.Select(p => p.Use));
        Assert.Equal(2 * An.Amount, paid.Payment.Payments.Sum(p => p.Amount));
        Assert.Equal(2, asked.Payment.Payments.Count);
        Assert.Equal(2, paid.Then.When(An.Notified(An.Notification(notifyId: "n3"))).Payment.Payments.Count);
    }

    [Theory]
    [InlineData(NotifiedStatus.Waiting)]
    [InlineData(NotifiedStatus.Closed)]
    public void Without_money_it_is_only_noted(NotifiedStatus status)
    {
        var outcome = Scenario.Given(An.AwaitingPayment()).When(An.Notified(An.Notification(status: status)))
            .Is(PaymentStatus.AwaitingPayment).Sends().MovesStock(default);
        Assert.Single(outcome.Payment.Notifications);
        Assert.Empty(outcome.Payment.Payments);
    }

    [Fact]
    public void Of_an_unknown_order_the_money_waits_in_review()
    {
        var outcome = Scenario.Given(OrderCase.None).When(An.Notified()).Is(PaymentStatus.Review).Sends(typeof(SagaFact));
        Assert.Equal(An.Amount, Assert.Single(outcome.Payment.Payments).Amount);
        var placed = outcome.Then.When(An.Placed()).Is(PaymentStatus.Review).MovesStock(default);
        Assert.Single(placed.Payment.Payments);
        placed.Then.When(An.Notified()).ChangesNothing();
    }

    [Fact]
    public void Of_an_order_that_is_known_by_its_cancel_alone_the_money_waits_in_review()
    {
        var outcome = Scenario.Given(OrderCase.None).When(An.Cancel()).Then.When(An.Notified())
            .Is(PaymentStatus.Review).Sends(typeof(SagaFact));
        Assert.Equal(An.Amount, Assert.Single(outcome.Payment.Payments).Amount);
    }

    [Fact]
    public void With_fifty_notifications_the_payment_is_still_booked_once()
    {
        var scenario = Scenario.Given(An.AwaitingPayment());
        for (var i = 0; i < 60; i++)
        {
            scenario = scenario.When(An.Notified(An.Notification(notifyId: $"n{i}"))).Then;
        }

        Assert.Equal(50, scenario.Order.Payment!.Notifications.Count);
        var late = scenario.When(An.Notified(An.Notification(notifyId: "n0"))).Is(PaymentStatus.Paid).MovesStock(default);
        Assert.Single(late.Payment.Payments);
    }

    public static TheoryData<PaymentStatus> All() => [.. Enum.GetValues<PaymentStatus>()];
}
