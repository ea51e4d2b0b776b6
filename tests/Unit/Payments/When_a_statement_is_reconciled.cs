using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_statement_is_reconciled
{
    [Fact]
    public void Money_that_is_missing_here_is_asked_about_booked_and_the_case_closes()
    {
        var found = Scenario.Given(An.Expired()).When(An.Found(StatementFault.MissingHere))
            .Is(PaymentStatus.Expired).Sends(typeof(CheckPayment), typeof(SagaFact));
        Assert.Equal(
            (ReviewKind.StatementMissingHere, "line 7"),
            (Assert.Single(found.Payment.Reviews!).Kind, found.Payment.Reviews![0].Evidence));
        Assert.NotNull(found.Payment.Due);
        found.Then.When(An.Found(StatementFault.MissingHere)).ChangesNothing();
        var paid = found.Then.When(An.Checked(TradeStatus.Paid)).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating).IsDue(null);
        Assert.Empty(ReviewCases.OpenOf(paid.Payment));
    }

    [Fact]
    public void What_the_provider_does_not_confirm_ends_with_a_person()
    {
        var scenario = Scenario.Given(An.Expired()).When(An.Found(StatementFault.MissingHere)).Then;
        for (var i = 0; i < 20 && scenario.Order.Payment!.Due is { } due; i++)
        {
            scenario = scenario.At(due).When(An.PaymentDue).Then.When(An.Checked(ChannelResult.NotFound)).Then;
        }

        Assert.Equal(PaymentStatus.Review, scenario.Order.Payment!.Status);
        Assert.Contains(ReviewCases.OpenOf(scenario.Order.Payment), c => c.Kind == ReviewKind.Unconfirmed);
    }

    [Fact]
    public void Money_that_was_booked_meanwhile_opens_nothing() =>
        Assert.Null(Scenario.Given(An.Paid()).When(An.Found(StatementFault.MissingHere)).Payment.Reviews);

    [Theory]
    [InlineData(StatementFault.MissingThere, ReviewKind.StatementMissingThere)]
    [InlineData(StatementFault.Differs, ReviewKind.StatementDiffers)]
    public void Other_findings_open_a_case_and_leave_the_order_as_it_is(StatementFault fault, ReviewKind kind)
    {
        var found = Scenario.Given(An.Delivered()).When(An.Found(fault)).Is(PaymentStatus.Paid).Is(DeliveryStatus.Delivered)
            .Sends(typeof(SagaFact)).MovesStock(default);
        Assert.Equal((kind, An.Number), (Assert.Single(found.Payment.Reviews!).Kind, found.Payment.Reviews![0].Number));
        found.Then.When(An.Found(fault, id: "f2")).MovesStock(default);
        Assert.Single(found.Then.When(An.Found(fault, id: "f2")).Payment.Reviews!);
    }

    [Fact]
    public void Of_an_unknown_order_the_money_waits_in_review_and_is_not_counted_twice()
    {
        var found = Scenario.Given(OrderCase.None).When(An.Found(StatementFault.MissingHere)).Is(PaymentStatus.Review);
        Assert.Equal(An.Amount, Assert.Single(found.Payment.Payments).Amount);
        Assert.Single(found.Then.When(An.Notified()).Payment.Payments);
    }

    [Fact]
    public void Cases_are_bounded()
    {
        var scenario = Scenario.Given(An.Delivered());
        for (var i = 10; i < 60; i++)
        {
            scenario = scenario.When(An.Found(StatementFault.Differs, $"{An.Id}{i}", $"f{i}")).Then;
        }

        Assert.Equal((20, 50), (scenario.Order.Payment!.Reviews!.Count, scenario.Order.Payment.Acts!.Count));
    }
}
