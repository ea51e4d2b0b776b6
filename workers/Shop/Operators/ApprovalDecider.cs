using CardShop.Contracts;

namespace CardShop.Shop.Operators;

/// <summary>
/// Approvals as the entries of shop.audit.v1 say them, whatever their order and however often each is there. Nothing else
/// is asked: approvals work while PostgreSQL is gone.
/// </summary>
public static class ApprovalDecider
{
    /// <summary>How long an approval can be given and used.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromHours(24);

    /// <summary>How far back the entries are read: the validity, and an hour for clocks that differ.</summary>
    public static readonly TimeSpan Reach = Validity + TimeSpan.FromHours(1);

    /// <summary>What an operator may have waiting at once.</summary>
    public const int MostPending = 50;

    /// <summary>All approvals that were asked for, the oldest first.</summary>
    public static IReadOnlyList<Approval> Fold(IEnumerable<AuditRecord> records) =>
    [
        .. records.Where(r => r.Entry.ApprovalId is not null).GroupBy(r => r.Entry.ApprovalId!)
            .Select(g => Of([.. g])).OfType<Approval>()
            .OrderBy(a => a.At).ThenBy(a => a.Id, StringComparer.Ordinal),
    ];

    /// <summary>
    /// Why a deed may not be done under an approval; null where it may, or where nobody has said anything yet. For people.
    /// </summary>
    /// <param name="approval">Null where none of this id was asked for in the last day.</param>
    /// <param name="id">Of the approval, as the operator said it.</param>
    /// <param name="windowIsOpen">Whether a change window is open now.</param>
    public static string? AgainstUse(
        Approval? approval, string id, Deed deed, string by, bool windowIsOpen, DateTimeOffset now)
    {
        if (approval is null)
        {
            return $"there is no approval {id} of the last 24 hours";
        }

        if (approval.By != by)
        {
            return $"approval {id} is {approval.By}'s: who asked for it uses it";
        }

        if (approval.Digest != deed.Digest)
        {
            return $"approval {id} is for {approval.Action} {approval.Subject} with other parameters: " +
                "exactly what was approved can be done";
        }

        var state = approval.StateAt(now);
        var resumes = state == ApprovalState.Used && deed.Action.Resumes && now < approval.ExpiresAt
            && approval.RejectedBy is null;
        return state switch
        {
            ApprovalState.Rejected => $"approval {id} was rejected by {approval.RejectedBy}",
            ApprovalState.Expired => $"approval {id} expired at {approval.ExpiresAt:u}",
            ApprovalState.Used when !resumes => $"approval {id} was used: it serves one execution",
            ApprovalState.Approved or ApprovalState.Used => windowIsOpen || approval.OutsideWindow
                ? null
                : "no change window is open, and no admin approved it with --outside-window",
            ApprovalState.Pending => null,
            _ => throw new ArgumentOutOfRangeException(nameof(approval), state, "No state."),
        };
    }

    /// <summary>Why somebody may not approve; null where he may. For people.</summary>
    public static string? AgainstApproval(
        Approval? approval, string id, Operator by, bool outsideWindow, DateTimeOffset now) =>
        approval is null ? $"there is no approval {id} of the last 24 hours"
        : approval.By == by.Name ? "nobody approves what he asked for himself"
        : by.Role < OperatorRole.Approver ? $"a {by.RoleName} does not approve"
        : outsideWindow && by.Role < OperatorRole.Admin ? "only an admin lets something be done outside the change window"
        : approval.StateAt(now) is var state && state is ApprovalState.Pending or ApprovalState.Approved ? null
        : $"approval {id} is {ApprovalNames.Of(state)}";

    /// <summary>Why somebody may not reject; null where he may: approvers, and who asked.</summary>
    public static string? AgainstRejection(Approval? approval, string id, Operator by, DateTimeOffset now) =>
        approval is null ? $"there is no approval {id} of the last 24 hours"
        : approval.By != by.Name && by.Role < OperatorRole.Approver ? $"a {by.RoleName} does not reject what others ask for"
        : approval.StateAt(now) is var state && state is ApprovalState.Pending or ApprovalState.Approved ? null
        : $"approval {id} is {ApprovalNames.Of(state)}";

    private static Approval? Of(IReadOnlyList<AuditRecord> records)
    {
        var entries = records.Select(r => r.Entry).ToList();
        // Two requests of one id are a forgery: the earliest counts, and on the same moment always the same one.
        var request = entries.Where(e => e is { Outcome: AuditOutcome.Waiting, Digest: not null, ExpiresAt: not null })
            .OrderBy(e => e.At).ThenBy(e => e.Digest, StringComparer.Ordinal).ThenBy(e => e.Operator, StringComparer.Ordinal)
            .FirstOrDefault();
        if (request is null)
        {
            return null;
        }

        var end = request.ExpiresAt!.Value < request.At + Validity ? request.ExpiresAt.Value : request.At + Validity;
        var approvals = entries.Where(e => Counts(e, request, end))
            .OrderBy(e => e.At).ThenBy(e => e.Operator, StringComparer.Ordinal).ToList();
        var rejection = entries
            .Where(e => e is { Outcome: AuditOutcome.Done } && e.Action == OperatorActions.ApprovalReject.Name
                && (e.Operator == request.Operator || Operator.RoleOf(e.Role) >= OperatorRole.Approver))
            .OrderBy(e => e.At).ThenBy(e => e.Operator, StringComparer.Ordinal).FirstOrDefault();
        // The one who asks writes them all, so that they stand in one partition: the log says which was first.
        var runs = records
            .Where(r => r.Entry is { Outcome: AuditOutcome.Started, RunId: not null } && r.Entry.Operator == request.Operator
                && r.Entry.Action == request.Action && r.Entry.Digest == request.Digest)
            .OrderBy(r => r.Partition).ThenBy(r => r.Offset).Select(r => r.Entry.RunId!).Distinct().ToList();
        return new(
            request.ApprovalId!, request.Action, request.Subject, request.Reason, request.Operator, request.At, end,
            request.Digest!, request.Parameters ?? new Dictionary<string, string>(), approvals.FirstOrDefault()?.Operator,
            approvals.Any(e => e.OutsideWindow == true && Operator.RoleOf(e.Role) == OperatorRole.Admin),
            rejection?.Operator, rejection?.Reason, runs);
    }

    private static bool Counts(AuditEntry entry, AuditEntry request, DateTimeOffset end) =>
        entry is { Outcome: AuditOutcome.Done } && entry.Action == OperatorActions.ApprovalApprove.Name
        && entry.Operator != request.Operator && Operator.RoleOf(entry.Role) >= OperatorRole.Approver && entry.At < end;
}

/// <summary>States as people read them.</summary>
public static class ApprovalNames
{
    public static string Of(ApprovalState state) => state switch
    {
        ApprovalState.Pending => "pending",
        ApprovalState.Approved => "approved",
        ApprovalState.Rejected => "rejected",
        ApprovalState.Expired => "expired",
        ApprovalState.Used => "used",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No state."),
    };
}

/// <summary>The outcomes of deeds as the audit, the admin API and shopctl write them.</summary>
public static class OutcomeNames
{
    public static string Of(AuditOutcome outcome) => outcome switch
    {
        AuditOutcome.Waiting => "waiting",
        AuditOutcome.Refused => "refused",
        AuditOutcome.Started => "started",
        AuditOutcome.Done => "done",
        AuditOutcome.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "No outcome."),
    };
}
