using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>Sends one signed call and returns its verified answer. Repeating is the saga's decision.</summary>
internal sealed class UnionPayGateway : IDisposable
{
    private const string FormType = "application/x-www-form-urlencoded";
    private readonly HttpClient _http;
    private readonly UnionPayOptions _options;
    private readonly TimeProvider _clock;

    public UnionPayGateway(UnionPayOptions options, bool useProxy, TimeProvider clock, HttpMessageHandler? handler)
    {
        _options = options;
        _clock = clock;
        _http = new HttpClient(handler ?? CreateHandler(options, useProxy), disposeHandler: handler is null)
        {
            Timeout = Timeout.InfiniteTimeSpan, // the call's own limit below covers the body too
        };
    }

    public async Task<UnionPayAnswer> CallAsync(
        UnionPayProfile profile, Uri address, Dictionary<string, string> fields, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(_options.CallTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address);
            request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(UnionPayRequests.Form(fields)));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(FormType) { CharSet = "UTF-8" };
            using var response = await _http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return UnionPayAnswer.Failed($"HTTP_{(int)response.StatusCode}");
            }

            var body = await ReadAsync(response.Content, either.Token);
            return body is null
                ? UnionPayAnswer.Failed("ANSWER_TOO_LARGE")
                : Open(profile, fields, body.Value.Span, _clock.GetUtcNow());
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return UnionPayAnswer.Failed("TIMEOUT");
        }
        catch (HttpRequestException failure)
        {
            return UnionPayAnswer.Failed(
                failure.InnerException is SocketException ? "CONNECTION_FAILED" : "HTTP_FAILED",
                failure.HttpRequestError.ToString());
        }
        catch (IOException failure)
        {
            return UnionPayAnswer.Failed("HTTP_FAILED", failure.GetType().Name);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Verifies an answer, and that it answers this request: its merchant, number and time.</summary>
    internal static UnionPayAnswer Open(
        UnionPayProfile profile, Dictionary<string, string> request, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (UnionPayText.ReadAnswer(body) is not { } fields)
        {
            return UnionPayAnswer.Failed("ANSWER_UNREADABLE");
        }

        // Proves nothing while unverified, yet an operator needs the hint: some refusals come without a signature.
        var answer = new UnionPayAnswer(fields);
        var hint = "unverified: " + UnionPayAnswer.Shorten(answer.Code ?? "no code", 64);
        if (answer.Text("signature") is null)
        {
            return UnionPayAnswer.Failed("SIGNATURE_MISSING", hint);
        }

        if (profile.Trust.Check(answer.Text("signPubKeyCert"), now, out var fault) is not { } signer)
        {
            return UnionPayAnswer.Failed("CERTIFICATE_WRONG", fault);
        }

        if (answer.Text("signMethod") != "01" || !UnionPaySignature.IsSigned(signer.Key, fields))
        {
            return UnionPayAnswer.Failed("SIGNATURE_WRONG", hint);
        }

        // A refusal may leave fields out; a success may not. What is there must fit in both. The type is not compared:
        // a query's answer shows that of the trade it is about.
        var isWhole = UnionPayCodes.MeaningOf(answer.Code) == UnionPayMeaning.Done;
        foreach (var name in (string[])["merId", "orderId", "txnTime"])
        {
            if (answer.Text(name) is { } value ? value != request[name] : isWhole)
            {
                return UnionPayAnswer.Failed("ANSWER_UNREADABLE", name + " is not that of the call");
            }
        }

        return answer.Code is null ? UnionPayAnswer.Failed("ANSWER_UNREADABLE", "no respCode") : answer;
    }

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        var stream = await content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[Math.Min(_options.MaxResponseBytes + 1, 4096)];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            length += read;
            if (length > _options.MaxResponseBytes)
            {
                return null;
            }

            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, _options.MaxResponseBytes + 1));
            }
        }
    }

    private static SocketsHttpHandler CreateHandler(UnionPayOptions options, bool useProxy) => new()
    {
        AllowAutoRedirect = false, // a signed call goes where the setting says and nowhere else
        UseCookies = false,
        UseProxy = useProxy,
        ConnectTimeout = options.ConnectTimeout,
        MaxConnectionsPerServer = options.MaxConnections,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2), // a changed address is noticed
        MaxResponseHeadersLength = 16,
    };
}
