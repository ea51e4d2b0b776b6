using System.Net;
using System.Text;
using System.Text.Json;

namespace CardShop.Tests.Integration.Shop;

/// <summary>What a command said, as the console gets it.</summary>
internal sealed record ConsoleReply(HttpStatusCode Status, string Text, HttpResponseMessage Message)
{
    public IReadOnlyList<JsonElement> Said =>
        [.. Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];

    public int Exit => Said[^1].GetProperty("exit").GetInt32();

    public string? ApprovalId => Said[^1].TryGetProperty("approvalId", out var id) ? id.GetString() : null;

    /// <summary>Standard output.</summary>
    public string Lines => string.Join('\n', Said.Where(s => s.TryGetProperty("line", out _)).Select(s => s.GetProperty("line").GetString()));
}

/// <summary>The console's page in a browser: a cookie, and the headers of a page of the same site.</summary>
internal sealed class ConsoleCaller(RunningShop shop) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, UseProxy = false });

    /// <summary>The cookie's value; null = not logged in.</summary>
    public string? Cookie { get; set; }

    /// <summary>Everything that was answered.</summary>
    public StringBuilder Heard { get; } = new();

    /// <param name="console">Null leaves the console's header out.</param>
    public async Task<ConsoleReply> SendAsync(
        HttpMethod method, string path, HttpContent? body = null, string? console = "1", string site = "same-origin", string? bearer = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(shop.Api, path)) { Content = body };
        request.Headers.Add("Sec-Fetch-Site", site);
        if (Cookie is not null)
        {
            request.Headers.Add("Cookie", "cardshop_ops=" + Cookie);
        }

        if (console is not null)
        {
            request.Headers.Add("CardShop-Console", console);
        }

        if (bearer is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + bearer);
        }

        var message = await _http.SendAsync(request);
        var text = await message.Content.ReadAsStringAsync();
        Heard.AppendLine(text);
        return new(message.StatusCode, text, message);
    }

    public Task<ConsoleReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    /// <returns>The Set-Cookie header of the answer; null where it sets none.</returns>
    public async Task<(ConsoleReply Reply, string? SetCookie)> LogInAsync(string key)
    {
        var reply = await SendAsync(HttpMethod.Post, "/v1/admin/session", Json(JsonSerializer.Serialize(new Dictionary<string, string> { ["key"] = key })));
        var set = reply.Message.Headers.TryGetValues("Set-Cookie", out var values) ? values.Single() : null;
        Cookie = set?.Split(';')[0].Split('=')[1];
        return (reply, set);
    }

    /// <param name="more">Further fields, as <c>"why":"w"</c>.</param>
    public Task<ConsoleReply> RunAsync(string command, string arguments = "{}", string more = "\"why\":\"a test\"") => SendAsync(
        HttpMethod.Post, "/v1/admin/commands",
        Json($$"""{"command":"{{command}}","arguments":{{arguments}}{{(more.Length == 0 ? "" : "," + more)}}}"""));

    public Task<ConsoleReply> ImportAsync(string sku, string text, string query)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        content.Headers.ContentType = new("application/octet-stream");
        return SendAsync(HttpMethod.Post, $"/v1/admin/products/{sku}/keys?{query}", content);
    }

    public void Dispose() => _http.Dispose();

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
