using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_an_order_is_placed
{
    [Fact]
    public void Stock_is_held_and_a_payment_is_requested()
    {
        var outcome = Scenario.Given(OrderCase.None).At(An.Start).When(An.Placed())
            .Is(PaymentStatus.Reserved)
            .Sends(typeof(RequestPayment), typeof(SagaFact))
            .MovesStock(new(Available: -2, Reserved: 2, Held: 2));

        var attempt = Assert.Single(outcome.Payment.Attempts);
        Assert.Equal(new RequestPayment(An.Id, An.Number, 1), outcome.Sent<RequestPayment>());
        Assert.Equal((An.Number, "alipay", "default", An.Amount, "CNY", "Card"),
            (attempt.Number, attempt.Channel, attempt.Profile, attempt.Amount, attempt.Currency, attempt.Text));
        Assert.Equal(An.Expiry, attempt.ExpiresAt);
        Assert.Equal(1, outcome.Payment.Version);
        outcome.IsDue(An.Start + ShopSettings.Default.ResendAfter);
    }

    [Fact]
    public void The_due_time_is_never_behind_the_expiry() =>
        Scenario.Given(OrderCase.None).At(An.Start).When(An.Placed(An.Order() with { HoldSeconds = 5 }))
            .IsDue(An.Start + TimeSpan.FromSeconds(5));

    [Fact]
    public void Held_at_payment_it_takes_nothing_yet() =>
        Scenario.Given(OrderCase.None).When(An.Placed(An.Order(hold: HoldPolicy.Payment)))
            .Is(PaymentStatus.Reserved).MovesStock(default);

    [Theory]
    [InlineData(HoldPolicy.Order)]
    [InlineData(HoldPolicy.Payment)]
    public void One_unit_short_it_is_sold_out(HoldPolicy hold)
    {
        var outcome = Scenario.Given(OrderCase.None).With(available: 1).When(An.Placed(An.Order(hold: hold)))
            .Is(PaymentStatus.SoldOut).Sends(typeof(SagaFact)).MovesStock(default).IsDue(null);
        Assert.Empty(outcome.Payment.Attempts);
        Assert.False(outcome.Payment.Reserved);
    }

    [Fact]
    public void The_last_units_are_sold() =>
        Scenario.Given(OrderCase.None).With(available: 2).When(An.Placed()).Is(PaymentStatus.Reserved);

    [Fact]
    public void The_quoted_price_stands()
    {
        var quoted = An.Order() with { UnitPrice = 7, Amount = 14 };
        var outcome = Scenario.Given(OrderCase.None).When(An.Placed(quoted));
        Assert.Equal(14, outcome.Payment.Attempts[0].Amount);
        Assert.Same(quoted, outcome.Payment.Order);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_repeat_changes_nothing_in_any_state(PaymentStatus status) =>
        Scenario.Given(An.In(status)).When(An.Placed()).ChangesNothing();

    [Fact]
    public void Another_body_under_the_same_id_changes_nothing() =>
        Scenario.Given(An.Reserved()).When(An.Placed(An.Order(quantity: 9))).ChangesNothing();

    [Fact]
    public void A_cancel_that_came_first_stands()
    {
        var outcome = Scenario.Given(OrderCase.None).When(An.Cancel()).Then.When(An.Placed())
            .Is(PaymentStatus.Cancelled).Sends().MovesStock(default);
        Assert.NotNull(outcome.Payment.Order);
        outcome.Then.When(An.Placed()).ChangesNothing();
    }

    public static TheoryData<PaymentStatus> All() => [.. Enum.GetValues<PaymentStatus>()];
}
