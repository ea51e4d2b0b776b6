namespace CardShop.Shop.Operators;

/// <summary>How far an approval is.</summary>
public enum ApprovalState
{
    /// <summary>Nobody has said anything yet.</summary>
    Pending,

    /// <summary>It can be used.</summary>
    Approved,

    /// <summary>Somebody is against it; what others say does not count any more.</summary>
    Rejected,

    /// <summary>Nobody used it in time.</summary>
    Expired,

    /// <summary>It was used; only what resumes may be run again under it, while it is valid.</summary>
    Used,
}

/// <summary>A request for approval with everything that was said about it.</summary>
/// <param name="By">Who asks, and who alone may use it.</param>
/// <param name="Digest">What is asked for: see <see cref="Deed.Digest"/>.</param>
/// <param name="Approver">Who approved it first; null where nobody has.</param>
/// <param name="OutsideWindow">An admin approved that it does not wait for the change window.</param>
/// <param name="RejectedBy">Who is against it; null where nobody is.</param>
/// <param name="Runs">The executions that used it, in the order of the log.</param>
public sealed record Approval(
    string Id, string Action, string Subject, string Why, string By, DateTimeOffset At, DateTimeOffset ExpiresAt, string Digest,
    IReadOnlyDictionary<string, string> Parameters, string? Approver, bool OutsideWindow, string? RejectedBy,
    string? Objection, IReadOnlyList<string> Runs)
{
    public ApprovalState StateAt(DateTimeOffset now) => this switch
    {
        { Runs.Count: > 0 } => ApprovalState.Used,
        { RejectedBy: not null } => ApprovalState.Rejected,
        _ when now >= ExpiresAt => ApprovalState.Expired,
        { Approver: not null } => ApprovalState.Approved,
        _ => ApprovalState.Pending,
    };
}
