using System.Net.Sockets;
using System.Security.Authentication;
using CardShop.Shopctl.Preflight;

namespace CardShop.Shopctl.Verify;

/// <summary>Plays a stranger: wrong tokens, other origins, bodies that are too large; reads what comes back.</summary>
internal sealed class SecurityChecks(VerifyClient client, TimeProvider time)
{
    private const string Area = "security";
    private const string Stranger = "https://elsewhere.example";
    private const string NoOrder = "/v1/orders/aaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const int MaxAdminOperations = 200;
    private const int OverTheLimit = 17 * 1024;

    /// <summary>Of the right form, and made by nobody here.</summary>
    private const string WrongToken = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private readonly bool _https = client.Address.Scheme == Uri.UriSchemeHttps;

    public async Task<IReadOnlyList<CheckResult>> RunAsync(CancellationToken cancellation)
    {
        var results = new List<CheckResult>();
        results.AddRange(await TlsAsync(cancellation));
        var products = await client.SendAsync(HttpMethod.Get, "/v1/products", cancellation);
        results.AddRange(SecurityRules.Headers(products, _https));
        results.AddRange(SecurityRules.Headers(await client.SendAsync(HttpMethod.Get, "/", cancellation), _https));
        results.Add(SecurityRules.Cors(
            await client.SendAsync(HttpMethod.Get, "/v1/products", cancellation, headers: ("Origin", Stranger)), Stranger));
        results.Add(SecurityRules.Cors(
            await client.SendAsync(
                HttpMethod.Options, "/v1/orders", cancellation, null, null, ("Origin", Stranger),
                ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type")),
            Stranger));
        results.AddRange(await TokensAsync(cancellation));
        results.AddRange(await BodiesAsync(cancellation));
        results.AddRange(await AdminAsync(cancellation));
        return results;
    }

    private async Task<IReadOnlyList<CheckResult>> TlsAsync(CancellationToken cancellation)
    {
        if (!_https)
        {
            return
            [
                client.Address.IsLoopback
                    ? new(Area, "TLS", Verdict.Info, "plain http on loopback")
                    : new(
                        Area, "TLS", Verdict.Fail, "plain http: whoever is between reads keys and tokens",
                        "Put TLS in front and verify the https address."),
            ];
        }

        try
        {
            var shown = await HostCollector.OfServerAsync("TLS certificate", client.Address.Host, client.Address.Port, cancellation);
            var isNew = shown.Protocol is "Tls12" or "Tls13";
            return
            [
                new(Area, "TLS", isNew ? Verdict.Ok : Verdict.Fail, shown.Protocol ?? "?", isNew ? null : "Offer TLS 1.2 and 1.3 alone."),
                HostRules.Certificate(shown, time.GetUtcNow()),
            ];
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or TimeoutException)
        {
            return [new(Area, "TLS", Verdict.Fail, e.Message, "Look at the certificate and the TLS settings of the proxy.")];
        }
    }

    private async Task<IReadOnlyList<CheckResult>> TokensAsync(CancellationToken cancellation)
    {
        var missing = await client.SendAsync(HttpMethod.Get, NoOrder, cancellation);
        var wrong = await client.SendAsync(HttpMethod.Get, NoOrder, cancellation, WrongToken);
        var events = await client.SendAsync(HttpMethod.Get, "/v1/events", cancellation);
        var wrongKey = await client.SendAsync(HttpMethod.Get, "/v1/events", cancellation, WrongToken);
        return
        [
            SecurityRules.Status(missing, "an order without a token", 401),
            SecurityRules.Status(wrong, "an order with a wrong token", 404),
            SecurityRules.Status(events, "partners' events without a key", 401),
            SecurityRules.Status(wrongKey, "partners' events with a wrong key", 401),
            SecurityRules.ErrorBody(missing), SecurityRules.ErrorBody(wrong), SecurityRules.ErrorBody(events),
        ];
    }

    private async Task<IReadOnlyList<CheckResult>> BodiesAsync(CancellationToken cancellation)
    {
        var large = await client.SendAsync(
            HttpMethod.Post, "/v1/orders", cancellation, json: "{\"sku\":\"" + new string('x', OverTheLimit) + "\"}");
        var unknown = await client.SendAsync(
            HttpMethod.Post, "/v1/orders", cancellation,
            json: """{"sku":"NONE","quantity":1,"contact":"verify@example.org","channel":"alipay","isAdmin":true}""");
        var broken = await client.SendAsync(HttpMethod.Post, "/v1/orders", cancellation, json: "{\"sku\":");
        var nowhere = await client.SendAsync(HttpMethod.Get, "/v1/verify-none", cancellation);
        return
        [
            SecurityRules.Status(large, "a body over 16 KiB", 413),
            SecurityRules.Status(unknown, "a body with an unknown field", 400),
            SecurityRules.Status(broken, "a body that is no JSON", 400),
            SecurityRules.Status(nowhere, "an address that is not there", 404),
            SecurityRules.ErrorBody(large), SecurityRules.ErrorBody(unknown), SecurityRules.ErrorBody(broken),
            SecurityRules.ErrorBody(nowhere),
        ];
    }

    /// <summary>Each listed operation without a key; one with a wrong key, as more would lock this address out.</summary>
    private async Task<IReadOnlyList<CheckResult>> AdminAsync(CancellationToken cancellation)
    {
        var document = await client.SendAsync(HttpMethod.Get, "/openapi/v1.json", cancellation);
        if (document.Status != 200)
        {
            return [new(Area, "admin", Verdict.Warn, $"/openapi/v1.json answered {document.Status}", "It lists what is to be checked.")];
        }

        var operations = SecurityRules.AdminOperations(document.Body);
        if (operations is null)
        {
            return [new(Area, "admin", Verdict.Fail, "/openapi/v1.json is no JSON, or too long to be read", "No admin address was checked.")];
        }

        if (operations.Count == 0)
        {
            return [new(Area, "admin", Verdict.Info, "no address below /v1/admin is listed")];
        }

        var open = new List<CheckResult>();
        foreach (var (method, path) in operations.Take(MaxAdminOperations))
        {
            var answer = await client.SendAsync(new(method), path, cancellation, json: method == "GET" ? null : "{}");
            var result = SecurityRules.Status(answer, $"{method} {path} without a key", 401, 429);
            if (result.Verdict != Verdict.Ok)
            {
                open.Add(result);
            }
        }

        var wrong = await client.SendAsync(
            new(operations[0].Method), operations[0].Path, cancellation, WrongToken, operations[0].Method == "GET" ? null : "{}");
        return
        [
            .. open.Count == 0
                ? [new(Area, "admin without a key", Verdict.Ok, $"{Math.Min(operations.Count, MaxAdminOperations)} operations, each refused")]
                : open,
            SecurityRules.Status(wrong, "admin with a wrong key", 401, 403, 429),
        ];
    }
}
