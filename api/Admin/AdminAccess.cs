using System.Globalization;
using System.Threading.RateLimiting;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <summary>
/// Who calls, by <c>Authorization: Bearer</c>, and whether his role is enough. Wrong keys lock their network out, and the
/// name that they were tried for (header <c>Operator-Name</c>, which nobody has to send); loopback too.
/// </summary>
public sealed class AdminAccess(
    OperatorDirectory directory, KeyThrottle throttle, OperatorGate gate, AuditTrail audit, TimeProvider time,
    ILogger<AdminAccess> logger) : IDisposable
{
    /// <summary>Refusals of unknown callers, and lock-outs, that are noted within a minute; more would only fill the topic.</summary>
    private const int MostNoted = 10;

    private const int ReadsPerMinute = 600;
    private const int ChangesPerMinute = 120;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly FixedWindowRateLimiter _unknown = PerMinute(MostNoted);
    private readonly FixedWindowRateLimiter _locks = PerMinute(MostNoted);
    private readonly PartitionedRateLimiter<(string Name, bool Changes)> _calls =
        PartitionedRateLimiter.Create<(string Name, bool Changes), (string, bool)>(caller =>
            RateLimitPartition.GetFixedWindowLimiter(
                caller, _ => OptionsOf(caller.Changes ? ChangesPerMinute : ReadsPerMinute)));

    /// <returns>The operator, or why he is refused: 401, 403 or 429. What is refused stands in the audit.</returns>
    public async Task<(Operator? By, Problem? Refusal)> RequireAsync(
        HttpContext context, OperatorAction action, string subject, CancellationToken cancellation)
    {
        var network = context.Connection.RemoteIpAddress is { } peer ? RateLimits.NetworkOf(peer) : "nowhere";
        var name = context.Request.Headers["Operator-Name"].ToString() is var said && OperatorFiles.IsName(said) ? said : null;
        if (throttle.LockedUntil(network, name) is { } locked)
        {
            context.Response.Headers.RetryAfter = Seconds(locked);
            return (null, AdminRules.Locked());
        }

        var key = AdminInput.KeyOf(context.Request.Headers.Authorization);
        var by = directory.Find(key);
        var deed = new Deed(action, subject, string.Empty, []);
        if (by is null || (name is not null && by.Name != name))
        {
            return (null, await RefuseUnknownAsync(context, deed, key is not null, network, name, cancellation));
        }

        throttle.Succeeded(by.Name);
        using var lease = _calls.AttemptAcquire((by.Name, action != AdminRules.View));
        if (!lease.IsAcquired)
        {
            return (null, Problem.Of(
                StatusCodes.Status429TooManyRequests, "Too many calls of this operator", "Wait a little and send it again."));
        }

        if (by.Role < action.Least)
        {
            var reason = $"{action.Name} takes the role {Operator.NameOf(action.Least)}, {by.Name} has {by.RoleName}";
            await NoteAsync(gate.RefuseAsync(by, deed, null, reason, cancellation));
            return (null, AdminRules.Refused(reason));
        }

        return (by, null);
    }

    public void Dispose()
    {
        _unknown.Dispose();
        _locks.Dispose();
        _calls.Dispose();
    }

    private async Task<Problem> RefuseUnknownAsync(
        HttpContext context, Deed deed, bool shown, string network, string? name, CancellationToken cancellation)
    {
        if (shown)
        {
            throttle.Failed(network, name);
        }

        if (shown && throttle.LockedUntil(network, name) is { } until && _locks.AttemptAcquire().IsAcquired)
        {
            ApiLog.AdminLocked(logger, network);
            await NoteAsync(audit.WriteAsync(
                new(
                    Operator.Unknown, deed.Action.Name, deed.Subject, string.Empty, time.GetUtcNow(), Outcome: AuditOutcome.Refused,
                    Problem: $"locked out until {until:u} after too many wrong keys: {network}{(name is null ? "" : ", " + name)}",
                    Via: AdminShop.Via),
                cancellation));
        }
        else if (_unknown.AttemptAcquire().IsAcquired)
        {
            await NoteAsync(gate.AskAsync(null, deed, null, string.Empty, cancellation));
        }

        context.Response.Headers.WWWAuthenticate = shown ? "Bearer error=\"invalid_token\"" : "Bearer";
        return AdminRules.Unknown(shown);
    }

    /// <summary>A refusal stays one where it cannot be noted: nothing is done either way.</summary>
    private async Task NoteAsync(Task note)
    {
        try
        {
            await note.WaitAsync(Limit, time);
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            ApiLog.AdminUnnoted(logger, e.Message);
        }
    }

    private string Seconds(DateTimeOffset moment) =>
        AdminRules.SecondsUntil(moment, time.GetUtcNow()).ToString(CultureInfo.InvariantCulture);

    private static FixedWindowRateLimiter PerMinute(int most) => new(OptionsOf(most));

    private static FixedWindowRateLimiterOptions OptionsOf(int most) =>
        new() { PermitLimit = most, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 };
}
