using System.Threading.RateLimiting;
using CardShop.Contracts;

namespace CardShop.Api.Partners;

/// <summary>
/// Who sends a request, by <c>Authorization: Bearer cs_…</c>. A valid key is never throttled here; a network that tries
/// wrong ones is.
/// </summary>
public sealed class PartnerAccess(PartnerTable partners, ApiSettings settings) : IDisposable
{
    private const string Scheme = "Bearer ";

    private readonly PartitionedRateLimiter<string> _wrongKeys = PartitionedRateLimiter.Create<string, string>(network =>
        RateLimitPartition.GetSlidingWindowLimiter(network, _ => new()
        {
            PermitLimit = settings.Partners.WrongKeysPerMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));

    /// <returns>The partner, or why the request is refused: 401, 403, 429 or 503.</returns>
    public (Partner? Partner, Problem? Refusal) Require(HttpContext context, string scope)
    {
        if (KeyOf(context) is not { } key)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return (null, Problem.Of(
                StatusCodes.Status401Unauthorized, "The partner's key is missing", "Send Authorization: Bearer with your API key."));
        }

        if (!partners.Ready)
        {
            return (null, Problem.Of(
                StatusCodes.Status503ServiceUnavailable, "Keys cannot be checked yet", "Try again in a moment."));
        }

        if (partners.Find(key) is not { } partner)
        {
            return (null, Wrong(context));
        }

        return partner.Scopes.Contains(scope)
            ? (partner, null)
            : (null, Problem.Of(
                StatusCodes.Status403Forbidden, "The key may not do this", $"It has not the scope {scope}; ask the shop for it."));
    }

    /// <summary>True where the request claims to be a partner's.</summary>
    public static bool HasKey(HttpContext context) =>
        context.Request.Headers.Authorization is { Count: > 0 } header
        && header.ToString().StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    public void Dispose() => _wrongKeys.Dispose();

    private static string? KeyOf(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header.Length is > 10 and < 200
            ? header[Scheme.Length..].Trim()
            : null;
    }

    private Problem Wrong(HttpContext context)
    {
        var peer = context.Connection.RemoteIpAddress;
        using var lease = peer is null || settings.IsExempt(peer) ? null : _wrongKeys.AttemptAcquire(RateLimits.NetworkOf(peer));
        if (lease is { IsAcquired: false })
        {
            return Problem.Of(
                StatusCodes.Status429TooManyRequests, "Too many wrong keys from this network", "Wait a minute and try again.");
        }

        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return Problem.Of(
            StatusCodes.Status401Unauthorized, "This key is not valid", "It may have expired or been replaced; ask the shop.");
    }
}
