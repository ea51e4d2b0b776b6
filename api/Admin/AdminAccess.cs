using System.Globalization;
using System.Threading.RateLimiting;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <summary>
/// Who calls, by <c>Authorization: Bearer</c> or the console's session, and whether his role is enough. Wrong keys lock their network out, and the
/// name that they were tried for (header <c>Operator-Name</c>, which nobody has to send); loopback too.
/// </summary>
public sealed class AdminAccess(
    OperatorDirectory directory, KeyThrottle throttle, OperatorGate gate, AuditTrail audit, SessionSeal seal, TimeProvider time,
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
    public Task<(Operator? By, Problem? Refusal)> RequireAsync(
        HttpContext context, OperatorAction action, string subject, CancellationToken cancellation) =>
        CheckAsync(context, ShownBy(context.Request), action, subject, cancellation);

    /// <summary>The same for a key that the body shows.</summary>
    public Task<(Operator? By, Problem? Refusal)> LogInAsync(HttpContext context, string? key, CancellationToken cancellation) =>
        CheckAsync(context, key is null ? null : new(key, null), AdminRules.LogIn, "session", cancellation);

    /// <summary>The key that a request shows, whoever's it is: the bearer key, else that of the console's session.</summary>
    public ShownKey? ShownBy(HttpRequest request) => AdminInput.KeyOf(request.Headers.Authorization) is { } key
        ? new(key, null)
        : request.Headers.Authorization.Count == 0 && AdminSession.Counts(request.Headers)
            ? seal.Open(request.Cookies[SessionSeal.Cookie])
            : null;

    private async Task<(Operator? By, Problem? Refusal)> CheckAsync(
        HttpContext context, ShownKey? key, OperatorAction action, string subject, CancellationToken cancellation)
    {
        var network = context.Connection.RemoteIpAddress is { } peer ? RateLimits.NetworkOf(peer) : "nowhere";
        var name = context.Request.Headers["Operator-Name"].ToString() is var said && OperatorFiles.IsName(said) ? said : null;
        // A session is no guess: who tries keys in an operator's name does not lock out the operator at work.
        if (throttle.LockedUntil(network, key is { IsSession: true } ? null : name) is { } locked)
        {
            context.Response.Headers.RetryAfter = Seconds(locked);
            return (null, AdminRules.Locked());
        }

        var by = directory.Find(key?.Text);
        var deed = new Deed(action, subject, string.Empty, []);
        if (by is null || (name is not null && by.Name != name))
        {
            return (null, await RefuseUnknownAsync(context, deed, key, network, name, cancellation));
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
        HttpContext context, Deed deed, ShownKey? key, string network, string? name, CancellationToken cancellation)
    {
        // Nobody guesses a session: one that has outlived its operator is no try, and locks nobody out.
        var shown = key is { IsSession: false };
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
        return key is { IsSession: true } ? AdminRules.Over() : AdminRules.Unknown(shown);
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
