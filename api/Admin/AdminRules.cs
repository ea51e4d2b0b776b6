using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <summary>What operators are answered, and what counts as the same call again. Pure.</summary>
public static class AdminRules
{
    /// <summary>Reading: every operator may. Only what is refused stands in the audit: a page that is open reads every few seconds.</summary>
    public static readonly OperatorAction View = new("admin.view", OperatorRole.Viewer);

    /// <summary>A login: every operator may. Only what is refused stands in the audit.</summary>
    public static readonly OperatorAction LogIn = new("admin.session", OperatorRole.Viewer);

    /// <summary>Decides what is done beside what it is about; what it comes to with all before is no part of the call.</summary>
    public const string Derived = "total";

    private const string ApprovalPrefix = "approval-";

    /// <param name="shown">A key was shown, and it is nobody's.</param>
    public static Problem Unknown(bool shown) => shown
        ? Problem.Of(
            StatusCodes.Status401Unauthorized, "This key is no operator's",
            "It may have been removed or replaced. After too many wrong keys nothing is looked at for a while.")
        : Problem.Of(
            StatusCodes.Status401Unauthorized, "The operator's key is missing",
            "Send Authorization: Bearer with the key of an operator of this installation.");

    /// <summary>The session is well sealed, and stands for nobody.</summary>
    public static Problem Over() => Problem.Of(
        StatusCodes.Status401Unauthorized, "The session has ended", "Its key is no operator's any more. Log in again.");

    /// <summary>Until then not even a right key is looked at.</summary>
    public static Problem Locked() => Problem.Of(
        StatusCodes.Status429TooManyRequests, "Too many wrong keys", "Nothing is looked at until Retry-After has passed.");

    /// <returns>Whole seconds, 1 or more.</returns>
    public static int SecondsUntil(DateTimeOffset moment, DateTimeOffset now) =>
        Math.Max(1, (int)Math.Ceiling((moment - now).TotalSeconds));

    public static Problem Refused(string reason) => Problem.Of(
        StatusCodes.Status403Forbidden, "The operator may not do this", Sentence(reason) + " Nothing was changed.");

    public static Problem State(string reason) => Problem.Of(
        StatusCodes.Status409Conflict, "It cannot be done as things stand", Sentence(reason) + " Nothing was changed.");

    public static Problem OtherCall() => Problem.Of(
        StatusCodes.Status422UnprocessableEntity, "The Idempotency-Key was used for another call about this order",
        "Use a new one for a new decision. Nothing was changed.");

    public static AdminWaiting Waiting(Approval approval, ChangeWindows windows, DateTimeOffset now) => new(
        "It waits for a second operator",
        (approval.Approver is { } approver
            ? $"{approver} has approved it. Send the same call with \"approval\": \"{approval.Id}\"."
            : $"Nothing was changed. A second operator sends POST /v1/admin/approvals/{approval.Id}/approve; then send the same call with " +
              $"\"approval\": \"{approval.Id}\".")
        + (windows.AreOpenAt(now) || approval.OutsideWindow ? string.Empty
            : $" No change window is open; the next begins at {windows.NextAfter(now)?.ToUniversalTime():u}. " +
              "Before that it takes the approval of an admin, with \"outsideWindow\": true."),
        approval.Id, approval.ExpiresAt, approval.Approver);

    /// <summary>
    /// The id under which an order notes a deed that needs no approval: one per operator and Idempotency-Key, with what was
    /// asked for, so that the same key for something else is seen.
    /// </summary>
    public static string CommandId(string by, string key, Deed deed)
    {
        var who = SHA256.HashData(Encoding.UTF8.GetBytes($"{by.Length}:{by}{key}"));
        return $"api-{Convert.ToHexStringLower(who.AsSpan(0, 10))}-{Core(deed).Digest[..12]}";
    }

    /// <summary>True where the order has noted another deed under the same key.</summary>
    public static bool IsKeyOfAnother(IReadOnlyList<string>? acts, string commandId)
    {
        var key = commandId[..(commandId.LastIndexOf('-') + 1)];
        return acts?.Any(a => a != commandId && a.StartsWith(key, StringComparison.Ordinal)) == true;
    }

    /// <summary>The id under which an order notes a deed that an approval allowed.</summary>
    public static string CommandIdOf(string approvalId) => ApprovalPrefix + approvalId;

    /// <summary>
    /// True where the call is the one that the approval allowed, sent again: a sum that has grown by its own first time does
    /// not make it another.
    /// </summary>
    public static bool IsSameCall(Approval approval, string by, Deed deed) =>
        approval.By == by && approval.Action == deed.Action.Name && approval.Subject == deed.Subject
        && Core(deed).Parameters.Where(p => p.Value is not null)
            .OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => (p.Name, Value: p.Value!))
            .SequenceEqual(approval.Parameters.Where(p => p.Key != Derived)
                .OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (Name: p.Key, p.Value)));

    private static Deed Core(Deed deed) => deed with { Parameters = [.. deed.Parameters.Where(p => p.Name != Derived)] };

    private static string Sentence(string reason)
    {
        var text = reason.TrimEnd('.');
        return text.Length == 0 ? string.Empty : char.ToUpperInvariant(text[0]) + text[1..] + ".";
    }
}
