using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shop.Payments;
using Xunit;

namespace CardShop.Tests.Unit.Operators;

public sealed class When_an_action_needs_a_role
{
    [Fact]
    public void Every_action_has_a_name_of_its_own_and_no_viewer_changes_anything()
    {
        Assert.Equal(OperatorActions.All.Count, OperatorActions.All.Select(a => a.Name).Distinct().Count());
        Assert.All(OperatorActions.All, a => Assert.True(a.Least > OperatorRole.Viewer, a.Name));
        Assert.Equal(
            typeof(OperatorActions).GetFields().Select(f => f.GetValue(null)).OfType<OperatorAction>().ToHashSet(),
            OperatorActions.All.ToHashSet());
    }

    [Theory]
    [InlineData("replay")]
    [InlineData("recover")]
    [InlineData("recover.work")]
    [InlineData("restore")]
    [InlineData("keys.export")]
    [InlineData("keys.void")]
    [InlineData("keys.rotate")]
    [InlineData("secrets.rotate")]
    [InlineData("order.deliver")]
    [InlineData("order.replace")]
    [InlineData("order.confirm-paid")]
    [InlineData("buyer.erase")]
    public void What_is_dangerous_takes_two(string name) =>
        Assert.True(OperatorActions.All.Single(a => a.Name == name).IsDangerous);

    [Fact]
    public void What_cannot_be_repeated_runs_once_per_approval()
    {
        Assert.False(OperatorActions.KeysExport.Resumes);
        Assert.False(OperatorActions.Restore.Resumes);
        Assert.True(OperatorActions.Replay.Resumes);
    }

    [Theory]
    [InlineData(50_000, false)]
    [InlineData(50_001, true)]
    public void A_refund_above_the_limit_takes_two(long total, bool dangerous) =>
        Assert.Equal(dangerous, OperatorActions.Refund(total, 50_000).IsDangerous);

    [Fact]
    public void Refunds_in_parts_count_together_and_all_that_is_left_where_no_amount_is_said()
    {
        var at = DateTimeOffset.UnixEpoch;
        var saga = new PaymentSaga(
            "o", PaymentStatus.Paid, null, false, [],
            [
                new("o01", null, 1_000, at, "n", PaymentUse.Order, [new("o01R1", 300, RefundState.Done, at, "r")]),
                new("o02", null, 700, at, "n", PaymentUse.Surplus),
            ],
            [], null);

        Assert.Equal(400, RefundTotal.Of(saga, null, 100));
        Assert.Equal(1_000, RefundTotal.Of(saga, null, null));
        Assert.Equal(1_000, RefundTotal.Of(saga, "o02", null));
        Assert.Equal(1_700, RefundTotal.Of(saga, "o09", null));
        Assert.Equal(5, RefundTotal.Of(null, null, 5));
    }

    [Fact]
    public void An_admin_who_is_alone_makes_the_second_and_then_nobody_is_alone()
    {
        Operator ann = new("ann", OperatorRole.Admin), bob = new("bob", OperatorRole.Operator), carl = new("carl", OperatorRole.Approver);

        Assert.False(OperatorActions.OperatorsChange(OperatorActions.OperatorsAdd, [ann, bob], "ann").IsDangerous);
        Assert.True(OperatorActions.OperatorsChange(OperatorActions.OperatorsAdd, [ann, bob, carl], "ann").IsDangerous);
    }

    [Fact]
    public void Roles_are_read_as_they_are_written()
    {
        Assert.All(Enum.GetValues<OperatorRole>(), r => Assert.Equal(r, Operator.RoleOf(Operator.NameOf(r))));
        Assert.Null(Operator.RoleOf("Admin"));
        Assert.Null(Operator.RoleOf(null));
    }

    [Fact]
    public void Deeds_that_differ_have_digests_that_differ()
    {
        static string Of(string subject, params (string, string?)[] parameters) =>
            new Deed(OperatorActions.Replay, subject, "why", parameters).Digest;

        Assert.Equal(Of("t", ("a", "1"), ("b", "2")), Of("t", ("b", "2"), ("c", null), ("a", "1")));
        string[] digests =
        [
            Of("t"), Of("t", ("a", "")), Of("t", ("a", "1")), Of("t", ("a1", "")), Of("t", ("a", "1"), ("b", "")), Of("u"),
            Of("ta", ("1", "")), new Deed(OperatorActions.Recover, "t", "why", []).Digest,
        ];
        Assert.Equal(digests.Length, digests.Distinct().Count());
    }
}
