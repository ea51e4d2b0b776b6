using System.CommandLine;
using CardShop.Contracts;
using CardShop.Shopctl.Audit;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Backup;

/// <summary>What every dangerous command asks for, and the one place where it is allowed or refused.</summary>
internal sealed class DangerOptions
{
    public Option<string?> Why { get; } = new("--why") { Description = "Why it is done: goes to shop.audit.v1.", HelpName = "TEXT" };

    public Option<string?> Approval { get; } = new("--approval") { Description = "What a second operator has approved.", HelpName = "ID" };

    /// <summary>Returns when the deed may begin and its entry is durable.</summary>
    public async Task RequireAsync(
        Session session, ShopServers servers, string action, string subject, ParseResult arguments, CancellationToken cancellation)
    {
        var why = arguments.GetValue(Why) is { Length: > 0 } text
            ? text
            : throw new ShopctlException(ExitCodes.Usage, "Say why: --why TEXT.");
        await servers.RequireLogAsync(cancellation);
        await AuditTrail.WriteAsync(
            servers.Log, new AuditEntry(Environment.UserName, action, subject, why, session.Time.GetUtcNow()), cancellation);
    }
}
