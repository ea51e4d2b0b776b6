using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Verify;

/// <summary>An answer, as far as it is looked at.</summary>
/// <param name="Headers">By lower-case name; several values joined by a comma.</param>
/// <param name="Body">At most its first 64 KiB.</param>
public sealed record HttpAnswer(
    string Request, int Status, IReadOnlyDictionary<string, string> Headers, string Body, TimeSpan Took)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>A text of the JSON body's top level; null where there is none.</summary>
    public string? Text(string name)
    {
        try
        {
            using var json = JsonDocument.Parse(Body);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Calls one installation, as a buyer's browser or a stranger does. Follows no redirect, keeps no cookie.</summary>
public sealed class VerifyClient : IDisposable
{
    private const int MaxBody = 2 * 1024 * 1024;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public VerifyClient(Uri address, TimeProvider time)
    {
        Address = address;
        _time = time;
        _http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectLimit,
            MaxConnectionsPerServer = 32,
            AutomaticDecompression = DecompressionMethods.None,
        })
        {
            Timeout = Limit,
        };
    }

    public Uri Address { get; }

    /// <param name="token">Sent as a bearer.</param>
    /// <param name="json">The body.</param>
    /// <exception cref="ShopctlException">There is no answer (exit code 3).</exception>
    public async Task<HttpAnswer> SendAsync(
        HttpMethod method, string path, CancellationToken cancellation, string? token = null, string? json = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path));
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        var started = _time.GetTimestamp();
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var body = await ReadAsync(answer.Content, cancellation);
            var took = _time.GetElapsedTime(started);
            return new(
                $"{method.Method} {path}", (int)answer.StatusCode,
                answer.Headers.Concat(answer.Content.Headers).GroupBy(h => h.Key.ToLowerInvariant())
                    .ToDictionary(g => g.Key, g => string.Join(", ", g.SelectMany(h => h.Value))),
                body, took);
        }
        catch (Exception e) when (
            e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ShopctlException(
                ExitCodes.Unreachable,
                $"{Address.GetLeftPart(UriPartial.Authority)} (the URL to be verified) cannot be reached: {e.Message.TrimEnd('.')}.", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (body.Length < MaxBody && await stream.ReadAsync(buffer, cancellation) is > 0 and var length)
        {
            await body.WriteAsync(buffer.AsMemory(0, length), CancellationToken.None);
        }

        return Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length);
    }
}
