using CardShop.Shopctl.Preflight;
using CardShop.Shopctl.Verify;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

/// <summary>Verify's rules over answers and figures.</summary>
public sealed class When_an_installation_is_verified
{
    private const string Strict = "default-src 'self'; script-src 'self' 'nonce-x'; frame-ancestors 'none'";

    [Theory]
    [InlineData("x-content-type-options", "nosniff", Verdict.Ok)]
    [InlineData("x-content-type-options", null, Verdict.Fail)]
    [InlineData("x-content-type-options", "sniff", Verdict.Fail)]
    [InlineData("referrer-policy", "no-referrer", Verdict.Ok)]
    [InlineData("referrer-policy", "unsafe-url", Verdict.Fail)]
    [InlineData("content-security-policy", Strict, Verdict.Ok)]
    [InlineData("content-security-policy", "default-src 'none'; frame-ancestors 'none'", Verdict.Ok)]
    [InlineData("content-security-policy", "default-src *; frame-ancestors 'none'", Verdict.Fail)]
    [InlineData("content-security-policy", "script-src 'unsafe-inline'; frame-ancestors 'none'", Verdict.Fail)]
    [InlineData("content-security-policy", "default-src 'self'", Verdict.Fail)]
    [InlineData("content-security-policy", null, Verdict.Fail)]
    [InlineData("strict-transport-security", "max-age=31536000; includeSubDomains", Verdict.Ok)]
    [InlineData("strict-transport-security", "max-age=60", Verdict.Fail)]
    [InlineData("strict-transport-security", null, Verdict.Fail)]
    [InlineData("server", "nginx/1.2", Verdict.Warn)]
    public void Each_header_is_judged(string name, string? value, Verdict verdict)
    {
        var headers = new Dictionary<string, string>
        {
            ["x-content-type-options"] = "nosniff",
            ["referrer-policy"] = "no-referrer",
            ["content-security-policy"] = Strict,
            ["strict-transport-security"] = "max-age=31536000",
        };
        headers.Remove(name);
        if (value is not null)
        {
            headers[name] = value;
        }

        var rows = SecurityRules.Headers(Answer(200, headers: headers), https: true).ToList();
        Assert.Equal(verdict, rows.Max(r => r.Verdict));
        Assert.Equal(verdict == Verdict.Ok ? 0 : 1, rows.Count(r => r.Verdict != Verdict.Ok));
    }

    [Fact]
    public void Strict_transport_is_asked_for_where_there_is_transport_security() => Assert.DoesNotContain(
        SecurityRules.Headers(Answer(200), https: false), r => r.Check.Contains("strict-transport", StringComparison.Ordinal));

    [Theory]
    [InlineData(null, Verdict.Ok)]
    [InlineData("https://shop.example", Verdict.Ok)]
    [InlineData("*", Verdict.Fail)]
    [InlineData("https://elsewhere.example", Verdict.Fail)]
    public void Other_origins_are_not_let_in(string? allowed, Verdict verdict) => Assert.Equal(
        verdict,
        SecurityRules.Cors(
            Answer(200, headers: allowed is null ? [] : new() { ["access-control-allow-origin"] = allowed }),
            "https://elsewhere.example").Verdict);

    [Theory]
    [InlineData("""{"title":"There is nothing here","status":404}""", "application/problem+json", Verdict.Ok)]
    [InlineData("System.InvalidOperationException: x", "text/plain", Verdict.Fail)]
    [InlineData("   at CardShop.Api.Orders.PlaceOrder.HandleAsync(HttpContext context)", "application/problem+json", Verdict.Fail)]
    [InlineData("<html>502</html>", "text/html", Verdict.Warn)]
    public void An_error_shows_nothing_of_the_inside(string body, string type, Verdict verdict) => Assert.Equal(
        verdict, SecurityRules.ErrorBody(Answer(404, body, new() { ["content-type"] = type })).Verdict);

    [Fact]
    public void Admin_addresses_are_read_from_the_document_that_describes_them()
    {
        const string Document =
            """
            {"paths":{"/v1/orders":{"post":{}},"/v1/admin/orders/{id}/refund":{"post":{},"parameters":[]},
             "/v1/admin/stock":{"get":{},"delete":{}}}}
            """;
        Assert.Equal(
            [("POST", "/v1/admin/orders/verify-none/refund"), ("GET", "/v1/admin/stock"), ("DELETE", "/v1/admin/stock")],
            SecurityRules.AdminOperations(Document));
        Assert.Null(SecurityRules.AdminOperations("no JSON"));
    }

    [Fact]
    public void Only_the_wanted_status_counts()
    {
        Assert.Equal(Verdict.Ok, SecurityRules.Status(Answer(401), "x", 401, 429).Verdict);
        Assert.Equal(Verdict.Fail, SecurityRules.Status(Answer(200), "x", 401, 429).Verdict);
    }

    [Theory]
    [InlineData(10, 0, 0, Verdict.Ok)]
    [InlineData(300, 0, 0, Verdict.Warn)]
    [InlineData(2_100, 0, 0, Verdict.Fail)]
    [InlineData(10, 1, 0, Verdict.Fail)]
    [InlineData(10, 0, 5, Verdict.Ok)]
    public void A_load_is_judged_by_its_slow_answers_and_failures(double slowestMs, int failed, int limited, Verdict verdict)
    {
        double[] took = [.. Enumerable.Repeat(1.0, 90), .. Enumerable.Repeat(slowestMs, 10)];
        Assert.Equal(verdict, LoadRules.Judge(new("x", took, failed, limited, TimeSpan.FromSeconds(1)), 200).Verdict);
    }

    [Fact]
    public void A_load_without_answers_failed_unless_it_was_turned_away()
    {
        Assert.Equal(Verdict.Fail, LoadRules.Judge(new("x", [], 3, 0, TimeSpan.FromSeconds(1)), 200).Verdict);
        Assert.Equal(Verdict.Info, LoadRules.Judge(new("x", [], 0, 3, TimeSpan.FromSeconds(1)), 200).Verdict);
    }

    [Theory]
    [InlineData(0.5, 50)]
    [InlineData(0.95, 95)]
    [InlineData(0.99, 99)]
    [InlineData(1, 100)]
    [InlineData(0, 1)]
    public void Percentiles_are_of_the_nearest_rank(double part, double expected) =>
        Assert.Equal(expected, LoadRules.Percentile([.. Enumerable.Range(1, 100).Select(i => (double)i)], part));

    private static HttpAnswer Answer(int status, string body = "", Dictionary<string, string>? headers = null) =>
        new("GET /x", status, headers ?? [], body, TimeSpan.Zero);
}
