using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Payments;
using CardShop.Shop.Recovery;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Recovery;

public sealed class When_an_order_is_rebuilt
{
    private static LostOrder Placed(OrderPlaced? order = null) => new LostOrder().Do(An.Placed(order)).Do(An.Linked());

    private static LostOrder Delivered() => Placed().Do(An.Notified()).Do(An.Deliver, keys: An.TwoKeys);

    [Fact]
    public void A_delivered_one_has_the_keys_that_its_event_names_from_nothing()
    {
        var rebuilt = Delivered().RebuiltSince(0);

        Assert.Equal(PaymentStatus.Paid, rebuilt.Case.Payment!.Status);
        Assert.Equal(DeliveryStatus.Delivered, rebuilt.Case.Delivery!.Status);
        Assert.Equal(An.TwoKeys, rebuilt.Case.Delivery.Keys);
        Assert.Equal(An.TwoKeys, rebuilt.Sold.Select(s => s.Key));
        Assert.Empty(rebuilt.Records);
        Assert.Equal(PaymentSource.Snapshot, rebuilt.Source);
    }

    [Fact]
    public void Its_next_event_comes_behind_those_that_partners_have()
    {
        var order = Delivered();
        var rebuilt = order.RebuiltSince(0).Case;

        Assert.True(rebuilt.Payment!.Version + rebuilt.Delivery!.Version >= order.HighestSequence());
    }

    [Fact]
    public void A_replaced_key_is_void_and_the_new_one_counts()
    {
        var fresh = new Guid(9, 0, 0, new byte[8]);
        var order = Delivered().Do(
            new PaymentMessage.OperatorReplace(An.Id, An.By(), An.TwoKeys[0], "faulty"), keys: [fresh]);
        foreach (var step in new[] { 0, 4 })
        {
            var rebuilt = order.RebuiltSince(step);
            Assert.Equal([fresh, An.TwoKeys[1]], rebuilt.Case.Delivery!.Keys);
            Assert.Equal(An.TwoKeys[0], Assert.Single(rebuilt.Replaced).Key);
            Assert.Contains(rebuilt.Sold, s => s.Key == fresh);
            Assert.DoesNotContain(rebuilt.Sold, s => s.Key == An.TwoKeys[0]);
        }
    }

    [Fact]
    public void A_refund_that_was_asked_for_keeps_the_delivery_withdrawn()
    {
        // Paid late with nothing left; the backup had it unpaid and reserved.
        var order = Placed();
        order.Now = An.Expiry;
        order.Do(An.CloseAnswered(ChannelResult.Done)).Do(An.Notified(), available: 0);
        var rebuilt = order.RebuiltSince(2).Case;

        Assert.Equal(PaymentStatus.Refunding, rebuilt.Payment!.Status);
        Assert.Equal(DeliveryStatus.Withdrawn, rebuilt.Delivery!.Status);
        Assert.Equal(RefundState.Asked, Assert.Single(rebuilt.Payment.Payments[0].Refunds!).State);
        Assert.True(rebuilt.Payment.Due <= order.Now);
    }

    [Fact]
    public void A_refund_that_was_done_stays_done_and_partners_are_not_told_again()
    {
        var order = Placed();
        order.Now = An.Expiry;
        order.Do(An.CloseAnswered(ChannelResult.Done)).Do(An.Notified(), available: 0).Do(An.RefundAnswered(ChannelResult.Done));
        var rebuilt = order.RebuiltSince(0);

        Assert.Equal(PaymentStatus.Refunded, rebuilt.Case.Payment!.Status);
        Assert.Equal(DeliveryStatus.Withdrawn, rebuilt.Case.Delivery!.Status);
        Assert.Empty(rebuilt.Records);
        Assert.Null(rebuilt.Case.Payment.Due);
    }

    [Fact]
    public void Money_on_time_stays_on_time_however_late_it_is_recovered()
    {
        var order = Placed().Do(An.Notified());
        order.Now = An.Expiry + TimeSpan.FromDays(1);
        var rebuilt = order.RebuiltSince(1).Case;

        Assert.Equal(PaymentStatus.Paid, rebuilt.Payment!.Status);
        Assert.Null(rebuilt.Payment.Reason);
        Assert.Equal(DeliveryStatus.Allocating, rebuilt.Delivery!.Status);
        Assert.True(rebuilt.Delivery.Due <= order.Now);
    }

