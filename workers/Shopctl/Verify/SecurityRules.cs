using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CardShop.Shopctl.Preflight;

namespace CardShop.Shopctl.Verify;

/// <summary>What answers must show to strangers, and must not. Pure.</summary>
public static partial class SecurityRules
{
    private const string Area = "security";
    private const long MinHstsSeconds = 180L * 24 * 3600;

    /// <summary>The headers of one answer.</summary>
    public static IEnumerable<CheckResult> Headers(HttpAnswer answer, bool https)
    {
        yield return Header(
            answer, "x-content-type-options", v => v.Equals("nosniff", StringComparison.OrdinalIgnoreCase), "nosniff");
        yield return Header(
            answer, "referrer-policy", v => v.Equals("no-referrer", StringComparison.OrdinalIgnoreCase), "no-referrer");
        yield return Header(answer, "content-security-policy", IsStrictPolicy, "a policy without * and without unsafe scripts");
        if (https)
        {
            yield return Header(
                answer, "strict-transport-security",
                v => MaxAge().Match(v) is { Success: true } m
                    && long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) >= MinHstsSeconds,
                "max-age of at least 180 days");
        }

        var told = new[] { "server", "x-powered-by", "x-aspnet-version" }.Where(n => answer.Header(n) is not null).ToList();
        yield return told.Count == 0
            ? new(Area, $"{answer.Request}: software", Verdict.Ok, "not named")
            : new(
                Area, $"{answer.Request}: software", Verdict.Warn,
                "named: " + string.Join(", ", told.Select(n => $"{n}: {answer.Header(n)}")), "Take these headers away at the proxy.");
    }

    /// <summary>An answer to a page of another origin: nothing may allow it to read.</summary>
    public static CheckResult Cors(HttpAnswer answer, string origin)
    {
        var allowed = answer.Header("access-control-allow-origin");
        return allowed is "*" || allowed == origin
            ? new(
                Area, $"{answer.Request}: other origins", Verdict.Fail, $"access-control-allow-origin: {allowed}",
                "Allow only origins that you name.")
            : new(Area, $"{answer.Request}: other origins", Verdict.Ok, "not allowed");
    }

    /// <summary>One of these statuses, and nothing else.</summary>
    public static CheckResult Status(HttpAnswer answer, string check, params int[] wanted) => wanted.Contains(answer.Status)
        ? new(Area, check, Verdict.Ok, Number(answer.Status))
        : new(
            Area, check, Verdict.Fail, $"{answer.Request} answered {Number(answer.Status)}",
            $"It must be {string.Join(" or ", wanted.Select(Number))}.");

    /// <summary>Errors tell what to do, never how the inside looks.</summary>
    public static CheckResult ErrorBody(HttpAnswer answer)
    {
        var check = $"{answer.Request}: error body";
        return Trace().IsMatch(answer.Body)
            ? new(Area, check, Verdict.Fail, "shows a stack trace or an exception", "Run it with ASPNETCORE_ENVIRONMENT=Production.")
            : answer.Status >= 400 && answer.Body.Length > 0
                && answer.Header("content-type")?.StartsWith("application/problem+json", StringComparison.Ordinal) != true
                ? new(Area, check, Verdict.Warn, $"is {answer.Header("content-type")}, not a problem document", "Does a proxy answer?")
                : new(Area, check, Verdict.Ok, "no inside shown");
    }

    /// <summary>Every operation below /v1/admin of an OpenAPI document, with its parameters filled in.</summary>
    public static IReadOnlyList<(string Method, string Path)>? AdminOperations(string openApi)
    {
        try
        {
            using var json = JsonDocument.Parse(openApi);
            return json.RootElement.TryGetProperty("paths", out var paths)
                ?
                [
                    .. paths.EnumerateObject().Where(p => p.Name.StartsWith("/v1/admin", StringComparison.Ordinal)).SelectMany(
                        p => p.Value.EnumerateObject().Where(o => IsMethod(o.Name))
                            .Select(o => (o.Name.ToUpperInvariant(), Parameter().Replace(p.Name, "verify-none")))),
                ]
                : [];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsMethod(string name) => name is "get" or "post" or "put" or "patch" or "delete";

    private static CheckResult Header(HttpAnswer answer, string name, Func<string, bool> isRight, string wanted)
    {
        var check = $"{answer.Request}: {name}";
        return answer.Header(name) is not { } value
            ? new(Area, check, Verdict.Fail, "is missing", $"It must be {wanted}. Does a proxy take it away?")
            : isRight(value)
                ? new(Area, check, Verdict.Ok, value)
                : new(Area, check, Verdict.Fail, value, $"It must be {wanted}.");
    }

    /// <summary>Scripts come from named places alone, and nobody frames us.</summary>
    private static bool IsStrictPolicy(string policy)
    {
        var parts = policy.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(d => d.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToDictionary(w => w[0], w => w[1..]);
        var scripts = parts.GetValueOrDefault("script-src") ?? parts.GetValueOrDefault("default-src");
        return scripts is not null && !scripts.Any(s => s is "*" or "'unsafe-inline'" or "'unsafe-eval'" or "http:" or "https:")
            && parts.GetValueOrDefault("frame-ancestors") is ["'none'"] or ["'self'"];
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"max-age=(\d{1,12})")]
    private static partial Regex MaxAge();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\bat [\w.<>`]+\([^)]*\)|\bin [^\s]+\.cs:line|\b[A-Z]\w+Exception\b")]
    private static partial Regex Trace();
}
