using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>Sends one signed call and returns its verified answer. Repeating is the saga's decision.</summary>
internal sealed class WeChatGateway(WeChatOptions options, bool useProxy, TimeProvider clock, HttpMessageHandler? handler)
    : IDisposable
{
    private const int NonceLength = 32;
    private static readonly ProductInfoHeaderValue Product = new("CardShop", "1");
    private readonly ProviderHttp _http = new(options, useProxy, clock, handler);

    public Task<WeChatAnswer> GetAsync(WeChatProfile profile, string path, CancellationToken cancellation) =>
        CallAsync(profile, HttpMethod.Get, path, null, cancellation);

    public Task<WeChatAnswer> PostAsync(
        WeChatProfile profile, string path, byte[] body, CancellationToken cancellation) =>
        CallAsync(profile, HttpMethod.Post, path, body, cancellation);

    public void Dispose() => _http.Dispose();

    /// <summary>Verifies an answer over its raw bytes and takes the fields out of it.</summary>
    internal static WeChatAnswer Open(
        WeChatProfile profile, int status, Func<string, string?> header, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        var fields = body.Length == 0 ? default(JsonElement) : WeChatJson.Read(body);
        if (WhyUnsigned(profile, header, body, now) is { } fault)
        {
            // Proves nothing, yet an operator needs the hint: what the provider's edge answers is not signed, and
            // neither is the refusal of a request whose own signature was wrong.
            var code = WeChatAnswer.Shorten(WeChatJson.Text(fields ?? default, "code") ?? "no code", 64);
            return WeChatAnswer.Failed(
                status is < 200 or > 299 && header(WeChatHeaders.Signature) is null ? $"HTTP_{status}" : fault,
                "unverified: " + code);
        }

        if (fields is null)
        {
            return WeChatAnswer.Failed("ANSWER_UNREADABLE");
        }

        var answer = new WeChatAnswer(status, fields.Value);
        return answer.IsSuccess || answer.Code is not null ? answer : WeChatAnswer.Failed($"HTTP_{status}");
    }

    private Task<WeChatAnswer> CallAsync(
        WeChatProfile profile, HttpMethod method, string path, byte[]? body, CancellationToken cancellation) =>
        _http.CallAsync(
            () => Write(profile, method, path, body),
            (response, raw) => Open(
                profile, (int)response.StatusCode, name => HeaderOf(response, name), raw, clock.GetUtcNow()),
            WeChatAnswer.Failed, readsErrors: true, cancellation);

    /// <summary>The body is the saved payment's alone; time, nonce and so the signature are each call's own.</summary>
    private HttpRequestMessage Write(WeChatProfile profile, HttpMethod method, string path, byte[]? body)
    {
        var address = new Uri(profile.Gateway.AbsoluteUri.TrimEnd('/') + path);
        var timestamp = WeChatSignature.Timestamp(clock.GetUtcNow());
        var nonce = RandomNumberGenerator.GetHexString(NonceLength);
        var signature = WeChatSignature.Sign(
            profile.PrivateKey,
            WeChatSignature.OfRequest(method.Method, address.PathAndQuery, timestamp, nonce, body));
        var request = new HttpRequestMessage(method, address);
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            WeChatSignature.Authorization(profile.MerchantId, nonce, signature, timestamp, profile.SerialNo));
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.UserAgent.Add(Product);
        if (profile.AskedSerial is { } serial)
        {
            request.Headers.Add(WeChatHeaders.Serial, serial);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return request;
    }

    /// <summary>Null for an answer that WeChat Pay signed, lately.</summary>
    private static string? WhyUnsigned(
        WeChatProfile profile, Func<string, string?> header, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        if (header(WeChatHeaders.Signature) is not { } signature || header(WeChatHeaders.Serial) is not { } serial
            || header(WeChatHeaders.Timestamp) is not { } timestamp || header(WeChatHeaders.Nonce) is not { } nonce)
        {
            return "SIGNATURE_MISSING";
        }

        if (!WeChatSignature.IsFresh(timestamp, now))
        {
            return "SIGNATURE_STALE";
        }

        if (profile.KeyOf(serial) is not { } key)
        {
            return "SIGNATURE_KEY_UNKNOWN";
        }

        return WeChatSignature.Verify(key, WeChatSignature.OfMessage(timestamp, nonce, body.Span), signature)
            ? null
            : "SIGNATURE_WRONG";
    }

    /// <summary>A header that is there once; one that stands there twice proves nothing.</summary>
    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) && values.ToList() is [{ Length: > 0 } only] ? only : null;
}
