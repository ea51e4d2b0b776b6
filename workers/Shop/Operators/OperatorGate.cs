using System.Security.Cryptography;
using CardShop.Contracts;

namespace CardShop.Shop.Operators;

/// <summary>What the gate says to a deed.</summary>
public abstract record GateAnswer
{
    private GateAnswer()
    {
    }

    /// <summary>It may be done now, once. The entry <c>started</c> is durable.</summary>
    public sealed record Granted(OperatorGrant Grant) : GateAnswer;

    /// <summary>It may not be done. The entry <c>refused</c> is durable.</summary>
    /// <param name="IsUnknown">Nobody's key, or none: not a matter of the role.</param>
    public sealed record Refused(string Reason, bool IsUnknown) : GateAnswer;

    /// <summary>A second operator has to approve it, or has done so and the command has to name the approval.</summary>
    public sealed record Waiting(Approval Approval) : GateAnswer;
}

/// <summary>
/// The one place that every deed of an operator passes: who, which role, approved or not, within a change window or not;
/// and the audit, before anything is done. Needs Kafka and the secrets folder, nothing else.
/// </summary>
/// <param name="via"><c>shopctl</c> or <c>api</c>.</param>
public sealed class OperatorGate(
    OperatorDirectory directory, AuditTrail audit, OperatorSettings settings, TimeProvider time, string via)
{
    /// <summary>Entries of unknown keys within a minute; more would only fill the topic.</summary>
    private const int MostUnknown = 10;

    private const int IdLength = 12;

    public OperatorSettings Settings => settings;

    /// <param name="by">Whose key was shown; null for nobody's.</param>
    /// <param name="approvalId">The approval that the operator names.</param>
    /// <param name="commandId">The deed's command id where no approval gives one.</param>
    public async Task<GateAnswer> AskAsync(
        Operator? by, Deed deed, string? approvalId, string commandId, CancellationToken cancellation)
    {
        if (by is null)
        {
            return await RefuseUnknownAsync(deed, cancellation);
        }

        if (by.Role < deed.Action.Least)
        {
            return await RefuseAsync(
                by, deed, approvalId, $"{deed.Action.Name} takes the role {Operator.NameOf(deed.Action.Least)}, {by.Name} has {by.RoleName}",
                cancellation);
        }

        if (!deed.Action.IsDangerous)
        {
            return new GateAnswer.Granted(await StartAsync(by, deed, null, commandId, cancellation));
        }

        return approvalId is null
            ? await RequestAsync(by, deed, cancellation)
            : await UseAsync(by, deed, approvalId, cancellation);
    }

    /// <summary>Notes what was refused.</summary>
    public async Task<GateAnswer> RefuseAsync(
        Operator by, Deed deed, string? approvalId, string reason, CancellationToken cancellation)
    {
        await audit.WriteAsync(
            Entry(by, deed) with { Outcome = AuditOutcome.Refused, ApprovalId = approvalId, Problem = reason }, cancellation);
        return new GateAnswer.Refused(reason, IsUnknown: false);
    }

    /// <summary>The approvals of the last day.</summary>
    public async Task<IReadOnlyList<Approval>> ApprovalsAsync(CancellationToken cancellation) =>
        ApprovalDecider.Fold(await audit.SinceAsync(time.GetUtcNow() - ApprovalDecider.Reach, cancellation));

    private async Task<GateAnswer> RefuseUnknownAsync(Deed deed, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var recent = await audit.SinceAsync(now - TimeSpan.FromMinutes(1), cancellation);
        if (recent.Count(r => r.Entry.Operator == Operator.Unknown) < MostUnknown)
        {
            await audit.WriteAsync(
                new(
                    Operator.Unknown, deed.Action.Name, Clip(deed.Subject), Clip(deed.Why), now,
                    Outcome: AuditOutcome.Refused, Problem: "no operator's key", Via: via),
                cancellation);
        }

        return new GateAnswer.Refused("it takes the key of an operator of this installation", IsUnknown: true);
    }

    private async Task<GateAnswer> RequestAsync(Operator by, Deed deed, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var own = (await ApprovalsAsync(cancellation)).Where(a => a.By == by.Name
            && a.StateAt(now) is ApprovalState.Pending or ApprovalState.Approved).ToList();
        if (own.FirstOrDefault(a => a.Digest == deed.Digest && a.StateAt(now) is ApprovalState.Pending or ApprovalState.Approved)
            is { } same)
        {
            return new GateAnswer.Waiting(same);
        }

        if (own.Count >= ApprovalDecider.MostPending)
        {
            return await RefuseAsync(
                by, deed, null, $"{by.Name} has {own.Count} approvals waiting already; 'shopctl approvals reject' withdraws one",
                cancellation);
        }

        var entry = Entry(by, deed) with
        {
            Outcome = AuditOutcome.Waiting,
            ApprovalId = RandomNumberGenerator.GetHexString(IdLength, lowercase: true),
            ExpiresAt = now + ApprovalDecider.Validity,
            Parameters = deed.Parameters.Where(p => p.Value is not null).ToDictionary(p => p.Name, p => Clip(p.Value!)),
        };
        await audit.WriteAsync(entry, cancellation);
        return new GateAnswer.Waiting(ApprovalDecider.Fold([new(entry, 0, 0)]).Single());
    }

    private async Task<GateAnswer> UseAsync(Operator by, Deed deed, string id, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var approval = await FindAsync(id, cancellation);
        var against = ApprovalDecider.AgainstUse(approval, id, deed, by.Name, settings.Windows.AreOpenAt(now), now);
        if (against is null && approval!.Approver is null)
        {
            return new GateAnswer.Waiting(approval);
        }

        // Who approved must still be somebody who may.
        if (against is null && !(directory.Named(approval!.Approver!)?.Role >= OperatorRole.Approver))
        {
            against = $"{approval.Approver}, who approved it, is no approver any more";
        }

        if (against is not null)
        {
            return await RefuseAsync(by, deed, id, against, cancellation);
        }

        var grant = await StartAsync(by, deed, approval, "approval-" + id, cancellation);
        // Two runs that both saw it unused: the log knows which was first.
        if (!deed.Action.Resumes && !IsFirst(await FindAsync(id, cancellation), grant))
        {
            await grant.FailAsync("another run used the approval at the same moment", cancellation);
            return new GateAnswer.Refused($"approval {id} was used: it serves one execution", IsUnknown: false);
        }

        return new GateAnswer.Granted(grant);
    }

    private static bool IsFirst(Approval? approval, OperatorGrant grant) =>
        approval is { Runs: [var first, ..] } && first == grant.RunId;

    private async Task<Approval?> FindAsync(string id, CancellationToken cancellation) =>
        (await ApprovalsAsync(cancellation)).FirstOrDefault(a => a.Id == id);

    private async Task<OperatorGrant> StartAsync(
        Operator by, Deed deed, Approval? approval, string commandId, CancellationToken cancellation)
    {
        var entry = Entry(by, deed) with
        {
            Outcome = AuditOutcome.Started,
            RunId = RandomNumberGenerator.GetHexString(IdLength, lowercase: true),
            CommandId = commandId,
            ApprovalId = approval?.Id,
            Approver = approval?.Approver,
            OutsideWindow = approval?.OutsideWindow == true && !settings.Windows.AreOpenAt(time.GetUtcNow()) ? true : null,
        };
        await audit.WriteAsync(entry, cancellation);
        return new(audit.WriteAsync, entry, by, time);
    }

    private AuditEntry Entry(Operator by, Deed deed) => new(
        by.Name, deed.Action.Name, Clip(deed.Subject), Clip(deed.Why), time.GetUtcNow(), Role: by.RoleName,
        Digest: deed.Digest, Via: via);

    /// <summary>Entries are for reading: what is longer than that is not.</summary>
    internal static string Clip(string text) => text.Length <= 500 ? text : text[..499] + "…";
}
