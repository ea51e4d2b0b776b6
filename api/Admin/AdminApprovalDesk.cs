using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <summary>What waits for a second operator, and where he says yes or no.</summary>
public sealed class AdminApprovalDesk(
    AdminCalls calls, AdminAccess access, OperatorGate gate, ApprovalDesk desk, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    public Task ListAsync(HttpContext context) => calls.RunAsync(context, async cancellation =>
    {
        var (by, refusal) = await access.RequireAsync(context, AdminRules.View, "approvals", cancellation);
        if (by is null)
        {
            return AdminAnswer.Of(refusal!);
        }

        var now = time.GetUtcNow();
        var approvals = await gate.ApprovalsAsync(cancellation).WaitAsync(Limit, time, cancellation);
        return AdminAnswer.Json(
            new AdminApprovals([.. approvals.Select(a => new AdminApproval(
                a.Id, ApprovalNames.Of(a.StateAt(now)), a.Action, a.Subject, a.By, a.Why, a.At, a.ExpiresAt, a.Parameters, a.Approver,
                a.OutsideWindow, a.RejectedBy, a.Objection))]),
            AdminJson.Default.AdminApprovals);
    });

    public Task ApproveAsync(HttpContext context, string id) => SayAsync(
        context, id, OperatorActions.ApprovalApprove, ApprovalState.Approved,
        (by, call, cancellation) => desk.ApproveAsync(by, id, call.Why, call.Request.OutsideWindow == true, cancellation));

    public Task RejectAsync(HttpContext context, string id) => SayAsync(
        context, id, OperatorActions.ApprovalReject, ApprovalState.Rejected,
        (by, call, cancellation) => call.Request.OutsideWindow == true
            ? Task.FromResult<string?>("a rejection has no change window")
            : desk.RejectAsync(by, id, call.Why, cancellation));

    private Task SayAsync(
        HttpContext context, string id, OperatorAction action, ApprovalState said,
        Func<Operator, AdminCall<ApproveRequest>, CancellationToken, Task<string?>> say) => calls.RunAsync(context, async cancellation =>
    {
        var (by, refusal) = await access.RequireAsync(context, action, AdminInput.Subject(id), cancellation);
        if (by is null)
        {
            return AdminAnswer.Of(refusal!);
        }

        var (call, wrong) = await AdminBodies.ReadAsync(context, AdminRequestJson.Default.ApproveRequest, AdminExamples.Approve);
        if (call is null)
        {
            return AdminAnswer.Of(wrong!);
        }

        if (AdminInput.Subject(id) != id)
        {
            return AdminAnswer.Of(NotFound);
        }

        if (await say(by, call, cancellation).WaitAsync(Limit, time, cancellation) is not { } reason)
        {
            return AdminAnswer.Json(new AdminApprovalState(id, ApprovalNames.Of(said)), AdminJson.Default.AdminApprovalState);
        }

        var now = time.GetUtcNow();
        return AdminAnswer.Of((await gate.ApprovalsAsync(cancellation)).FirstOrDefault(a => a.Id == id) switch
        {
            null => NotFound,
            { } approval when approval.StateAt(now) is not (ApprovalState.Pending or ApprovalState.Approved) => AdminRules.State(reason),
            _ => AdminRules.Refused(reason),
        });
    });

    private static Problem NotFound { get; } = Problem.Of(
        StatusCodes.Status404NotFound, "There is no such approval", "GET /v1/admin/approvals has those of the last 24 hours.");
}
