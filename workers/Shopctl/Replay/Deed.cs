using CardShop.Contracts;
using CardShop.Shopctl.Audit;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Replay;

/// <summary>The one place where a changing command of this folder and its neighbours starts its deed.</summary>
internal static class Deed
{
    /// <summary>Returns when the audit has it: before anything is done.</summary>
    public static async Task<DeedGrant> BeginAsync(
        Session session, ShopServers servers, string action, string subject, string? why, CancellationToken cancellation)
    {
        var entry = new AuditEntry(Environment.UserName, action, subject, why ?? string.Empty, session.Time.GetUtcNow());
        await AuditTrail.WriteAsync(servers.Log, entry, cancellation);
        return new(servers, entry, session.Time);
    }
}

/// <summary>A deed that was begun.</summary>
internal sealed class DeedGrant(ShopServers servers, AuditEntry started, TimeProvider time)
{
    public string Operator => started.Operator;

    /// <summary>Writes what it came to.</summary>
    public Task DoneAsync(string after, CancellationToken cancellation) => AuditTrail.WriteAsync(
        servers.Log, started with { Action = started.Action + ".done", Reason = after, At = time.GetUtcNow() }, cancellation);
}
