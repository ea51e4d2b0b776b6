using System.Net;
using System.Net.Sockets;
using CardShop.Shop.Channels.Resilience;

namespace CardShop.Shop.Channels;

/// <summary>
/// The HTTP side of every provider: one call within its limits. What the network did is an answer too, named by a code;
/// only cancellation is thrown. Signing and verifying are each provider's own.
/// </summary>
/// <param name="handler">Stands in for the network in tests; else one with the timeouts of the options.</param>
internal sealed class ProviderHttp(ProviderHttpOptions options, bool useProxy, TimeProvider clock, HttpMessageHandler? handler)
    : IDisposable
{
    private readonly LenientTime _limits = new(clock);

    private readonly HttpClient _http = new(handler ?? CreateHandler(options, useProxy), disposeHandler: handler is null)
    {
        Timeout = Timeout.InfiniteTimeSpan, // the call's own limit below covers the body too
    };

    /// <param name="write">Makes the signed request.</param>
    /// <param name="open">Verifies and reads an answer: its status, its headers, its whole body.</param>
    /// <param name="failed">The answer of a call without one: a code, and a detail that is safe to log.</param>
    /// <param name="readsErrors">False: an answer other than 200 is <c>HTTP_nnn</c>, and its body is not read.</param>
    public async Task<T> CallAsync<T>(
        Func<HttpRequestMessage> write, Func<HttpResponseMessage, ReadOnlyMemory<byte>, T> open,
        Func<string, string?, T> failed, bool readsErrors, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.CallTimeout, _limits);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = write();
            using var response = await _http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!readsErrors && response.StatusCode != HttpStatusCode.OK)
            {
                return failed($"HTTP_{(int)response.StatusCode}", null);
            }

            return await ReadAsync(response.Content, either.Token) is { } body
                ? open(response, body)
                : failed("ANSWER_TOO_LARGE", null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return failed("TIMEOUT", null);
        }
        catch (HttpRequestException failure)
        {
            return failed(
                failure.InnerException is SocketException ? "CONNECTION_FAILED" : "HTTP_FAILED",
                failure.HttpRequestError.ToString());
        }
        catch (IOException failure)
        {
            return failed("HTTP_FAILED", failure.GetType().Name);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <returns>Null when there is more than the limit.</returns>
    private async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        var stream = await content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[Math.Min(options.MaxResponseBytes + 1, 4096)];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            length += read;
            if (length > options.MaxResponseBytes)
            {
                return null;
            }

            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, options.MaxResponseBytes + 1));
            }
        }
    }

    private static SocketsHttpHandler CreateHandler(ProviderHttpOptions options, bool useProxy) => new()
    {
        AllowAutoRedirect = false, // a signed call goes where the setting says and nowhere else
        UseCookies = false,
        ActivityHeadersPropagator = null, // traces are ours; no other house hears of them
        UseProxy = useProxy,
        ConnectTimeout = options.ConnectTimeout,
        MaxConnectionsPerServer = options.MaxConnections,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2), // a changed address is noticed
        MaxResponseHeadersLength = 16,
    };
}
