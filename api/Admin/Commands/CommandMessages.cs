using System.ComponentModel;
using System.Text.Json;

namespace CardShop.Api.Admin.Commands;

/// <param name="Command">A name of api/Admin/README.md, as <c>replay.plan</c>.</param>
/// <param name="Arguments">By name; absent where the command takes none.</param>
/// <param name="Why">Where it changes something: 1 to 200 characters, kept in the audit.</param>
/// <param name="Approval">The approval under which it is done, once a second operator has given it.</param>
public sealed record CommandRequest(
    string? Command,
    [property: Description("By name; absent where the command takes none.")] JsonElement? Arguments = null,
    string? Why = null, string? Approval = null);

/// <summary>A line of what a command says: one of line, note and exit.</summary>
/// <param name="Line">Of standard output.</param>
/// <param name="Note">Of standard error.</param>
/// <param name="Progress">True where the note takes the place of the progress before it.</param>
/// <param name="Exit">The last: 0 done, 1 failed, 2 wrong arguments or settings, 3 a server is away, 4 refused, 5 waits for approval.</param>
/// <param name="ApprovalId">With exit 5: what a second operator approves.</param>
public sealed record CommandOutput(
    string? Line = null, string? Note = null, bool? Progress = null, int? Exit = null, string? ApprovalId = null);
