using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace CardShop.Shop.Partners;

/// <summary>Finds the addresses of a name.</summary>
public delegate Task<IPAddress[]> ResolveName(string host, CancellationToken cancellation);

/// <summary>
/// Calls partners' endpoints. It follows no redirect, uses no proxy, keeps no cookies, connects only to addresses that
/// it has judged itself, and takes little time and few bytes. Repeating is the retry rule's decision.
/// </summary>
public sealed class WebhookCaller : IDisposable
{
    /// <summary>Of an answer: enough for an error page; what is beyond is not read.</summary>
    private const int MaxAnswer = 64 * 1024;

    private const int MaxAddresses = 4;
    private readonly HttpClient _http;
    private readonly WebhookOptions _options;
    private readonly ResolveName _resolve;
    private readonly TimeProvider _time;

    /// <param name="resolve">Null = the system's resolver.</param>
    public WebhookCaller(WebhookOptions options, TimeProvider time, ResolveName? resolve = null)
    {
        _options = options;
        _time = time;
        _resolve = resolve ?? Dns.GetHostAddressesAsync;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null, // traces are ours; no other house hears of them
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            // A kept connection would outlive the judgement of its address.
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 0,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan, // the call's own limit below covers the body too
        };
    }

    /// <summary>Sends one event. Never throws for what an endpoint or the network does.</summary>
    /// <param name="secrets">The newest first.</param>
    public async Task<WebhookAnswer> PostAsync(
        Uri url, string id, byte[] payload, IReadOnlyList<byte[]> secrets, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(_options.CallTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = Request(url, id, payload, secrets);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            await SkipBodyAsync(response.Content, either.Token);
            return new((int)response.StatusCode, RetryAfter: RetryAfter(response.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new(null, "no answer in time");
        }
        catch (HttpRequestException e)
        {
            return new(null, e.InnerException switch
            {
                RefusedAddressException => "the name leads to an address of a private network",
                SocketException s => "no connection: " + s.SocketErrorCode,
                _ => "HTTP failed: " + e.HttpRequestError,
            });
        }
        catch (IOException)
        {
            return new(null, "the answer broke off");
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(Uri url, string id, byte[] payload, IReadOnlyList<byte[]> secrets)
    {
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(payload) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents+json") { CharSet = "utf-8" };
        request.Headers.UserAgent.Add(new("CardShop-Webhooks", "1"));
        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(WebhookSignature.TimestampHeader, timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Of(secrets, id, timestamp, payload));
        return request;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var end = context.DnsEndPoint;
        IPAddress[] found = IPAddress.TryParse(end.Host, out var literal) ? [literal] : await _resolve(end.Host, cancellation);
        var allowed = found.Where(a => WebhookAddress.IsAllowed(a, _options)).Take(MaxAddresses).ToArray();
        if (allowed.Length == 0)
        {
            throw found.Length == 0 ? new SocketException((int)SocketError.HostNotFound) : new RefusedAddressException();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // By address, never by name again: what was judged is what is called.
            await socket.ConnectAsync(allowed, end.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads what little an endpoint should say, so that the connection can be used again.</summary>
    private static async Task SkipBodyAsync(HttpContent content, CancellationToken cancellation)
    {
        await using var body = await content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[4096];
        for (var total = 0; total < MaxAnswer;)
        {
            var read = await body.ReadAsync(buffer, cancellation);
            if (read == 0)
            {
                return;
            }

            total += read;
        }
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) => header switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > _time.GetUtcNow() => date - _time.GetUtcNow(),
        _ => null,
    };
}

/// <summary>Every address of a name is one that must not be called.</summary>
public sealed class RefusedAddressException() : Exception("Not a public address");
