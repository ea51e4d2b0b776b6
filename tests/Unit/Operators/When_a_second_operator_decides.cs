using CardShop.Contracts;
using CardShop.Shop.Operators;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Operators;

public sealed class When_a_second_operator_decides
{
    private static readonly DateTimeOffset Start = new(2026, 3, 5, 4, 0, 0, TimeSpan.Zero);
    private static readonly Deed Replay = new(OperatorActions.Replay, "shop.orders.v1", "incident", [("from", "1"), ("to", "9")]);
    private static readonly Deed Export = new(OperatorActions.KeysExport, "batch", "supplier", []);
    private static readonly Operator Bob = new("bob", OperatorRole.Approver);

    [Fact]
    public void What_nobody_has_said_anything_to_is_pending_and_then_expires()
    {
        var approval = Given(Request());

        Assert.Equal(ApprovalState.Pending, approval.StateAt(Start));
        Assert.Equal(ApprovalState.Pending, approval.StateAt(Start + ApprovalDecider.Validity - TimeSpan.FromTicks(1)));
        Assert.Equal(ApprovalState.Expired, approval.StateAt(Start + ApprovalDecider.Validity));
    }

    [Fact]
    public void An_approver_lets_who_asked_do_exactly_that()
    {
        var approval = Given(Request(), Approve("bob"));

        Assert.Equal(ApprovalState.Approved, approval.StateAt(Start));
        Assert.Null(Against(approval, Replay));
        Assert.NotNull(Against(approval, Replay, by: "carl"));
        Assert.NotNull(Against(approval, Replay with { Parameters = [("from", "1"), ("to", "10")] }));
        Assert.NotNull(Against(approval, Replay with { Subject = "shop.catalog.v1" }));
        Assert.NotNull(Against(approval, Export));
        Assert.NotNull(Against(null, Replay));
    }

    [Fact]
    public void Nobody_approves_himself_and_no_operator_approves()
    {
        Assert.Equal(ApprovalState.Pending, Given(Request(), Approve("ann", OperatorRole.Admin)).StateAt(Start));
        Assert.Equal(ApprovalState.Pending, Given(Request(), Approve("bob", OperatorRole.Operator)).StateAt(Start));
        Assert.Contains("himself", ApprovalDecider.AgainstApproval(
            Given(Request()), "a1", new("ann", OperatorRole.Admin), false, Start), StringComparison.Ordinal);
        Assert.NotNull(ApprovalDecider.AgainstApproval(
            Given(Request()), "a1", new("carl", OperatorRole.Operator), false, Start));
        Assert.Null(ApprovalDecider.AgainstApproval(Given(Request()), "a1", Bob, false, Start));
    }

    [Fact]
    public void A_rejection_outlasts_approvals_before_and_after()
    {
        AuditEntry[] said = [Request(), Approve("bob"), Reject("carl", OperatorRole.Approver), Approve("dora")];

        var approval = Given(said);

        Assert.Equal(ApprovalState.Rejected, approval.StateAt(Start));
        Assert.NotNull(Against(approval, Replay));
        Assert.NotNull(ApprovalDecider.AgainstApproval(approval, "a1", Bob, false, Start));
    }

    [Fact]
    public void Who_asked_withdraws_it_and_other_operators_do_not()
    {
        Assert.Equal(ApprovalState.Rejected, Given(Request(), Reject("ann", OperatorRole.Operator)).StateAt(Start));
        Assert.Equal(ApprovalState.Pending, Given(Request(), Reject("carl", OperatorRole.Operator)).StateAt(Start));
        Assert.NotNull(ApprovalDecider.AgainstRejection(
            Given(Request()), "a1", new("carl", OperatorRole.Operator), Start));
    }

    [Fact]
    public void It_serves_one_execution_and_what_resumes_goes_on_under_it()
    {
        var once = Given([Request(Export), Approve("bob"), Run("r1", Export), Run("r2", Export)]);
        Assert.Equal(ApprovalState.Used, once.StateAt(Start));
        Assert.Equal(["r1", "r2"], once.Runs);
        Assert.NotNull(Against(once, Export));

        var resumes = Given([Request(), Approve("bob"), Run("r1")]);
        Assert.Null(Against(resumes, Replay));
        Assert.NotNull(ApprovalDecider.AgainstUse(resumes, "a1", Replay, "ann", true, Start + ApprovalDecider.Validity));
        Assert.NotNull(Against(Given([Request(), Approve("bob"), Run("r1"), Reject("bob", OperatorRole.Approver)]), Replay));
    }

