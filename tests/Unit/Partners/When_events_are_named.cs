using CardShop.Contracts;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Partners;

/// <summary>An event's id is the same however often it is sent, and no other event's.</summary>
public sealed class When_events_are_named
{
    [Fact]
    public void What_fails_again_after_a_person_tried_is_another_event()
    {
        var first = FailShort(Scenario.Given(An.Paid()));
        var second = FailShort(first.Then.When(new PaymentMessage.OperatorDeliver(An.Id, An.By())).Then);

        Assert.NotEqual(IdOf<DeliveryFailed>(first), IdOf<DeliveryFailed>(second));
        Assert.True(first.Sent<DeliveryFailed>().Sequence < second.Sent<DeliveryFailed>().Sequence);
        Assert.Equal(IdOf<DeliveryFailed>(first), IdOf<DeliveryFailed>(first));
    }

    [Fact]
    public void A_payment_that_went_back_in_parts_is_told_of_once_when_all_of_it_has()
    {
        var asked = Scenario.Given(An.Delivered()).When(Refund(500, "c1"))
            .Then.When(Answer("R1", ChannelResult.Refused))
            .Then.When(Refund(600, "c2")).Then.When(Refund(null, "c3"));
        var part = asked.Then.When(Answer("R2", ChannelResult.Done));
        var whole = part.Then.When(Answer("R3", ChannelResult.Done));
        // The provider does after all what it had rejected.
        var more = whole.Then.When(Answer("R1", ChannelResult.Done));

        Assert.DoesNotContain(part.Decision.Sends, s => s is OrderRefunded);
        Assert.Equal((An.Amount, An.Id + ".refunded"), (whole.Sent<OrderRefunded>().Amount, IdOf<OrderRefunded>(whole)));
        Assert.DoesNotContain(more.Decision.Sends, s => s is OrderRefunded);
        more.Is(PaymentStatus.Refunded);
    }

    [Fact]
    public void Each_replaced_key_is_an_event_of_its_own()
    {
        var ids = An.TwoKeys.Select(k => Record(new KeyReplaced(An.Id, "S", k, Guid.Empty, An.Start, 9), An.Delivered()).EventId);

        Assert.Equal(2, ids.Distinct().Count());
    }

    [Fact]
    public void Every_event_is_keyed_by_its_order_and_carries_its_sequence()
    {
        var failed = FailShort(Scenario.Given(An.Paid()));
        var record = Record(failed.Sent<DeliveryFailed>(), failed.Decision.Case);

        Assert.Equal(
            (Topics.Deliveries.Name, An.Id, An.Id, MessageTypes.DeliveryFailed), (record.Topic, record.Key, record.OrderId, record.Type));
        Assert.Equal(failed.Payment.Version + failed.Delivery.Version, record.Sequence);
        Assert.StartsWith(An.Id + ".", record.EventId, StringComparison.Ordinal);
    }

    private static Outcome FailShort(Scenario scenario)
    {
        var outcome = scenario.When(An.Deliver);
        for (var i = 0; i < 10 && outcome.Delivery.Due is { } due; i++)
        {
            outcome = outcome.Then.At(due).When(An.DeliveryDue);
        }

        return outcome;
    }

    private static string? IdOf<T>(Outcome outcome)
        where T : notnull => Record(outcome.Sent<T>(), outcome.Decision.Case).EventId;

    private static OutRecord Record(object send, OrderCase order) =>
        OrderMessages.ToRecord(send, order, An.Start)!;

    private static PaymentMessage Refund(long? amount, string id) =>
        new PaymentMessage.OperatorRefund(An.Id, An.By(id), null, amount, "goodwill");

    private static PaymentMessage Answer(string refund, ChannelResult result) =>
        new PaymentMessage.RefundAnswered(An.Id, An.Number, An.Number + refund, new(result, Code: "CODE"));
}
