using System.Net;
using System.Text;
using System.Text.Json;

namespace CardShop.Tests.Integration.Shop;

/// <summary>What the operators' interface answered.</summary>
internal sealed record AdminReply(HttpStatusCode Status, string Text, HttpResponseMessage Message)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Word(string name) => Json.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>Calls the operators' interface of a shop of the tests over HTTP.</summary>
internal sealed class AdminCaller(RunningShop shop)
{
    private int _keys;

    /// <summary>Every method and path that the shop's OpenAPI document lists under <c>/v1/admin/</c>.</summary>
    public async Task<IReadOnlyList<(HttpMethod Method, string Path)>> ListedAsync()
    {
        using var document = JsonDocument.Parse(await shop.Http.GetStringAsync(new Uri(shop.Api, "/openapi/v1.json")));
        return
        [
            .. document.RootElement.GetProperty("paths").EnumerateObject()
                .Where(p => p.Name.StartsWith("/v1/admin/", StringComparison.Ordinal))
                .SelectMany(p => p.Value.EnumerateObject().Select(m => (new HttpMethod(m.Name.ToUpperInvariant()), p.Name))),
        ];
    }

    /// <param name="key">The bearer key; null sends none.</param>
    /// <param name="body">JSON; null sends none.</param>
    /// <param name="call">The Idempotency-Key; null makes a fresh one.</param>
    public async Task<AdminReply> SendAsync(HttpMethod method, string path, string? key, string? body = null, string? call = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(shop.Api, path));
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        }

        request.Headers.Add("Idempotency-Key", call ?? $"a-call-of-the-tests-{Interlocked.Increment(ref _keys)}");
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        var message = await shop.Http.SendAsync(request);
        return new(message.StatusCode, await message.Content.ReadAsStringAsync(), message);
    }

    public Task<AdminReply> GetAsync(string path, string name) => SendAsync(HttpMethod.Get, path, Shopctl.KeyOf(name));

    public Task<AdminReply> PostAsync(string path, string name, string body, string? call = null) =>
        SendAsync(HttpMethod.Post, path, Shopctl.KeyOf(name), body, call);
}
