using System.Text.Json;
using CardShop.Api.Admin;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_an_admin_call_is_judged
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void The_same_key_for_the_same_thing_is_the_same_command_and_for_another_thing_it_is_seen()
    {
        var first = AdminRules.CommandId("ann", "key-1", Refund("500", "500"));

        Assert.Equal(first, AdminRules.CommandId("ann", "key-1", Refund("500", "1000")));
        Assert.False(AdminRules.IsKeyOfAnother([first, "approval-1"], first));
        Assert.False(AdminRules.IsKeyOfAnother(null, first));
        var other = AdminRules.CommandId("ann", "key-1", Refund("501", "501"));
        Assert.True(AdminRules.IsKeyOfAnother([first], other));
        Assert.False(AdminRules.IsKeyOfAnother([first], AdminRules.CommandId("ann", "key-2", Refund("501", "501"))));
        Assert.False(AdminRules.IsKeyOfAnother([first], AdminRules.CommandId("bob", "key-1", Refund("501", "501"))));
    }

    [Fact]
    public void A_used_approval_knows_its_own_call_again_though_the_sum_has_grown()
    {
        var used = Approved(Refund("500", "600"));

        Assert.True(AdminRules.IsSameCall(used, "ann", Refund("500", "1100")));
        Assert.False(AdminRules.IsSameCall(used, "bob", Refund("500", "600")));
        Assert.False(AdminRules.IsSameCall(used, "ann", Refund("501", "600")));
        Assert.False(AdminRules.IsSameCall(used, "ann", Refund("500", "600") with { Subject = "other" }));
        Assert.False(AdminRules.IsSameCall(used, "ann", Refund("500", "600") with { Action = OperatorActions.OrderDeliver }));
        Assert.False(AdminRules.IsSameCall(used, "ann", Refund("500", "600") with { Parameters = [] }));
    }

    [Fact]
    public void Who_waits_is_told_what_comes_next_and_when_a_window_opens()
    {
        var closed = ChangeWindows.Parse("Sun 01:00-02:00 Z");
        var waiting = AdminRules.Waiting(Approved(Refund("500", "500")) with { Approver = null }, closed, Now);

        Assert.Equal("a1", waiting.ApprovalId);
        Assert.Contains("/v1/admin/approvals/a1/approve", waiting.Detail, StringComparison.Ordinal);
        Assert.Contains("2030-01-06 01:00:00Z", waiting.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "window", AdminRules.Waiting(Approved(Refund("1", "1")), ChangeWindows.None, Now).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Statuses_tell_apart_who_you_are_what_you_may_and_what_the_order_allows()
    {
        Assert.Equal(401, AdminRules.Unknown(shown: false).Status);
        Assert.Equal(401, AdminRules.Unknown(shown: true).Status);
        Assert.Equal(429, AdminRules.Locked().Status);
        Assert.Equal(422, AdminRules.OtherCall().Status);
        Assert.Equal((403, "Too low. Nothing was changed."), (AdminRules.Refused("too low").Status, AdminRules.Refused("too low").Detail));
        Assert.Equal(409, AdminRules.State("sold").Status);
        Assert.Equal(1, AdminRules.SecondsUntil(Now, Now));
        Assert.Equal(2, AdminRules.SecondsUntil(Now.AddSeconds(1.1), Now));
    }

    [Fact]
    public void An_order_shows_ids_of_keys_and_neither_contact_nor_link()
    {
        var key = Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e");
        var placed = new OrderPlaced(
            "o", "CARD", 1, 1_000, 1_000, "CNY", "Card", HoldPolicy.Order, 900, 0, 1, "alipay", "a", Now, "the-body-hash",
            "the-contact", "the-contact-hash", "the-network-hash", "the-password-hash");
        var saga = new PaymentSaga(
            "o", PaymentStatus.Paid, placed, false,
            [new("o01", "alipay", "default", 1_000, "CNY", "text", Now, Now, "https://the-link", Qr: "the-qr")],
            [new("o01", "trade", 1_000, Now, "query", PaymentUse.Order, [new("o01R1", 5, RefundState.Asked, Now, "r")])],
            [], null, Claims: [new("o02", "alipay", "default", 7, null, Now, "statement", Now)],
            Reviews: [new(ReviewKind.Poison, "why", Now)]);
        var delivery = new DeliverySaga(
            "o", DeliveryStatus.Delivered, "CARD", 1, "a", false, Now, [key], Now, null, null);

        var json = JsonSerializer.Serialize(
            AdminOrderViews.Of(new("o", saga, delivery, null, 1, 0)), AdminJson.Default.AdminOrder);

        Assert.All(
            ["the-contact", "the-network-hash", "the-password-hash", "the-body-hash", "the-link", "the-qr"],
            t => Assert.DoesNotContain(t, json, StringComparison.Ordinal));
        Assert.All(
            [key.ToString(), "\"status\":\"paid\"", "o01R1", "\"state\":\"open\"", "\"kind\":\"poison\"", "statement"],
            t => Assert.Contains(t, json, StringComparison.Ordinal));
        Assert.Single(AdminOrderViews.ReviewOf(saga).Cases);
    }

    private static Deed Refund(string amount, string total) => new(
        OperatorActions.OrderRefund, "o", "why", [("amount", amount), ("number", null), (AdminRules.Derived, total)]);

    private static Approval Approved(Deed deed) => new(
        "a1", deed.Action.Name, deed.Subject, "why", "ann", Now, Now.AddDays(1), deed.Digest,
        deed.Parameters.Where(p => p.Value is not null).ToDictionary(p => p.Name, p => p.Value!), "bob", false, null, null, []);
}
