using System.Text.Json.Serialization.Metadata;
using CardShop.Api.Orders;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <param name="Key">The operator's key.</param>
public sealed record SessionRequest(string? Key)
{
    /// <summary>Never the key: it must not reach a log by way of a format string.</summary>
    public override string ToString() => "(key)";
}

/// <summary>Who the console is used by, and until when.</summary>
public sealed record AdminSessionView(string Name, string Role, DateTimeOffset ExpiresAt);

/// <summary><c>/v1/admin/session</c>: the console's login. The session is its cookie alone.</summary>
public sealed class AdminSession(AdminCalls calls, AdminAccess access, SessionSeal seal, ApiSettings settings)
{
    /// <summary>What no page of another site can send without being asked first.</summary>
    public const string Header = "CardShop-Console";

    private const string CookiePath = "/v1/admin";

    public Task BeginAsync(HttpContext context) => calls.RunAsync(context, async cancellation =>
    {
        if (!IsOfThisSite(context.Request.Headers))
        {
            return AdminAnswer.Of(Problem.Of(
                StatusCodes.Status403Forbidden, "Another site asks for this", "The console logs in from its own page."));
        }

        var (key, wrong) = await KeyAsync(context);
        if (wrong is not null)
        {
            return AdminAnswer.Of(wrong);
        }

        var (by, refusal) = await access.LogInAsync(context, key, cancellation);
        if (by is null)
        {
            return AdminAnswer.Of(refusal!);
        }

        var (value, endsAt) = seal.Seal(key!);
        context.Response.Cookies.Append(SessionSeal.Cookie, value, Options(context, SessionSeal.Lasts));
        return AdminAnswer.Json(new(by.Name, by.RoleName, endsAt), AdminJson.Default.AdminSessionView);
    });

    public Task EndAsync(HttpContext context) => calls.RunAsync(context, _ =>
    {
        var was = Counts(context.Request.Headers) && context.Request.Cookies.ContainsKey(SessionSeal.Cookie);
        if (!was)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Task.FromResult(AdminAnswer.Of(Problem.Of(
                StatusCodes.Status401Unauthorized, "There is no session", "Nobody is logged in here.")));
        }

        context.Response.Cookies.Delete(SessionSeal.Cookie, Options(context, null));
        return Task.FromResult(AdminAnswer.Status(StatusCodes.Status204NoContent));
    });

    /// <summary>True where a cookie may stand for its operator: the request comes from the console's own page. Pure.</summary>
    public static bool Counts(IHeaderDictionary headers) => headers[Header] == "1" && IsOfThisSite(headers);

    /// <summary>False where the browser says that a page of elsewhere sends it. Older browsers do not say. Pure.</summary>
    private static bool IsOfThisSite(IHeaderDictionary headers) =>
        headers["Sec-Fetch-Site"] is { Count: var count } site && (count == 0 || site == "same-origin");

    /// <summary>Behind a proxy that ends TLS the request itself is plain: the shop's public address says how people come.</summary>
    private CookieOptions Options(HttpContext context, TimeSpan? lasts) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps || settings.PublicUrl?.StartsWith("https:", StringComparison.Ordinal) == true,
        Path = CookiePath,
        MaxAge = lasts,
        IsEssential = true,
    };

    /// <returns>The key; null where none is shown, or why the body cannot be read: 400, 413 or 415.</returns>
    private static async Task<(string? Key, Problem? Wrong)> KeyAsync(HttpContext context)
    {
        if (context.Request is { ContentType: null, ContentLength: null or 0 })
        {
            return (null, null);
        }

        var (body, refusal) = await RequestBody.ReadJsonAsync(context, AdminInput.MaxBody);
        if (refusal is not null)
        {
            return (null, refusal);
        }

        JsonTypeInfo<SessionRequest> json = AdminRequestJson.Default.SessionRequest;
        var (request, wrong) = AdminInput.Parse(body.Span, json, AdminExamples.Session);
        return request is null ? (null, wrong)
            : (request.Key?.Trim() is { Length: > 0 and <= OperatorFiles.MaxKeyLength } key ? key : null, null);
    }
}
