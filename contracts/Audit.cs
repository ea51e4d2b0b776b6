namespace CardShop.Contracts;

/// <summary>Who did what, on shop.audit.v1, keyed by operator. Never with key text, contacts or secrets.</summary>
/// <param name="Action">What was done: <c>keys.export</c>.</param>
/// <param name="Subject">To what: a batch, a key, a key-encryption key.</param>
/// <param name="Reason">Why, in the operator's words.</param>
/// <param name="Approver">The second operator, where two are required.</param>
/// <param name="Count">How many keys it was about.</param>
public sealed record AuditEntry(
    string Operator, string Action, string Subject, string Reason, DateTimeOffset At, string? Approver = null,
    long? Count = null);
