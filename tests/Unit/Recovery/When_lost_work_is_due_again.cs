using CardShop.Shop.Orders;
using CardShop.Shop.Recovery;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Recovery;

public sealed class When_lost_work_is_due_again
{
    private static readonly TimeSpan Within = ShopSettings.Default.ResendAfter;

    [Fact]
    public void A_command_that_was_sent_just_now_is_sent_again_at_once()
    {
        var saga = An.Reserved().Payment!;
        var now = An.Start + TimeSpan.FromSeconds(5);
        var hastened = WorkRefill.Hastened(saga, now, Within);

        Assert.Equal(now, hastened.Due);
        Assert.Equal(saga.Version + 1, hastened.Version);
        Assert.Equal(saga.Attempts[0] with { NextAt = now }, hastened.Attempts[0]);
    }

    [Fact]
    public void A_refund_under_way_is_asked_for_again()
    {
        var saga = An.Refunding().Payment!;
        var asked = saga.Payments[0].Refunds![0];

        Assert.Equal(asked.AskedAt, WorkRefill.Hastened(saga, asked.AskedAt, Within).Payments[0].Refunds![0].NextAt);
    }

    [Fact]
    public void What_waits_for_its_ordinary_time_has_no_command_under_way()
    {
        // A linked attempt is queried every five minutes.
        var saga = An.AwaitingPayment().Payment!;

        Assert.Same(saga, WorkRefill.Hastened(saga, An.Start + TimeSpan.FromSeconds(20), Within));
    }

    [Fact]
    public void Nothing_is_left_of_an_order_that_has_ended()
    {
        var saga = An.Refunded().Payment!;

        Assert.Same(saga, WorkRefill.Hastened(saga, An.Start, Within));
    }
}