    [Fact]
    public void Outside_the_window_only_an_admin_lets_it_run()
    {
        var plain = Given(Request(), Approve("bob"));
        var byApprover = Given(Request(), Approve("bob", OperatorRole.Approver, outside: true));
        var byAdmin = Given(Request(), Approve("bob"), Approve("eve", OperatorRole.Admin, outside: true));

        Assert.NotNull(Against(plain, Replay, open: false));
        Assert.NotNull(Against(byApprover, Replay, open: false));
        Assert.Null(Against(byAdmin, Replay, open: false));
        Assert.NotNull(ApprovalDecider.AgainstApproval(Given(Request()), "a1", Bob, outsideWindow: true, Start));
    }

    [Fact]
    public void An_approval_that_came_too_late_or_a_longer_validity_does_not_count()
    {
        var late = Given(Request(), Approve("bob") with { At = Start + ApprovalDecider.Validity });
        Assert.Null(late.Approver);

        var longer = Given(Request() with { ExpiresAt = Start.AddDays(30) });
        Assert.Equal(Start + ApprovalDecider.Validity, longer.ExpiresAt);
    }

    /// <summary>Whatever was said: any order of the entries, and each any number of times, is the same approval.</summary>
    [Fact]
    public void Order_and_repetition_of_the_entries_change_nothing() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int[] What, int Seed)>(), input =>
        {
            AuditEntry[] possible =
            [
                Request(), Approve("bob"), Approve("ann", OperatorRole.Admin), Approve("eve", OperatorRole.Admin, outside: true),
                Reject("carl", OperatorRole.Approver), Reject("carl", OperatorRole.Operator), Run("r1"), Run("r2"),
                Run("r3", Export), Request(Export) with { ApprovalId = "a2" },
            ];
            var said = (input.What ?? []).Select((w, i) => At(
                possible[Math.Abs((long)w) % possible.Length] with { }, i)).ToList();
            var random = new Random(input.Seed);
            var shuffled = said.Concat(said.Where(_ => random.Next(2) == 0)).OrderBy(_ => random.Next()).ToList();

            return Same(ApprovalDecider.Fold(said), ApprovalDecider.Fold(shuffled));
        }).QuickCheckThrowOnFailure();

    /// <summary>Without the word of somebody else nothing dangerous is ever done, whatever else was written.</summary>
    [Fact]
    public void Nothing_that_one_operator_writes_approves_it() => Prop.ForAll(
        ArbMap.Default.ArbFor<int[]>(), what =>
        {
            AuditEntry[] own =
            [
                Request(), Approve("ann", OperatorRole.Admin), Approve("ann", OperatorRole.Admin, outside: true), Run("r1"),
                Reject("ann", OperatorRole.Admin), Request(Export),
            ];
            var said = (what ?? []).Select((w, i) => At(own[Math.Abs((long)w) % own.Length], i));
            return ApprovalDecider.Fold(said).All(a => a.Approver is null && !a.OutsideWindow);
        }).QuickCheckThrowOnFailure();

    private static bool Same(IReadOnlyList<Approval> one, IReadOnlyList<Approval> other) => one.Count == other.Count
        && one.Zip(other).All(p => p.First with { Runs = [], Parameters = None } == p.Second with { Runs = [], Parameters = None }
            && p.First.Runs.SequenceEqual(p.Second.Runs));

    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();

    private static AuditRecord At(AuditEntry entry, int offset) => new(entry, entry.Operator[0] % 3, offset);

    private static Approval Given(params AuditEntry[] entries) => Assert.Single(ApprovalDecider.Fold(entries.Select(At)));

    private static string? Against(Approval? approval, Deed deed, string by = "ann", bool open = true) =>
        ApprovalDecider.AgainstUse(approval, "a1", deed, by, open, Start + TimeSpan.FromHours(1));

    private static AuditEntry Request(Deed? deed = null) => new(
        "ann", (deed ?? Replay).Action.Name, (deed ?? Replay).Subject, "why", Start, Outcome: AuditOutcome.Waiting, Role: "operator",
        ApprovalId: "a1", Digest: (deed ?? Replay).Digest, ExpiresAt: Start + ApprovalDecider.Validity);

    private static AuditEntry Approve(string by, OperatorRole role = OperatorRole.Approver, bool outside = false) => new(
        by, "approval.approve", "a1", "seen", Start.AddMinutes(1), Outcome: AuditOutcome.Done, Role: Operator.NameOf(role),
        ApprovalId: "a1", OutsideWindow: outside ? true : null);

    private static AuditEntry Reject(string by, OperatorRole role) => new(
        by, "approval.reject", "a1", "no", Start.AddMinutes(2), Outcome: AuditOutcome.Done, Role: Operator.NameOf(role),
        ApprovalId: "a1");

    private static AuditEntry Run(string run, Deed? deed = null) => new(
        "ann", (deed ?? Replay).Action.Name, (deed ?? Replay).Subject, "why", Start.AddMinutes(3), Outcome: AuditOutcome.Started,
        Role: "operator", ApprovalId: "a1", Digest: (deed ?? Replay).Digest, RunId: run);
}
