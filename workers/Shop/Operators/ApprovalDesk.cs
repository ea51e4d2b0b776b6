using CardShop.Contracts;

namespace CardShop.Shop.Operators;

/// <summary>Where second operators say yes or no.</summary>
/// <param name="via"><c>shopctl</c> or <c>api</c>.</param>
public sealed class ApprovalDesk(OperatorGate gate, AuditTrail audit, TimeProvider time, string via)
{
    /// <returns>Null where it is approved; else why not. Both are in the audit.</returns>
    public Task<string?> ApproveAsync(
        Operator by, string id, string why, bool outsideWindow, CancellationToken cancellation) => SayAsync(
        by, new(OperatorActions.ApprovalApprove, id, why, []), outsideWindow,
        (approval, now) => ApprovalDecider.AgainstApproval(approval, id, by, outsideWindow, now), cancellation);

    /// <returns>Null where it is rejected; else why not. Both are in the audit.</returns>
    public Task<string?> RejectAsync(Operator by, string id, string why, CancellationToken cancellation) => SayAsync(
        by, new(OperatorActions.ApprovalReject, id, why, []), outsideWindow: false,
        (approval, now) => ApprovalDecider.AgainstRejection(approval, id, by, now), cancellation);

    private async Task<string?> SayAsync(
        Operator by, Deed deed, bool outsideWindow, Func<Approval?, DateTimeOffset, string?> against,
        CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var approval = (await gate.ApprovalsAsync(cancellation)).FirstOrDefault(a => a.Id == deed.Subject);
        if (against(approval, now) is { } reason)
        {
            await gate.RefuseAsync(by, deed, deed.Subject, reason, cancellation);
            return reason;
        }

        await audit.WriteAsync(
            new(
                by.Name, deed.Action.Name, deed.Subject, OperatorGate.Clip(deed.Why), now, Role: by.RoleName,
                Outcome: AuditOutcome.Done, ApprovalId: deed.Subject, OutsideWindow: outsideWindow ? true : null, Via: via),
            cancellation);
        return null;
    }
}
