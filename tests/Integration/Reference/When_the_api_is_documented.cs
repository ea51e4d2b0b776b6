using System.Security.Cryptography;
using System.Text.Json;
using CardShop.Api;
using CardShop.Shop.Orders;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace CardShop.Tests.Integration.Reference;

/// <summary>The API alone: its document needs no server.</summary>
public sealed class When_the_api_is_documented : IAsyncLifetime
{
    private readonly string _secrets = Directory.CreateTempSubdirectory("cardshop-docs").FullName;
    private readonly HttpClient _http = new();
    private WebApplication _api = null!;

    public async ValueTask InitializeAsync()
    {
        ShopSecrets.Create(_secrets);
        _api = ApiHost.Build(
        [
            "--urls", "http://127.0.0.1:0", "--Local=true", "--Kafka:BootstrapServers=127.0.0.1:9", "--Secrets:Directory=" + _secrets,
            .. Profile().Select(s => $"--Channels:alipay:Profiles:0:{s.Name}={s.Value}"),
        ]);
        await _api.StartAsync(TestContext.Current.CancellationToken);
        _http.BaseAddress = new(_api.Urls.First());
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _api.DisposeAsync();
        Directory.Delete(_secrets, recursive: true);
    }

    /// <summary>An API has a merchant's account, or it does not start.</summary>
    private IEnumerable<(string Name, string Value)> Profile()
    {
        using var key = RSA.Create(2_048);
        var secret = Path.Combine(_secrets, "merchant.pem");
        var known = Path.Combine(_secrets, "provider.pem");
        File.WriteAllText(secret, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(known, key.ExportSubjectPublicKeyInfoPem());
        return
        [
            ("Name", "default"), ("NotifyUrl", "http://127.0.0.1:1/"), ("PrivateKeyFile", secret), ("AppId", "2021000000000001"),
            ("SellerId", "2088000000000001"), ("Gateway", "http://127.0.0.1:1/"), ("AlipayPublicKeyFile", known),
        ];
    }

    [Fact]
    public async Task Every_operation_says_what_it_does_with_an_example_of_each_body_and_of_each_error()
    {
        using var document = JsonDocument.Parse(
            await _http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken));

        Assert.Equal(string.Empty, string.Join('\n', ReferenceReview.Gaps(document.RootElement)));
        var operations = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).ToList();
        Assert.True(operations.Count >= 30, $"{operations.Count} operations are too few: the walk has missed some.");
        // Whoever reads it sees at once which parts are for him.
        Assert.Equal(
            ["buyers", "operators", "partners", "payments"],
            operations.Select(o => o.Value.GetProperty("tags")[0].GetString()).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_gap_is_found()
    {
        using var document = JsonDocument.Parse(
            """
            {"paths":{"/x":{"post":{"requestBody":{"content":{"application/json":{}}},
              "responses":{"200":{"content":{"application/json":{}}},"404":{"content":{"application/problem+json":{"example":{"status":400,"title":"no"}}}}}}}}}
            """);

        Assert.Equal(
            [
                "POST /x: no summary", "POST /x: request has no example of application/json",
                "POST /x: answer 200 has no example of application/json", "POST /x: answer 404 has no example of its problem",
            ],
            ReferenceReview.Gaps(document.RootElement));
    }

    [Fact]
    public async Task The_page_is_strict_and_of_swagger_ui_only_what_it_needs_is_served()
    {
        using var page = await _http.GetAsync(new Uri("/docs", UriKind.Relative), TestContext.Current.CancellationToken);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; ", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);

        foreach (var (path, status) in new[]
        {
            ("/docs/ui/swagger-ui.css", 200), ("/docs/ui/swagger-ui-bundle.js", 200), ("/docs/ui/index.html", 404),
            ("/docs/ui/oauth2-redirect.html", 404), ("/docs/ui/index.js", 404), ("/docs/ui/", 404),
        })
        {
            using var file = await _http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal((path, status), (path, (int)file.StatusCode));
        }
    }
}
