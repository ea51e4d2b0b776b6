using System.CommandLine;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Operators;

/// <summary><c>shopctl approvals</c>: what waits for a second operator. It needs Kafka and the secrets folder alone.</summary>
public static class ApprovalsCommands
{
    public static Command Create(Session session) => new("approvals", "What waits for a second operator, of the last 24 hours.")
    {
        List(session), Show(session), Approve(session), Reject(session),
    };

    private static Command List(Session session)
    {
        var all = new Option<bool>("--all") { Description = "Rejected, expired and used ones too." };
        var list = new Command("list", "Approvals that were asked for, the oldest first.") { all };
        session.Bind(list, async (_, arguments, cancellation) =>
        {
            var now = session.Time.GetUtcNow();
            var table = Screen.Table("id", "state", "action", "subject", "asked by", "why", "until", "approved by");
            foreach (var approval in await session.Operators.ApprovalsAsync(cancellation))
            {
                var state = approval.StateAt(now);
                if (arguments.GetValue(all) || state is ApprovalState.Pending or ApprovalState.Approved)
                {
                    Screen.Row(
                        table, approval.Id, ApprovalNames.Of(state), approval.Action, approval.Subject, approval.By, approval.Why,
                        $"{approval.ExpiresAt:u}", approval.Approver ?? "-");
                }
            }

            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return list;
    }

    private static Command Show(Session session)
    {
        var id = IdArgument();
        var show = new Command("show", "One approval with everything that it allows.") { id };
        session.Bind(show, async (_, arguments, cancellation) =>
        {
            var wanted = arguments.GetValue(id)!;
            var approval = (await session.Operators.ApprovalsAsync(cancellation)).FirstOrDefault(a => a.Id == wanted)
                ?? throw new ShopctlException(ExitCodes.Failed, $"There is no approval {wanted} of the last 24 hours.");
            var table = Screen.Table("what", "value");
            foreach (var (name, value) in Describe(approval, session.Time.GetUtcNow()))
            {
                Screen.Row(table, name, value);
            }

            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return show;
    }

    private static Command Approve(Session session)
    {
        var id = IdArgument();
        var outside = new Option<bool>("--outside-window")
        {
            Description = "It does not wait for a change window. Takes an admin, and is kept in the audit.",
        };
        var approve = new Command("approve", "Lets somebody else do what he asked for, once.") { id, outside };
        approve.Takes(OperatorActions.ApprovalApprove);
        session.Bind(approve, async (_, arguments, cancellation) =>
        {
            var wanted = arguments.GetValue(id)!;
            var why = session.Operators.WhyOf(OperatorActions.ApprovalApprove, null);
            var (by, desk) = await session.Operators.RequireDeskAsync(OperatorActions.ApprovalApprove, wanted, cancellation);
            var refusal = await desk.ApproveAsync(by, wanted, why, arguments.GetValue(outside), cancellation);
            session.Screen.Line(refusal is null
                ? $"Approved by {by.Name}. Who asked for it repeats his command with {OperatorOptions.Approval} {wanted}."
                : throw session.Operators.Refusal(refusal));
            return ExitCodes.Ok;
        });
        return approve;
    }

    private static Command Reject(Session session)
    {
        var id = IdArgument();
        var reject = new Command("reject", "Forbids it for good. Who asked for it withdraws it so.") { id };
        reject.Takes(OperatorActions.ApprovalReject);
        session.Bind(reject, async (_, arguments, cancellation) =>
        {
            var wanted = arguments.GetValue(id)!;
            var why = session.Operators.WhyOf(OperatorActions.ApprovalReject, null);
            var (by, desk) = await session.Operators.RequireDeskAsync(OperatorActions.ApprovalReject, wanted, cancellation);
            var refusal = await desk.RejectAsync(by, wanted, why, cancellation);
            session.Screen.Line(refusal is null ? $"Rejected by {by.Name}." : throw session.Operators.Refusal(refusal));
            return ExitCodes.Ok;
        });
        return reject;
    }

    private static IEnumerable<(string Name, string Value)> Describe(Approval approval, DateTimeOffset now) =>
    [
        ("id", approval.Id),
        ("state", ApprovalNames.Of(approval.StateAt(now))),
        ("action", approval.Action),
        ("subject", approval.Subject),
        .. approval.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => ("  " + p.Key, p.Value)),
        ("asked by", $"{approval.By} at {approval.At:u}"),
        ("why", approval.Why),
        ("until", $"{approval.ExpiresAt:u}"),
        ("approved by", (approval.Approver ?? "-") + (approval.OutsideWindow ? ", also outside the change window" : string.Empty)),
        ("rejected by", approval.RejectedBy is { } by ? $"{by}: {approval.Objection}" : "-"),
        ("used by runs", approval.Runs.Count > 0 ? string.Join(", ", approval.Runs) : "-"),
        ("digest", approval.Digest),
    ];

    private static Argument<string> IdArgument() => new("ID") { Description = "Which approval, as 'shopctl approvals list' shows it." };
}
