using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Recovery;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Regions;

public sealed class When_a_region_is_taken_over
{
    private static readonly DateTimeOffset LostAt = An.Start + TimeSpan.FromMinutes(5);
    private static readonly DateTimeOffset Now = LostAt + TimeSpan.FromMinutes(30);
    private static readonly StockKey Product = new("S", "a");
    private static readonly Facts Facts = new(100, [], ShopSettings.Default);

    [Fact]
    public void A_paid_order_whose_delivery_is_not_known_goes_before_a_person_with_what_is_reserved_for_it()
    {
        var marked = LostRegion.Mark(An.Paid(), LostAt, Now);

        Assert.Equal(DeliveryStatus.Review, marked.Delivery!.Status);
        Assert.True(marked.Delivery.Reserved);
        Assert.Null(marked.Delivery.Due);
        Assert.Equal(ReviewKind.RegionLost, Assert.Single(ReviewCases.OpenOf(marked.Payment!)).Kind);
        Assert.Same(marked, LostRegion.Mark(marked, LostAt, Now));
    }

    [Fact]
    public void What_was_paid_after_the_loss_is_delivered_as_ever()
    {
        var order = LostRegion.Mark(Open(), LostAt, Now);
        Assert.Equal(LostAt, order.Payment!.LostAt);
        Assert.Same(order, LostRegion.Mark(order, LostAt, Now));

        var paid = PaymentDecider.Decide(order, An.Notified(An.Notification(at: LostAt + TimeSpan.FromSeconds(1))), Facts, Now);

        Assert.Equal(DeliveryStatus.Allocating, paid.Case.Delivery!.Status);
        Assert.Single(paid.Sends.OfType<DeliverOrder>());
        Assert.Same(paid.Case, LostRegion.Mark(paid.Case, LostAt, Now));
    }

    [Fact]
    public void Money_from_before_the_loss_is_booked_and_delivers_nothing_by_itself()
    {
        var order = LostRegion.Mark(Open(), LostAt, Now);
        var decision = PaymentDecider.Decide(order, An.Notified(An.Notification(at: LostAt)), Facts, Now);

        Assert.Equal(PaymentStatus.Paid, decision.Case.Payment!.Status);
        Assert.Equal(DeliveryStatus.Review, decision.Case.Delivery!.Status);
        Assert.Empty(decision.Sends.OfType<DeliverOrder>());
        Assert.Single(decision.Sends.OfType<SagaFact>());
        Assert.Equal(StockDelta.Pay(An.Quantity), decision.Stock);
        Assert.Equal(ReviewKind.RegionLost, Assert.Single(ReviewCases.OpenOf(decision.Case.Payment)).Kind);

        // The person finds that the region had not delivered it.
        var act = new PaymentMessage.OperatorDeliver(An.Id, An.By());
        Assert.Null(OperatorDecider.Objection(decision.Case, act, Facts));
        var delivered = PaymentDecider.Decide(decision.Case, act, Facts, Now);
        Assert.Equal(DeliveryStatus.Allocating, delivered.Case.Delivery!.Status);
        Assert.Empty(ReviewCases.OpenOf(delivered.Case.Payment!));
    }

    [Fact]
    public void Orders_that_came_later_and_delivered_ones_and_manual_goods_are_left_alone()
    {
        var late = Open() is { } o ? o with { Payment = o.Payment! with { Order = o.Payment.Order! with { AcceptedAt = Now } } } : null!;
        Assert.Same(late, LostRegion.Mark(late, LostAt, Now));
        var manual = An.Manual();
        Assert.Same(manual, LostRegion.Mark(manual, LostAt, Now));
        Assert.Same(OrderCase.None, LostRegion.Mark(OrderCase.None, LostAt, Now));
        var delivered = An.Delivered();
        Assert.Same(delivered, LostRegion.Mark(delivered, LostAt, Now));
    }

    [Fact]
    public void As_many_keys_as_the_lag_could_have_issued_are_set_aside()
    {
        KnownIssue[] known = [Issue(0, 1), Issue(10, 2), Issue(11, 3), Issue(30, 1)];
        // The most within two seconds are five keys: twice that, and what paid orders had still to get.
        Assert.Equal(10, LostRegion.Issued(known, [], TimeSpan.FromSeconds(2))[Product]);
        Assert.Equal(14, LostRegion.Issued(known, [(Product, 4)], TimeSpan.FromSeconds(2))[Product]);
        Assert.Equal(14, LostRegion.Issued(known, [], TimeSpan.FromMinutes(1))[Product]);
        Assert.Equal(4, LostRegion.Issued([], [(Product, 4)], TimeSpan.FromSeconds(2))[Product]);
        Assert.Empty(LostRegion.Issued([], [], TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public void The_lag_is_never_taken_for_nothing()
    {
        Assert.Equal(TimeSpan.FromSeconds(1), new TakeOver("a.", LostAt, LostAt).Lag);
        Assert.Equal(TimeSpan.FromSeconds(9), new TakeOver("a.", LostAt - TimeSpan.FromSeconds(9), LostAt).Lag);
    }

    private static KnownIssue Issue(int second, int keys) => new(Product, An.Start + TimeSpan.FromSeconds(second), keys);

    private static OrderCase Open() => An.AwaitingPayment();
}
