using System.Reflection;
using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

/// <summary>Every pair of state and kind of message is a transition or stands in the list of no-ops.</summary>
public sealed class When_every_state_meets_every_message
{
    private static readonly Dictionary<string, PaymentMessage[]> Messages = new()
    {
        ["Placed"] = [An.Placed()],
        ["Cancel"] = [An.Cancel()],
        ["Notified"] = [An.Notified(An.Notification(notifyId: "fresh"))],
        ["Requested"] = [An.Linked(), .. Enum.GetValues<ChannelResult>().Select(An.Requested)],
        ["Checked"] =
        [
            .. Enum.GetValues<ChannelResult>().Select(An.Checked),
            .. Enum.GetValues<TradeStatus>().Select(s => An.Checked(s)),
        ],
        ["CloseAnswered"] = [.. Enum.GetValues<ChannelResult>().Select(An.CloseAnswered)],
        ["RefundAnswered"] = [.. Enum.GetValues<ChannelResult>().Select(r => An.RefundAnswered(r))],
        ["SwitchChannel"] = [An.Switch("wechat")],
        ["OperatorConfirmPaid"] = [new PaymentMessage.OperatorConfirmPaid(An.Id, An.By(), "seen", An.Amount)],
        ["OperatorRefund"] = [new PaymentMessage.OperatorRefund(An.Id, An.By(), null, null, "goodwill")],
        ["OperatorDeliver"] = [new PaymentMessage.OperatorDeliver(An.Id, An.By())],
        ["OperatorDismiss"] = [new PaymentMessage.OperatorDismiss(An.Id, An.By(), "settled")],
        ["OperatorHandOver"] = [new PaymentMessage.OperatorHandOver(An.Id, An.By(), An.Text())],
        ["OperatorReplace"] = [new PaymentMessage.OperatorReplace(An.Id, An.By(), An.TwoKeys[0], "faulty")],
        ["OperatorResume"] = [new PaymentMessage.OperatorResume(An.Id, An.By())],
        ["StatementFinding"] = [.. Enum.GetValues<StatementFault>().Select(f => An.Found(f))],
        ["Due"] = [An.PaymentDue],
        ["Unneeded"] = [new PaymentMessage.Unneeded(An.Id)],
    };

    /// <summary>What may move each state; every other message leaves it exactly as it is.</summary>
    private static readonly Dictionary<PaymentStatus, string[]> Transitions = new()
    {
        [PaymentStatus.Reserved] =
        [
            "Cancel", "Notified", "Requested", "Checked", "CloseAnswered", "Due", "SwitchChannel", "OperatorConfirmPaid",
            "StatementFinding",
        ],
        [PaymentStatus.AwaitingPayment] =
        [
            "Cancel", "Notified", "Checked", "CloseAnswered", "Due", "SwitchChannel", "OperatorConfirmPaid", "StatementFinding",
        ],
        [PaymentStatus.Paid] = ["Notified", "CloseAnswered", "OperatorRefund", "OperatorDeliver", "StatementFinding"],
        [PaymentStatus.Refunding] = ["Notified", "RefundAnswered", "Due", "StatementFinding"],
        [PaymentStatus.Refunded] = ["Notified", "StatementFinding"],
        [PaymentStatus.SoldOut] = ["Notified", "Checked", "OperatorConfirmPaid", "StatementFinding"],
        [PaymentStatus.Refused] = ["Notified", "Checked", "OperatorConfirmPaid", "StatementFinding"],
        [PaymentStatus.Expired] = ["Notified", "Checked", "OperatorConfirmPaid", "StatementFinding"],
        [PaymentStatus.Cancelled] =
            ["Notified", "Checked", "CloseAnswered", "Due", "OperatorConfirmPaid", "StatementFinding"],
        [PaymentStatus.Review] = ["Notified", "Checked", "CloseAnswered", "Due", "OperatorDismiss", "StatementFinding"],
    };

    private static readonly Dictionary<DeliveryStatus, string[]> DeliveryTransitions = new()
    {
        [DeliveryStatus.Allocating] = ["Deliver", "Due"],
        [DeliveryStatus.WaitingStock] = ["StockArrived", "Due"],
        [DeliveryStatus.Delivered] = [],
        [DeliveryStatus.Manual] = ["Due"],
        [DeliveryStatus.Withdrawn] = [],
        [DeliveryStatus.Failed] = [],
        [DeliveryStatus.Review] = [],
    };

