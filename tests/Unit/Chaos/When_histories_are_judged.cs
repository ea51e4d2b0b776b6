using CardShop.Contracts;
using CardShop.Tests.Chaos.Verdict;
using Xunit;

namespace CardShop.Tests.Unit.Chaos;

public sealed class When_histories_are_judged
{
    private const string Order = "aorder";

    private static readonly Guid Key = new("00000000-0000-0000-0000-000000000001");
    private static readonly Guid Other = new("00000000-0000-0000-0000-000000000002");

    private static readonly BuyerHistory Buyer = new(Order, "SKU", 1, 1_000, 1, "delivered", [Key]);
    private static readonly OrderDocuments Delivered = new(PaymentStatus.Paid, DeliveryStatus.Delivered, [Key]);
    private static readonly BookedMoney Paid = new(1_000, 0);
    private static readonly PartnerView Told = new(1, [Key], false, false);

    [Fact]
    public void A_paid_and_delivered_order_is_right() => Assert.Empty(VerdictRules.Of(Buyer, Delivered, Paid, Told));

    [Fact]
    public void An_acknowledged_order_that_is_not_there_is_lost() =>
        Assert.Equal([1], Broken(Buyer, null, Paid, Told));

    [Theory]
    [InlineData(PaymentStatus.Reserved)]
    [InlineData(PaymentStatus.AwaitingPayment)]
    [InlineData(PaymentStatus.Refunding)]
    [InlineData(PaymentStatus.Review)]
    public void An_order_that_does_not_end_is_wrong(PaymentStatus status) =>
        Assert.Contains(5, Broken(Buyer with { Keys = null }, new(status, null, []), default, null));

    [Fact]
    public void Money_kept_without_goods_is_wrong() =>
        Assert.Equal([3], Broken(Buyer with { Keys = null }, new(PaymentStatus.Cancelled, null, []), Paid, null));

    [Fact]
    public void Goods_without_money_are_wrong() =>
        Assert.Equal([3], Broken(Buyer, Delivered, new(1_000, 1_000), Told));

    [Fact]
    public void A_second_payment_must_go_back()
    {
        Assert.Empty(VerdictRules.Of(Buyer, Delivered, new(2_000, 1_000), Told));
        Assert.Equal([3], Broken(Buyer, Delivered, new(2_000, 0), Told));
    }

    [Fact]
    public void Delivered_and_refunded_is_wrong() => Assert.Contains(
        4, Broken(Buyer, Delivered with { Payment = PaymentStatus.Refunded }, Paid, Told with { IsRefunded = true }));

    [Fact]
    public void Too_few_keys_or_the_same_key_twice_are_wrong()
    {
        var two = Buyer with { Quantity = 2, Keys = null };

        Assert.Contains(2, Broken(two, Delivered, Paid, Told));
        Assert.Contains(2, Broken(two, Delivered with { Keys = [Key, Key] }, Paid, Told with { Keys = [Key, Key] }));
    }

    [Fact]
    public void What_the_buyer_was_shown_must_be_what_the_order_has() =>
        Assert.Equal([2], Broken(Buyer with { Keys = [Other] }, Delivered, Paid, Told));

    [Fact]
    public void A_key_of_two_orders_is_wrong()
    {
        Assert.Empty(VerdictRules.Shared([("a", [Key]), ("b", [Other])]));
        var violation = Assert.Single(VerdictRules.Shared([("a", [Key]), ("b", [Other, Key])]));
        Assert.Equal((2, "b"), (violation.Invariant, violation.OrderId));
    }

    [Fact]
    public void The_partner_reads_of_every_delivery_exactly_once()
    {
        Assert.Equal([7], Broken(Buyer, Delivered, Paid, null));
        Assert.Equal([7], Broken(Buyer, Delivered, Paid, Told with { DeliveredIds = 2 }));
        Assert.Equal([7], Broken(Buyer, Delivered, Paid, Told with { Keys = [Other] }));
    }

    [Fact]
    public void The_partner_reads_of_refunds_and_of_orders_that_ran_out_of_time()
    {
        var nothing = Buyer with { Keys = null };

        Assert.Equal([7], Broken(nothing, new(PaymentStatus.Refunded, DeliveryStatus.Withdrawn, []), default, null));
        Assert.Equal([7], Broken(nothing, new(PaymentStatus.Expired, null, []), default, null));
        Assert.Empty(VerdictRules.Of(nothing, new(PaymentStatus.Expired, null, []), default, new(0, [], false, true)));
    }

    private static List<int> Broken(BuyerHistory buyer, OrderDocuments? documents, BookedMoney money, PartnerView? partner) =>
        [.. VerdictRules.Of(buyer, documents, money, partner).Select(v => v.Invariant)];
}
