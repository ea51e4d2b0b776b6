using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_goods_are_handed_over
{
    private static PaymentMessage HandOver(string id = "c1", int text = 7) =>
        new PaymentMessage.OperatorHandOver(An.Id, An.By(id), An.Text(text));

    private static OrderPlaced Goods(HoldPolicy hold = HoldPolicy.Order, int waitSeconds = 0) =>
        An.Order(hold: hold, waitSeconds: waitSeconds, kind: ProductKind.Manual);

    [Fact]
    public void Manual_goods_need_no_stock_and_hold_none()
    {
        var placed = Scenario.Given(OrderCase.None).With(available: 0).When(An.Placed(Goods()))
            .Is(PaymentStatus.Reserved).MovesStock(default);
        Assert.False(placed.Payment.Reserved);
        placed.Then.When(An.Linked()).Then.When(An.Cancel()).Is(PaymentStatus.Cancelled).MovesStock(default);
    }

    [Fact]
    public void Once_paid_they_wait_for_an_operator_and_nothing_is_sent_to_the_delivery_fleet()
    {
        var paid = Scenario.Given(An.AwaitingPayment(Goods())).With(available: 0).When(An.Notified())
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Manual).Sends().MovesStock(default);
        Assert.Equal(paid.Given.Now + TimeSpan.FromDays(1), paid.Delivery.WaitUntil);
        Assert.Equal(paid.Delivery.WaitUntil, paid.Delivery.Due);
        paid.Then.WithKeys(An.TwoKeys).When(An.Deliver).ChangesNothing();
        paid.Then.When(An.StockArrived).ChangesNothing();
    }

    [Fact]
    public void The_products_waiting_time_is_the_operators()
    {
        var paid = Scenario.Given(An.AwaitingPayment(Goods(waitSeconds: 600))).When(An.Notified());
        Assert.Equal(paid.Given.Now + TimeSpan.FromMinutes(10), paid.Delivery.WaitUntil);
    }

    [Fact]
    public void What_the_operator_wrote_is_imported_sold_and_told_by_its_id()
    {
        var delivered = Scenario.Given(An.Manual()).With(available: 0).When(HandOver())
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Delivered)
            .Sends(typeof(KeysImported), typeof(OrderDelivered), typeof(SagaFact))
            .MovesStock(new(Imported: 1, Sold: 1));
        Assert.Equal([An.Text().Key.Id], delivered.Delivery.Keys);
        Assert.Equal(delivered.Delivery.Keys, delivered.Sent<OrderDelivered>().KeyIds);
        Assert.Equal((An.Quantity, An.Amount), (delivered.Sent<OrderDelivered>().Quantity, delivered.Sent<OrderDelivered>().Amount));
        Assert.Null(delivered.Delivery.Due);
        var import = delivered.Sent<KeysImported>();
        Assert.Equal(("S", "a", "kek-1"), (import.Sku, import.Region, import.KeyEncryptionKey));
        Assert.Equal(An.Text().Key.Id, Assert.Single(import.Keys).Id);
        delivered.Then.When(HandOver()).ChangesNothing();
        delivered.Then.When(HandOver("c2", 8)).ChangesNothing();
        delivered.Then.At(An.Start + TimeSpan.FromDays(9)).When(An.DeliveryDue).ChangesNothing();
    }

    [Fact]
    public void After_the_time_a_person_is_told_and_it_can_still_be_handed_over()
    {
        var order = An.Manual();
        var due = order.Delivery!.Due!.Value;
        Scenario.Given(order).At(due - TimeSpan.FromTicks(1)).When(An.DeliveryDue).ChangesNothing();
        var late = Scenario.Given(order).At(due).When(An.DeliveryDue).Is(DeliveryStatus.Review).Is(PaymentStatus.Paid)
            .Sends(typeof(DeliveryFailed), typeof(SagaFact)).MovesStock(default);
        Assert.Equal(ReviewKind.ManualOverdue, Assert.Single(ReviewCases.OpenOf(late.Payment)).Kind);
        late.Then.When(An.DeliveryDue).ChangesNothing();
        var delivered = late.Then.When(HandOver()).Is(DeliveryStatus.Delivered).Is(PaymentStatus.Paid);
        Assert.Empty(ReviewCases.OpenOf(delivered.Payment));
    }

    [Fact]
    public void Refunded_they_are_withdrawn_first_and_handed_over_only_after_the_provider_has_rejected_that()
    {
        var refund = new PaymentMessage.OperatorRefund(An.Id, An.By("r"), null, null, "gone");
        var overdue = Scenario.Given(An.Manual()).At(An.Start + TimeSpan.FromDays(2)).When(An.DeliveryDue);
        foreach (var order in new[] { An.Manual(), overdue.Decision.Case })
        {
            var refunding = Scenario.Given(order).When(refund).Is(DeliveryStatus.Withdrawn).Is(PaymentStatus.Refunding)
                .MovesStock(default);
            Assert.Empty(ReviewCases.OpenOf(refunding.Payment));
            refunding.Then.When(HandOver()).ChangesNothing();
            refunding.Then.When(An.RefundAnswered(ChannelResult.Done)).Then.When(HandOver()).ChangesNothing();
            refunding.Then.When(An.RefundAnswered(ChannelResult.Refused)).Then.When(HandOver()).Is(DeliveryStatus.Delivered);
        }
    }

    [Fact]
    public void Late_money_waits_for_an_operator_too() =>
        Scenario.Given(An.Expired(Goods())).With(available: 0).When(An.Notified())
            .Is(PaymentStatus.Paid).Is(DeliveryStatus.Manual).Sends(typeof(SagaFact)).MovesStock(default);

    [Fact]
    public void What_the_order_does_not_allow_is_said()
    {
        foreach (var (order, message, text) in new (OrderCase, PaymentMessage, string)[]
        {
            (OrderCase.None, HandOver(), "No saga"), (An.Paid(), HandOver(), "no manual goods"),
            (An.AwaitingPayment(Goods()), HandOver(), "not paid"),
            (Scenario.Given(An.Manual()).When(HandOver("c0", 9)).Decision.Case, HandOver(), "is delivered"),
            (An.Manual(), new PaymentMessage.OperatorDeliver(An.Id, An.By()), "order deliver"),
        })
        {
            Scenario.Given(order).When(message).ChangesNothing();
            Assert.Contains(
                text, OperatorDecider.Objection(order, message, new(100, [], ShopSettings.Default)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Nothing_of_it_moves_a_reservation() =>
        Assert.Equal(new StockDelta(Imported: 1, Sold: 1), Scenario.Given(An.Manual(60)).When(HandOver()).Decision.Stock);
}
