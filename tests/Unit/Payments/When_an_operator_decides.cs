using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_an_operator_decides
{
    private static PaymentMessage Confirm(string id = "c1", long amount = An.Amount, string? number = null) =>
        new PaymentMessage.OperatorConfirmPaid(An.Id, An.By(id), "2026 4242", amount, number);

    private static PaymentMessage Refund(long? amount = null, string id = "c1", string? number = null) =>
        new PaymentMessage.OperatorRefund(An.Id, An.By(id), number, amount, "goodwill");

    private static PaymentMessage Deliver(string id = "c1") => new PaymentMessage.OperatorDeliver(An.Id, An.By(id));

    private static PaymentMessage Dismiss(string id = "c1") => new PaymentMessage.OperatorDismiss(An.Id, An.By(id), "settled");

    private static PaymentMessage Answer(string refund, ChannelResult result) =>
        new PaymentMessage.RefundAnswered(An.Id, An.Number, refund, new(result, Code: "CODE"));

    [Theory]
    [InlineData(PaymentStatus.AwaitingPayment)]
    [InlineData(PaymentStatus.Expired)]
    [InlineData(PaymentStatus.Cancelled)]
    [InlineData(PaymentStatus.SoldOut)]
    public void Confirmed_money_pays_the_order_by_the_normal_way_and_once(PaymentStatus status)
    {
        var paid = Scenario.Given(An.In(status)).When(Confirm()).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating);
        Assert.Equal(("operator", "2026 4242"), (paid.Payment.Payments[0].Source, paid.Payment.Payments[0].TradeNo));
        Assert.Single(paid.Decision.Sends.OfType<DeliverOrder>());
        Assert.Contains(paid.Decision.Sends, s => s is SagaFact);
        paid.Then.When(Confirm()).ChangesNothing();
        paid.Then.When(Confirm("c2")).ChangesNothing();
        var notified = paid.Then.When(An.Notified()).Is(PaymentStatus.Paid).MovesStock(default);
        Assert.Single(notified.Payment.Payments);
    }

    [Fact]
    public void Money_that_came_while_in_review_is_the_same_money()
    {
        var wrong = An.Notification() with { Profile = "other" };
        var review = Scenario.Given(An.AwaitingPayment()).When(An.Notified(wrong)).Is(PaymentStatus.Review);
        Assert.Equal(ReviewKind.MerchantMismatch, Assert.Single(review.Payment.Reviews!).Kind);
        var paid = review.Then.When(Confirm()).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating).MovesStock(StockDelta.Pay(2));
        Assert.Equal(PaymentUse.Order, Assert.Single(paid.Payment.Payments).Use);
        Assert.Contains("ann", Assert.Single(paid.Payment.Reviews!).Resolution, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_order_does_not_allow_is_said_and_changes_nothing()
    {
        foreach (var (order, message) in new (OrderCase, PaymentMessage)[]
        {
            (OrderCase.None, Confirm()), (An.Paid(), Confirm()), (An.AwaitingPayment(), Confirm(amount: 1)),
            (An.AwaitingPayment(), Confirm(number: "someone elses01")), (An.Expired(), Refund()), (An.Paid(), Refund(100)),
            (An.Delivered(), Refund(An.Amount + 1)), (An.Delivered(), Refund(0)), (An.Delivered(), Deliver()),
            (An.Refunding(), Deliver()), (An.AwaitingPayment(), Deliver()), (An.Paid(), Dismiss()),
            (An.DeliveryInReview(), Dismiss()), (An.Refunded(), Refund()), (An.Delivered(), Refund(number: An.Id + "09")),
        })
        {
            var facts = new Facts(0, [], ShopSettings.Default);
            Assert.NotNull(OperatorDecider.Objection(order, message, facts));
            Scenario.Given(order).With(0).When(message).ChangesNothing();
        }
    }

    [Fact]
    public void An_undelivered_order_is_withdrawn_before_its_refund()
    {
        var outcome = Scenario.Given(An.Paid()).When(Refund()).Is(PaymentStatus.Refunding).Is(DeliveryStatus.Withdrawn)
            .MovesStock(StockDelta.ReleasePaid(2));
        Assert.Equal(An.Number + "R1", outcome.Sent<RefundPayment>().RefundNumber);
    }

    [Fact]
    public void A_delivered_order_gets_back_any_part_and_stays_delivered()
    {
        var first = Scenario.Given(An.Delivered()).When(Refund(500)).Is(PaymentStatus.Paid).Is(DeliveryStatus.Delivered)
            .Sends(typeof(RefundPayment), typeof(SagaFact));
        var second = first.Then.When(Refund(700, "c2")).Is(PaymentStatus.Paid);
        Assert.Equal(
            [(An.Number + "R1", 500L), (An.Number + "R2", 700L)],
            second.Payment.Payments[0].Refunds!.Select(r => (r.Number, r.Amount)));
        var rest = second.Then.When(Refund(null, "c3")).Is(PaymentStatus.Refunding);
        Assert.Equal(An.Amount, rest.Payment.Payments[0].Refunds!.Sum(r => r.Amount));
        rest.Then.When(Refund(1, "c4")).ChangesNothing();
        var some = rest.Then.When(Answer(An.Number + "R2", ChannelResult.Done)).Is(PaymentStatus.Refunding).Then
            .When(Answer(An.Number + "R1", ChannelResult.Done)).Is(PaymentStatus.Refunding).Sends(typeof(SagaFact)).Then;
        var all = some.When(Answer(An.Number + "R3", ChannelResult.Done)).Is(PaymentStatus.Refunded).Is(DeliveryStatus.Delivered);
        Assert.Equal(An.Amount, all.Sent<OrderRefunded>().Amount);
        all.IsDue(null);
    }

    [Fact]
    public void A_rejected_part_leaves_the_order_paid_with_a_case_and_can_be_asked_for_again()
    {
        var rejected = Scenario.Given(An.Delivered()).When(Refund(500)).Then
            .When(Answer(An.Number + "R1", ChannelResult.Refused)).Is(PaymentStatus.Paid).Is(DeliveryStatus.Delivered).IsDue(null);
        Assert.Equal(ReviewKind.RefundRejected, Assert.Single(rejected.Payment.Reviews!).Kind);
        var again = rejected.Then.When(Refund(null, "c2"));
        Assert.Equal((An.Number + "R2", An.Amount), (again.Sent<RefundPayment>().RefundNumber, again.Payment.Payments[0].Refunds![1].Amount));
        Assert.Empty(ReviewCases.OpenOf(again.Payment));
    }

    [Fact]
    public void A_withdrawn_order_is_reopened_only_after_the_provider_has_rejected_the_refund()
    {
        var refunding = Scenario.Given(An.Refunding()).With(available: 2);
        refunding.When(Deliver()).ChangesNothing();
        var rejected = refunding.When(An.RefundAnswered(ChannelResult.Refused)).Is(PaymentStatus.Review);
        var reopened = rejected.Then.When(Deliver()).Is(PaymentStatus.Paid).Is(DeliveryStatus.Allocating)
            .MovesStock(StockDelta.Reserve(2));
        reopened.Then.WithKeys(An.TwoKeys).When(An.Deliver).Is(DeliveryStatus.Delivered);

        // The provider takes its rejection back before the keys are handed over.
        var notice = An.Notification(notifyId: "r") with { RefundNumber = An.Number + "R1", RefundDone = true, RefundAmount = An.Amount };
        reopened.Then.When(An.Notified(notice)).Is(PaymentStatus.Refunded).Is(DeliveryStatus.Withdrawn)
            .MovesStock(StockDelta.ReleasePaid(2)).Then.WithKeys(An.TwoKeys).When(An.Deliver).ChangesNothing();
    }

    [Fact]
    public void A_short_picked_order_is_delivered_after_all()
    {
        var review = An.DeliveryInReview();
        Assert.Equal(ReviewKind.ShortPick, Assert.Single(review.Payment!.Reviews!).Kind);
        var again = Scenario.Given(review).When(Deliver()).Is(DeliveryStatus.Allocating).MovesStock(default);
        Assert.Empty(ReviewCases.OpenOf(again.Payment));
        again.Then.WithKeys(An.TwoKeys).When(An.Deliver).Is(DeliveryStatus.Delivered);
    }

    [Fact]
    public void A_dismissed_unpaid_order_ends_and_frees_its_stock()
    {
        var poisoned = An.AwaitingPayment() is var order
            ? order with { Payment = ReviewCases.Poison(An.Id, order.Payment, "A message could not be processed", An.Start) }
            : null!;
        Assert.Equal(PaymentStatus.Review, poisoned.Payment!.Status);
        Assert.Null(ReviewCases.Poison(An.Id, poisoned.Payment, "A message could not be processed", An.Start));
        var outcome = Scenario.Given(poisoned).When(Dismiss()).Is(PaymentStatus.Cancelled).MovesStock(StockDelta.ReleaseHeld(2));
        Assert.Equal(An.Number, outcome.Sent<ClosePayment>().Number);
        outcome.Then.When(Dismiss()).ChangesNothing();
    }

    [Fact]
    public void A_dismissed_case_of_a_paid_order_lets_it_go_on()
    {
        var order = An.Delivered();
        order = order with { Payment = ReviewCases.Poison(An.Id, order.Payment, "poison", An.Start) };
        Scenario.Given(order).When(Dismiss()).Is(PaymentStatus.Paid).Is(DeliveryStatus.Delivered).MovesStock(default);
    }

    [Fact]
    public void The_money_of_an_unknown_order_can_be_given_back()
    {
        var unknown = Scenario.Given(OrderCase.None).When(An.Notified()).Is(PaymentStatus.Review);
        var refund = unknown.Then.When(Refund(number: An.Number)).Is(PaymentStatus.Cancelled);
        var command = OrderMessages.ToCommand(refund.Sent<RefundPayment>(), refund.Decision.Case, An.Start)!;
        Assert.Equal("cardshop.payments.alipay", command.Queue);
        var done = refund.Then.When(Answer(An.Number + "R1", ChannelResult.Done)).IsDue(null);
        Assert.DoesNotContain(done.Decision.Sends, s => s is OrderRefunded);
    }

    [Fact]
    public void A_document_of_the_good_path_stays_small()
    {
        var order = An.Order() with
        {
            Contact = new string('c', 120),
            ContactHash = new string('h', 24),
            NetworkHash = new string('n', 24),
            BodyHash = new string('b', 24),
            PasswordHash = new string('p', 24),
            ProductName = "Steam 50 CNY",
        };
        var delivered = An.Delivered(order);
        Assert.InRange(
            JsonSerializer.SerializeToUtf8Bytes(delivered.Payment!, ContractsJson.Default.PaymentSaga).Length, 500, 1_600);
        Assert.Null(delivered.Payment!.Reviews);
    }
}
