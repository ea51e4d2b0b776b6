using Microsoft.Extensions.Primitives;

namespace CardShop.Api;

/// <summary>
/// What every answer tells a browser: take the type as it is said, name us to nobody, load and frame nothing. A page sets
/// its own content policy instead. Where buyers come by https, they are told to come by nothing else.
/// </summary>
public sealed class SecurityHeaders(ApiSettings settings)
{
    /// <summary>For answers that are no pages.</summary>
    public const string DataPolicy = "default-src 'none'; frame-ancestors 'none'";

    // Shared, so that no request makes one.
    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues NoReferrer = "no-referrer";
    private static readonly StringValues Policy = DataPolicy;
    private static readonly StringValues Strict = "max-age=31536000";

    private readonly bool _isPublicHttps = settings.PublicUrl?.StartsWith("https:", StringComparison.Ordinal) == true;

    public void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = NoSniff;
        headers["Referrer-Policy"] = NoReferrer;
        headers.ContentSecurityPolicy = Policy;
        if (_isPublicHttps || context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = Strict;
        }
    }
}