    [Fact]
    public void The_tables_name_every_state_and_every_message()
    {
        Assert.Equal(KindsOf<PaymentMessage>(), Messages.Keys.Order());
        Assert.Equal(Enum.GetValues<PaymentStatus>().Order(), Transitions.Keys.Order());
        Assert.Equal(Enum.GetValues<DeliveryStatus>().Order(), DeliveryTransitions.Keys.Order());
        Assert.Equal(["Deliver", "Due", "StockArrived"], KindsOf<DeliveryMessage>());
    }

    [Theory]
    [MemberData(nameof(PaymentPairs))]
    public void A_payment_moves_as_the_table_says(PaymentStatus status, string kind)
    {
        var order = An.In(status);
        var now = order.Payment!.Due ?? An.Expiry + TimeSpan.FromDays(1);
        var moved = Messages[kind].Any(message =>
        {
            var decision = PaymentDecider.Decide(order, message, new(100, [], ShopSettings.Default), now);
            return !ReferenceEquals(decision.Case, order) || decision.Sends.Count > 0;
        });
        Assert.Equal(Transitions[status].Contains(kind), moved);
    }

    [Theory]
    [MemberData(nameof(DeliveryPairs))]
    public void A_delivery_moves_as_the_table_says(DeliveryStatus status, string kind)
    {
        var order = An.In(status);
        DeliveryMessage message = kind switch { "Deliver" => An.Deliver, "Due" => An.DeliveryDue, _ => An.StockArrived };
        var decision = DeliveryDecider.Decide(
            order, message, new(100, An.TwoKeys, ShopSettings.Default), An.Expiry + TimeSpan.FromDays(1));
        Assert.Equal(DeliveryTransitions[status].Contains(kind), !ReferenceEquals(decision.Case, order));
    }

    [Theory]
    [MemberData(nameof(PaymentPairs))]
    public void No_message_takes_stock_that_is_not_there_or_releases_what_was_not_held(PaymentStatus status, string kind)
    {
        foreach (var message in Messages[kind])
        {
            foreach (var available in new[] { 0L, 1, 2 })
            {
                var order = An.In(status);
                var decision = PaymentDecider.Decide(
                    order, message, new(available, [], ShopSettings.Default), An.Expiry + TimeSpan.FromDays(1));
                var (before, after) = (HoldsOf(order), HoldsOf(decision.Case));
                Assert.True(available + decision.Stock.Available >= 0, $"{status} {message}");
                Assert.Equal(after.Held - before.Held, decision.Stock.Held);
                Assert.Equal(after.Reserved - before.Reserved, decision.Stock.Reserved);
                Assert.Equal(0, decision.Stock.Available + decision.Stock.Reserved + decision.Stock.Sold);
            }
        }
    }

    [Theory]
    [MemberData(nameof(PaymentPairs))]
    public void No_message_loses_money_that_was_recorded(PaymentStatus status, string kind)
    {
        var order = An.In(status);
        foreach (var message in Messages[kind])
        {
            var after = PaymentDecider.Decide(
                order, message, new(0, [], ShopSettings.Default), An.Expiry + TimeSpan.FromDays(1)).Case.Payment!;
            Assert.True(after.Payments.Count >= order.Payment!.Payments.Count);
            Assert.All(
                order.Payment.Payments.Zip(after.Payments),
                p => Assert.True(ModelShop.IsKept(p.First, p.Second), $"{message}: {p.First} became {p.Second}"));
        }
    }

    public static TheoryData<PaymentStatus, string> PaymentPairs()
    {
        var data = new TheoryData<PaymentStatus, string>();
        foreach (var status in Enum.GetValues<PaymentStatus>())
        {
            foreach (var kind in Messages.Keys)
            {
                data.Add(status, kind);
            }
        }

        return data;
    }

    public static TheoryData<DeliveryStatus, string> DeliveryPairs()
    {
        var data = new TheoryData<DeliveryStatus, string>();
        foreach (var status in Enum.GetValues<DeliveryStatus>())
        {
            foreach (var kind in KindsOf<DeliveryMessage>())
            {
                data.Add(status, kind);
            }
        }

        return data;
    }

    private static IEnumerable<string> KindsOf<T>() => typeof(T).GetNestedTypes(BindingFlags.Public)
        .Where(t => t.IsSubclassOf(typeof(T))).Select(t => t.Name).Order();

    private static (long Held, long Reserved) HoldsOf(OrderCase order)
    {
        var held = order.Payment is { Reserved: true } ? An.Quantity : 0;
        return (held, held + (order.Delivery is { Reserved: true } ? An.Quantity : 0));
    }
}
