using System.Text.Json.Serialization;

namespace CardShop.Contracts;

/// <summary>What became of an operator's action.</summary>
[JsonConverter(typeof(KebabEnumConverter<AuditOutcome>))]
public enum AuditOutcome
{
    /// <summary>It waits for the approval of a second operator; nothing was done.</summary>
    Waiting,

    /// <summary>Not allowed; nothing was done.</summary>
    Refused,

    /// <summary>Allowed; written before the deed.</summary>
    Started,

    /// <summary>It came to its end.</summary>
    Done,

    /// <summary>It ended early; what it had done until then stays.</summary>
    Failed,
}

/// <summary>
/// Who did what, on shop.audit.v1, keyed by operator. Never with key text, contacts or secrets. Entries from before outcomes
/// have none: they were written before the deed.
/// </summary>
/// <param name="Operator">Who: proven by a key. <c>unknown</c> where no known key was shown.</param>
/// <param name="Action">What was done: <c>keys.export</c>.</param>
/// <param name="Subject">To what: a batch, a key, an order, a key-encryption key.</param>
/// <param name="Reason">Why, in the operator's words; empty where nothing was said.</param>
/// <param name="Approver">The second operator, where two are required.</param>
/// <param name="Count">How many keys it was about.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Role">The operator's role at that time.</param>
/// <param name="RunId">One execution: the same in its entries <c>started</c>, <c>done</c> and <c>failed</c>.</param>
/// <param name="CommandId">Under which id the deed is done; derived from the approval where there is one.</param>
/// <param name="ApprovalId">Which approval is asked for, given, rejected or used.</param>
/// <param name="Digest">SHA-256 of action, subject and parameters, in hexadecimal: what was approved is what is done.</param>
/// <param name="Parameters">What an approver must know, of a <c>waiting</c> entry.</param>
/// <param name="ExpiresAt">Until when the approval can be given and used, of a <c>waiting</c> entry.</param>
/// <param name="OutsideWindow">An admin's approval that does not wait for the change window.</param>
/// <param name="Before">What was there, in a few words.</param>
/// <param name="After">What came of it, in a few words.</param>
/// <param name="Problem">Why it was refused, or failed.</param>
/// <param name="Via"><c>shopctl</c> or <c>api</c>.</param>
public sealed record AuditEntry(
    string Operator, string Action, string Subject, string Reason, DateTimeOffset At, string? Approver = null,
    long? Count = null, AuditOutcome? Outcome = null, string? Role = null, string? RunId = null, string? CommandId = null,
    string? ApprovalId = null, string? Digest = null, IReadOnlyDictionary<string, string>? Parameters = null,
    DateTimeOffset? ExpiresAt = null, bool? OutsideWindow = null, string? Before = null, string? After = null,
    string? Problem = null, string? Via = null);