    [Fact]
    public void An_attempt_that_the_backup_did_not_know_is_asked_about_now()
    {
        var order = Placed().Do(An.Switch("wechat"));
        var rebuilt = order.RebuiltSince(2).Case.Payment!;

        Assert.Equal(2, rebuilt.Attempts.Count);
        Assert.All(rebuilt.Attempts, a => Assert.True(a.NextAt <= order.Now));
        Assert.True(rebuilt.Due <= order.Now);
    }

    [Fact]
    public void A_switch_that_was_answered_opens_no_further_attempt()
    {
        var order = Placed();
        foreach (var channel in new[] { "wechat", "alipay" })
        {
            order.Now += TimeSpan.FromSeconds(10);
            order.Do(new PaymentMessage.SwitchChannel(new(An.Id, "S", channel, order.Now)));
        }

        Assert.Equal(3, order.Case.Payment!.Attempts.Count);
        Assert.Equal(3, order.RebuiltSince(0).Case.Payment!.Attempts.Count);
    }

    [Fact]
    public void One_without_any_snapshot_comes_from_its_input_without_a_look_at_stock()
    {
        var order = new LostOrder().Do(An.Placed(), available: 0);
        var rebuilt = order.RebuiltSince(0, unsent: 1);

        Assert.Equal(PaymentSource.Inputs, rebuilt.Source);
        Assert.Equal(PaymentStatus.Reserved, rebuilt.Case.Payment!.Status);
        Assert.True(rebuilt.Case.Payment.Reserved);
        // Nobody else knows of its attempt yet.
        Assert.Equal(MessageTypes.PaymentSaga, Assert.Single(rebuilt.Records).Type);
    }

    [Fact]
    public void What_partners_were_not_told_is_left_to_send()
    {
        var order = Placed();
        order.Now = An.Expiry;
        order.Do(An.CloseAnswered(ChannelResult.Done)).Do(An.Notified(), available: 0).Do(An.Notified(An.Notification(notifyId: "n2") with
        {
            RefundNumber = An.Number + "R1",
            RefundDone = true,
            RefundAmount = An.Amount,
        }));
        var rebuilt = order.RebuiltSince(2, unsent: 1);

        Assert.Equal(PaymentStatus.Refunded, rebuilt.Case.Payment!.Status);
        Assert.Contains(rebuilt.Records, r => r.Type == MessageTypes.OrderRefunded);
    }

    [Fact]
    public void A_text_that_no_event_names_was_handed_to_nobody()
    {
        var order = Placed(An.Order(kind: ProductKind.Manual)).Do(An.Notified());
        order.Do(new PaymentMessage.OperatorHandOver(An.Id, An.By(), An.Text()));
        var told = order.RebuiltSince(0);
        var untold = OrderRebuilder.Rebuild(
            order.LostSince(0) with { Events = [] }, CardShop.Shop.Orders.ShopSettings.Default, order.Now);

        Assert.Equal(DeliveryStatus.Delivered, told.Case.Delivery!.Status);
        Assert.Equal(An.Text().Key.Id, Assert.Single(told.Texts).Keys[0].Id);
        Assert.Equal(DeliveryStatus.Manual, untold.Case.Delivery!.Status);
        Assert.Empty(untold.Texts);
    }

    [Fact]
    public void A_delivery_of_an_order_that_the_log_does_not_know_ends_the_recovery()
    {
        var order = Delivered();
        var evidence = order.LostSince(0) with { Fact = null, Orders = [], Notifications = [] };

        var e = Assert.Throws<RecoveryException>(
            () => OrderRebuilder.Rebuild(evidence, CardShop.Shop.Orders.ShopSettings.Default, order.Now));
        Assert.Contains("does not reach back far enough", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_nothing_happened_to_is_left_alone()
    {
        var order = Delivered();
        var rebuilt = order.RebuiltSince(order.Steps);

        Assert.Same(order.Case.Payment, rebuilt.Case.Payment);
        Assert.Same(order.Case.Delivery, rebuilt.Case.Delivery);
    }
}
