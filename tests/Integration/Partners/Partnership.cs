using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Partners;
using CardShop.Tests.Integration.Shop;

namespace CardShop.Tests.Integration.Partners;

/// <summary>A partner of a running shop, made as shopctl makes one.</summary>
internal sealed record Partnership(RunningShop Shop, string Id, string Key)
{
    /// <summary>Returns when the API knows the key.</summary>
    public static async Task<Partnership> MakeAsync(
        RunningShop shop, string id, IReadOnlyList<string>? skus = null, IReadOnlyList<string>? scopes = null)
    {
        var key = PartnerKeys.Create(shop.Secrets.ContactHash, RandomNumberGenerator.GetBytes(36), DateTimeOffset.UtcNow);
        await PartnerStore.PutAsync(
            shop.Database, new(id, id, true, scopes ?? PartnerScopes.All, skus, [key.Kept], 0), CancellationToken.None);
        var partner = new Partnership(shop, id, key.Text);
        await Eventually.TrueAsync(
            async () => (await partner.GetAsync("/v1/events?after=latest")).Status is HttpStatusCode.OK or HttpStatusCode.Forbidden,
            $"the API knows the key of {id}");
        return partner;
    }

    public async Task<(string Id, byte[] Secret)> AddWebhookAsync(
        Uri url, IReadOnlyList<string>? skus = null, IReadOnlyList<string>? events = null)
    {
        var id = "wh_" + RandomNumberGenerator.GetHexString(16, lowercase: true);
        var secret = RandomNumberGenerator.GetBytes(32);
        await PartnerStore.AddWebhookAsync(
            Shop.Database,
            new(id, Id, url.AbsoluteUri, events, skus, true, null, DateTimeOffset.UtcNow, 0, 0, 0, null, null, null, null),
            new WebhookSecrets(Shop.Secrets.KeyEncryption).Seal(id, secret),
            CancellationToken.None);
        return (id, secret);
    }

    public Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(
        string path, string body, string? idempotencyKey = null) => SendAsync(HttpMethod.Post, path, body, idempotencyKey);

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(
        HttpMethod method, string path, string? body, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Shop.Api, path));
        request.Headers.Authorization = new("Bearer", Key);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await Shop.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return (answer.StatusCode, json.RootElement.Clone());
    }
}
