using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_key_is_replaced
{
    private static readonly Guid Fresh = new("99000000-0000-0000-0000-000000000001");

    private static PaymentMessage Replace(Guid? key = null, string id = "c1", SealedText? text = null) =>
        new PaymentMessage.OperatorReplace(An.Id, An.By(id), key ?? An.TwoKeys[0], "does not redeem", text);

    [Fact]
    public void The_new_key_stands_in_the_place_of_the_old_one_which_becomes_void()
    {
        var replaced = Scenario.Given(An.Delivered()).WithKeys(Fresh).When(Replace())
            .Is(DeliveryStatus.Delivered).Is(PaymentStatus.Paid).Sends(typeof(KeyReplaced), typeof(SagaFact))
            .MovesStock(StockDelta.Discard(1));
        Assert.Equal([Fresh, An.TwoKeys[1]], replaced.Delivery.Keys);
        var sent = replaced.Sent<KeyReplaced>();
        Assert.Equal((An.TwoKeys[0], Fresh, replaced.Given.Now), (sent.ReplacedKeyId, sent.KeyId, sent.ReplacedAt));
        Assert.Equal(replaced.Payment.Version + replaced.Delivery.Version, sent.Sequence);
        replaced.Then.WithKeys(new Guid(5, 5, 5, new byte[8])).When(Replace()).ChangesNothing();
        replaced.Then.WithKeys(new Guid(5, 5, 5, new byte[8])).When(Replace(id: "c2")).ChangesNothing();
        replaced.Then.WithKeys(new Guid(5, 5, 5, new byte[8])).When(Replace(Fresh, "c3")).Is(DeliveryStatus.Delivered);
    }

    [Fact]
    public void Without_stock_nothing_changes_and_that_is_said()
    {
        Scenario.Given(An.Delivered()).With(available: 0).WithKeys(Fresh).When(Replace()).ChangesNothing();
        Assert.Contains("import keys", Objection(An.Delivered(), Replace(), available: 0, Fresh), StringComparison.Ordinal);
        Assert.Contains("Others are taking", Objection(An.Delivered(), Replace(), available: 3), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_of_manual_goods_is_replaced_by_another_text()
    {
        var order = Scenario.Given(An.Manual()).When(new PaymentMessage.OperatorHandOver(An.Id, An.By("h"), An.Text()))
            .Decision.Case;
        var old = An.Text().Key.Id;
        Assert.Contains("manual goods", Objection(order, Replace(old), 9, Fresh), StringComparison.Ordinal);
        var replaced = Scenario.Given(order).With(available: 0).When(Replace(old, text: An.Text(8)))
            .Sends(typeof(KeysImported), typeof(KeyReplaced), typeof(SagaFact)).MovesStock(new(Imported: 1, Void: 1));
        Assert.Equal([An.Text(8).Key.Id], replaced.Delivery.Keys);
    }

    [Fact]
    public void A_unit_of_the_same_text_replaces_nothing()
    {
        var unit = new Guid(An.TwoKeys[0].ToByteArray()[..8].Concat(new byte[] { 0, 0, 0, 0, 0, 0, 0, 9 }).ToArray());
        Assert.Contains("same text", Objection(An.Delivered(), Replace(), 9, unit), StringComparison.Ordinal);
        Scenario.Given(An.Delivered()).WithKeys(unit).When(Replace()).ChangesNothing();
    }

    [Fact]
    public void What_the_order_does_not_allow_is_said()
    {
        Assert.Contains("not delivered", Objection(An.Paid(), Replace(), 9, Fresh), StringComparison.Ordinal);
        Assert.Contains("none of the order's", Objection(An.Delivered(), Replace(Fresh), 9, Fresh), StringComparison.Ordinal);
        Assert.Contains("from stock", Objection(An.Delivered(), Replace(text: An.Text()), 9, Fresh), StringComparison.Ordinal);
        var refund = new PaymentMessage.OperatorRefund(An.Id, An.By("r"), null, null, "goodwill");
        var refunding = Scenario.Given(An.Delivered()).When(refund);
        Assert.Contains("given back", Objection(refunding.Decision.Case, Replace(), 9, Fresh), StringComparison.Ordinal);
        Assert.Null(Objection(An.Delivered(), Replace(), 1, Fresh));
    }

    private static string? Objection(OrderCase order, PaymentMessage message, long available, params Guid[] keys) =>
        OperatorDecider.Objection(order, message, new(available, keys, ShopSettings.Default));
}
