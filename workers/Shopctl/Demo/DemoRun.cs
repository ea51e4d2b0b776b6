using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Demo;

/// <summary>One order as a buyer sees it, over HTTP alone. The only command that shows key text.</summary>
public sealed class DemoRun : IDisposable
{
    private const int PatienceSeconds = 30;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>From these an order does not come to a delivery by itself.</summary>
    private static readonly HashSet<string> Ended =
        ["sold-out", "refused", "expired", "cancelled", "refunding", "refunded", "review"];

    private readonly Session _session;
    private readonly Uri _api;
    private readonly Uri _sandbox;
    private readonly HttpClient _http;
    private readonly List<(string Step, TimeSpan At)> _steps = [];
    private long _started;

    public DemoRun(Session session)
    {
        _session = session;
        _api = session.Settings.Api;
        _sandbox = session.Settings.Sandbox;
        _http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(4) })
        {
            Timeout = TimeSpan.FromSeconds(PatienceSeconds),
        };
    }

    public async Task<int> RunAsync(string sku, int quantity, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(PatienceSeconds), _session.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        _started = _session.Time.GetTimestamp();
        try
        {
            return await OrderAsync(sku, quantity, both.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            ShowSteps();
            throw new ShopctlException(
                ExitCodes.Failed,
                $"After {PatienceSeconds} s the order has not come further than: " +
                $"{(_steps.Count > 0 ? _steps[^1].Step : "nothing")}. 'shopctl lag' shows what is waiting.",
                e);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<int> OrderAsync(string sku, int quantity, CancellationToken cancellation)
    {
        using var placed = await PlaceAsync(sku, quantity, cancellation);
        var order = placed.RootElement.GetProperty("orderId").GetString();
        var status = new Uri(_api, placed.RootElement.GetProperty("statusUrl").GetString());
        var token = placed.RootElement.GetProperty("token").GetString()!;
        Step($"order {order} accepted");

        using var payable = await PollAsync(
            status, token, s => s.TryGetProperty("payment", out var p) && Text(p, "link") is not null, cancellation);
        Step("payment link there");
        var link = payable.RootElement.GetProperty("payment").GetProperty("link").GetString()!;
        var number = new Uri(link).Segments[^1].Trim('/');
        await PayAsync(number, cancellation);
        Step("paid in the sandbox");

        using var delivered = await PollAsync(status, token, s => Text(s, "status") == "delivered", cancellation);
        Step("delivered");
        ShowSteps();
        foreach (var key in delivered.RootElement.GetProperty("delivery").GetProperty("keys").EnumerateArray())
        {
            var cardNumber = Text(key, "number") is { } n ? n + "  " : string.Empty;
            _session.Screen.Line($"key: {cardNumber}{Text(key, "secret")}");
        }

        return ExitCodes.Ok;
    }

    private async Task<JsonDocument> PlaceAsync(string sku, int quantity, CancellationToken cancellation)
    {
        // A contact of its own per run: the limit of open orders per contact is not what a demo shows.
        var contact = $"demo-{RandomNumberGenerator.GetHexString(8, lowercase: true)}@example.org";
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_api, "/v1/orders"));
        request.Headers.Add("Idempotency-Key", RandomNumberGenerator.GetHexString(32, lowercase: true));
        request.Content = new StringContent(
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"sku":"{{sku}}","quantity":{{quantity}},"contact":"{{contact}}","channel":"alipay"}"""),
            Encoding.UTF8, "application/json");
        var (code, body) = await SendAsync(request, "The shop", ShopctlSettings.ApiName, cancellation);
        return code == HttpStatusCode.Accepted ? body : throw Refused("the shop did not take the order", code, body);
    }

    private async Task PayAsync(string number, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_sandbox, "/pay/" + Uri.EscapeDataString(number)));
        var (code, body) = await SendAsync(request, "The sandbox", ShopctlSettings.SandboxName, cancellation);
        using (body)
        {
            if (code != HttpStatusCode.OK)
            {
                throw Refused("the sandbox did not take the payment", code, body);
            }
        }
    }

    /// <summary>Asks every 20 ms. Time that the shop cannot answer in is waited out, an order that has ended is not.</summary>
    private async Task<JsonDocument> PollAsync(
        Uri status, string token, Func<JsonElement, bool> there, CancellationToken cancellation)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, status);
            request.Headers.Authorization = new("Bearer", token);
            var (code, body) = await SendAsync(request, "The shop", ShopctlSettings.ApiName, cancellation);
            if (code == HttpStatusCode.OK && there(body.RootElement))
            {
                return body;
            }

            if (code == HttpStatusCode.OK && Text(body.RootElement, "status") is { } state && Ended.Contains(state))
            {
                body.Dispose();
                ShowSteps();
                throw new ShopctlException(ExitCodes.Failed, $"The order ended as '{state}' instead of being delivered.");
            }

            if (code is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable))
            {
                throw Refused("the shop does not show the order", code, body);
            }

            body.Dispose();
            await Task.Delay(PollEvery, _session.Time, cancellation);
        }
    }

    private async Task<(HttpStatusCode Code, JsonDocument Body)> SendAsync(
        HttpRequestMessage request, string server, string setting, CancellationToken cancellation)
    {
        try
        {
            using var response = await _http.SendAsync(request, cancellation);
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            return (response.StatusCode, await JsonDocument.ParseAsync(stream, cancellationToken: cancellation));
        }
        catch (HttpRequestException e)
        {
            throw new ShopctlException(
                ExitCodes.Unreachable,
                $"{server} at {request.RequestUri!.GetLeftPart(UriPartial.Authority)} (setting {setting}) " +
                $"cannot be reached: {e.Message}",
                e);
        }
        catch (JsonException e)
        {
            throw new ShopctlException(
                ExitCodes.Failed, $"{server} (setting {setting}) answered something that is no JSON.", e);
        }
    }

    private static ShopctlException Refused(string what, HttpStatusCode code, JsonDocument body)
    {
        var detail = Text(body.RootElement, "detail") ?? Text(body.RootElement, "title") ?? "no reason given";
        var fields = body.RootElement.ValueKind == JsonValueKind.Object
            && body.RootElement.TryGetProperty("errors", out var errors) ? " " + errors.GetRawText() : string.Empty;
        body.Dispose();
        return new(ExitCodes.Failed, string.Create(
            CultureInfo.InvariantCulture, $"Not delivered: {what}: {(int)code} {detail}{fields}"));
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private void Step(string what) => _steps.Add((what, _session.Time.GetElapsedTime(_started)));

    private void ShowSteps()
    {
        var table = Screen.Table("step", "#ms", "#since start, ms");
        var last = TimeSpan.Zero;
        foreach (var (step, at) in _steps)
        {
            Screen.Row(table, step, Milliseconds(at - last), Milliseconds(at));
            last = at;
        }

        _session.Screen.Show(table);
    }

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
}
