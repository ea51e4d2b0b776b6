using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>A message that could not be processed is processed again: its order goes on where it stood.</summary>
public sealed class When_an_order_is_resumed
{
    private static readonly DateTimeOffset Now = An.Start + TimeSpan.FromMinutes(5);

    [Fact]
    public void Nothing_but_the_case_was_known_and_its_record_begins_the_order()
    {
        var resumed = Scenario.Given(Poisoned(OrderCase.None)).At(Now).When(Resume());
        Assert.Empty(ReviewCases.OpenOf(resumed.Payment));

        var begun = resumed.Then.When(An.Placed()).Is(PaymentStatus.Reserved).MovesStock(StockDelta.Hold(An.Quantity));

        Assert.Equal(3, begun.Payment.Version);
        Assert.Equal("Processed again by ann", Assert.Single(begun.Payment.Reviews!).Resolution);
        Assert.Single(begun.Decision.Sends.OfType<RequestPayment>(), m => m.SagaVersion == 3);
    }

    [Fact]
    public void The_order_that_had_joined_the_case_begins()
    {
        var joined = Scenario.Given(Poisoned(OrderCase.None)).At(Now).When(An.Placed()).Is(PaymentStatus.Review);
        var begun = joined.Then.When(Resume()).Is(PaymentStatus.Reserved);
        Assert.Equal(An.Id, begun.Payment.Order!.OrderId);
        Assert.Empty(ReviewCases.OpenOf(begun.Payment));
        Assert.NotNull(begun.Payment.Due);
    }

    [Fact]
    public void A_cancel_of_an_unknown_order_leaves_its_tombstone() => Scenario
        .Given(Poisoned(OrderCase.None)).At(Now).When(Resume()).Then.When(An.Cancel()).Is(PaymentStatus.Cancelled);

    [Fact]
    public void An_unpaid_order_waits_for_its_payment_again_and_the_payment_is_taken()
    {
        var resumed = Scenario.Given(Poisoned(An.AwaitingPayment())).At(Now).When(Resume()).Is(PaymentStatus.AwaitingPayment);
        Assert.NotNull(resumed.Payment.Due);
        resumed.Then.When(An.Notified()).Is(PaymentStatus.Paid);
    }

    [Fact]
    public void A_paid_order_is_paid_again() =>
        Scenario.Given(Poisoned(An.Paid())).At(Now).When(Resume()).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating);

    [Fact]
    public void A_refund_that_was_asked_for_is_under_way_again() =>
        Scenario.Given(Poisoned(An.Refunding())).At(Now).When(Resume()).Is(PaymentStatus.Refunding);

    [Fact]
    public void An_order_whose_trade_was_closed_meanwhile_expires_and_frees_its_stock()
    {
        var poisoned = Poisoned(An.AwaitingPayment());
        var closed = poisoned with
        {
            Payment = poisoned.Payment! with
            {
                Attempts = [.. poisoned.Payment.Attempts.Select(a => a with { Closed = true, NextAt = null })],
            },
        };
        Scenario.Given(closed).At(Now).When(Resume()).Is(PaymentStatus.Expired).MovesStock(StockDelta.ReleaseHeld(An.Quantity));
    }

    [Fact]
    public void An_ended_order_stays_as_it_ended()
    {
        var resumed = Scenario.Given(Poisoned(An.Expired())).At(Now).When(Resume()).Is(PaymentStatus.Expired);
        Assert.Empty(ReviewCases.OpenOf(resumed.Payment));
    }

    [Fact]
    public void Another_case_keeps_it_in_review()
    {
        var poisoned = Poisoned(An.AwaitingPayment());
        var both = poisoned with
        {
            Payment = ReviewCases.Open(poisoned.Payment!, ReviewKind.AmountMismatch, "wrong", Now, An.Number),
        };
        var resumed = Scenario.Given(both).At(Now).When(Resume()).Is(PaymentStatus.Review);
        Assert.Equal(ReviewKind.AmountMismatch, Assert.Single(ReviewCases.OpenOf(resumed.Payment)).Kind);
    }

    [Fact]
    public void Other_unprocessed_messages_keep_its_case_open_while_it_goes_on()
    {
        var resumed = Scenario.Given(Poisoned(An.Paid())).At(Now)
            .When(new PaymentMessage.OperatorResume(An.Id, An.By(), OthersLeft: true)).Is(PaymentStatus.Paid);
        Assert.Single(ReviewCases.OpenOf(resumed.Payment));
    }

    [Fact]
    public void Without_such_a_case_or_a_second_time_nothing_changes()
    {
        var paid = An.Paid();
        Assert.Same(paid, Scenario.Given(paid).At(Now).When(Resume()).Decision.Case);
        var once = Scenario.Given(Poisoned(paid)).At(Now).When(Resume());
        Assert.Same(once.Decision.Case, once.Then.When(Resume()).Decision.Case);
    }

    private static PaymentMessage Resume() => new PaymentMessage.OperatorResume(An.Id, An.By());

    private static OrderCase Poisoned(OrderCase order) => order with
    {
        Payment = ReviewCases.Poison(An.Id, order.Payment, "A message could not be processed", An.Start + TimeSpan.FromMinutes(1)),
    };
}
