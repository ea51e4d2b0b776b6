using CardShop.Contracts;
using CardShop.Shop.Stock;
using CardShop.Shopctl.Audit;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_an_order_is_audited
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(120);
    private static readonly Guid Key = new("00000000-0000-0000-0000-000000000001");

    private static readonly DeliverySaga Delivered = new(
        "order", DeliveryStatus.Delivered, "SKU", 1, "a", false, Now, [Key], Now, null, null);

    private static readonly PaymentSaga Paid = new(
        "order", PaymentStatus.Paid,
        new("order", "SKU", 1, 100, 100, "CNY", "n", HoldPolicy.Order, 900, 60, 1, "alipay", "a", Now, "", "", ""),
        false, [], [new("order01", "t", 100, Now, "notification", PaymentUse.Order)], [], null);

    [Fact]
    public void A_delivered_and_paid_order_is_good()
    {
        Assert.Null(OrderRules.Keys(null, Delivered));
        Assert.Null(OrderRules.Payment(Paid, Delivered));
        Assert.Null(OrderRules.Bound(Paid, Delivered, Now + TimeSpan.FromDays(9), Grace));
    }

    [Fact]
    public void Too_few_keys_the_same_key_twice_and_keys_without_a_delivery_are_found()
    {
        Assert.Contains("1 keys instead of 2", OrderRules.Keys(null, Delivered with { Quantity = 2 }), StringComparison.Ordinal);
        Assert.Contains(
            "same key twice", OrderRules.Keys(null, Delivered with { Quantity = 2, Keys = [Key, Key] }), StringComparison.Ordinal);
        Assert.Contains(
            "without being delivered", OrderRules.Keys(null, Delivered with { Status = DeliveryStatus.Withdrawn }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_delivery_needs_exactly_one_full_payment()
    {
        var payment = Paid.Payments[0];
        Assert.Contains("0 full", OrderRules.Payment(Paid with { Payments = [] }, Delivered), StringComparison.Ordinal);
        Assert.Contains(
            "0 full", OrderRules.Payment(Paid with { Payments = [payment with { Amount = 99 }] }, Delivered),
            StringComparison.Ordinal);
        Assert.Contains(
            "2 full", OrderRules.Payment(Paid with { Payments = [payment, payment with { Number = "order02" }] }, Delivered),
            StringComparison.Ordinal);
        Assert.Null(OrderRules.Payment(
            Paid with { Payments = [payment, payment with { Number = "order02", Use = PaymentUse.Surplus }] }, Delivered));
        Assert.NotNull(OrderRules.Payment(null, Delivered));
        Assert.Null(OrderRules.Payment(null, Delivered with { Status = DeliveryStatus.Allocating }));
    }

    [Theory]
    [InlineData(DeliveryStatus.Allocating, 180, false)]
    [InlineData(DeliveryStatus.Allocating, 181, true)]
    [InlineData(DeliveryStatus.WaitingStock, 180, false)]
    [InlineData(DeliveryStatus.WaitingStock, 181, true)]
    [InlineData(DeliveryStatus.Manual, 3_720, false)]
    [InlineData(DeliveryStatus.Manual, 3_721, true)]
    [InlineData(DeliveryStatus.Review, 9_999, false)]
    [InlineData(DeliveryStatus.Failed, 9_999, false)]
    [InlineData(DeliveryStatus.Withdrawn, 0, true)]
    public void A_paid_order_may_wait_as_long_as_its_product_says(DeliveryStatus status, int seconds, bool violated)
    {
        var delivery = Delivered with { Status = status, Keys = [], DeliveredAt = null, Due = Now };
        if (status == DeliveryStatus.Manual)
        {
            delivery = delivery with { WaitUntil = Now + TimeSpan.FromHours(1) };
            Assert.NotNull(OrderRules.Bound(Paid, delivery with { Due = null }, Now, Grace));
        }

        Assert.Equal(violated, OrderRules.Bound(Paid, delivery, Now + TimeSpan.FromSeconds(seconds), Grace) is not null);
    }

    [Fact]
    public void What_nothing_follows_up_is_found_at_once()
    {
        var allocating = Delivered with { Status = DeliveryStatus.Allocating, Due = null };
        Assert.NotNull(OrderRules.Bound(Paid, allocating, Now, Grace));
        Assert.NotNull(OrderRules.Bound(Paid, null, Now, Grace));
        var refunding = Paid with { Status = PaymentStatus.Refunding };
        Assert.NotNull(OrderRules.Bound(refunding, null, Now, Grace));
        Assert.Null(OrderRules.Bound(refunding with { Due = Now }, null, Now + Grace, Grace));
        Assert.NotNull(OrderRules.Bound(refunding with { Due = Now }, null, Now + Grace + Grace, Grace));
    }

    [Theory]
    [InlineData(NotifiedStatus.Paid, OrderTraits.HasPayment, true, true, true, false, true)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.HasPayment, true, false, true, false, false)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.HasPayment | OrderTraits.Review, true, false, true, false, true)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.HasPayment, true, false, false, false, true)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.HasPayment, false, true, true, false, false)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.HasPayment | OrderTraits.NotificationsFull, false, true, true, false, true)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.HasPayment, false, false, true, true, true)]
    [InlineData(NotifiedStatus.Closed, OrderTraits.HasPayment, true, false, true, false, true)]
    [InlineData(NotifiedStatus.Closed, OrderTraits.HasPayment, false, false, true, false, false)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.None, false, false, false, false, false)]
    [InlineData(NotifiedStatus.Paid, OrderTraits.Archived, false, false, false, false, true)]
    public void A_notification_shows_as_money_or_in_review(
        NotifiedStatus status, OrderTraits order, bool listed, bool booked, bool attempted, bool dead, bool good) =>
        Assert.Equal(good, NotificationRule.Check(
            new("order", "notify", "order01", status), new(order, listed, booked, attempted, dead)) is null);

    [Fact]
    public void Each_counter_of_stock_is_compared_with_its_rows()
    {
        var key = new StockKey("SKU", "a");
        var row = new StockCounters(Imported: 10, Available: 4, Reserved: 3, Held: 1, Sold: 2, Void: 1);
        var rows = new StockEvidence(Unsold: 7, Sold: 2, Void: 1, Reserved: 3, Held: 1);

        Assert.Empty(StockRules.Check(key, row, rows));
        Assert.Single(StockRules.Check(key, null, rows));
        Assert.Equal(3, StockRules.Check(key, row with { Imported = 11 }, rows with { Sold = 4 }).Count());
        Assert.Single(StockRules.Check(key, row, rows with { Reserved = 2 }));
        Assert.Single(StockRules.Check(key, row, rows with { Held = 2 }));
        Assert.Equal(2, StockRules.Check(key, row, rows with { Void = 0 }).Count());
    }
}
