using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>Sends one signed call and returns its verified answer. Repeating is the saga's decision.</summary>
internal sealed class AlipayGateway : IDisposable
{
    private const string FormType = "application/x-www-form-urlencoded";
    private readonly HttpClient _http;
    private readonly AlipayOptions _options;
    private readonly TimeProvider _clock;

    public AlipayGateway(AlipayOptions options, bool useProxy, TimeProvider clock, HttpMessageHandler? handler)
    {
        _options = options;
        _clock = clock;
        _http = new HttpClient(handler ?? CreateHandler(options, useProxy), disposeHandler: handler is null)
        {
            Timeout = Timeout.InfiniteTimeSpan, // the call's own limit below covers the body too
        };
    }

    public async Task<AlipayAnswer> CallAsync(
        AlipayProfile profile, string method, DateTimeOffset timestamp, string content, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(_options.CallTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, profile.Endpoint);
            request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(Form(profile, method, timestamp, content)));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(FormType) { CharSet = "utf-8" };
            using var response = await _http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return AlipayAnswer.Failed($"HTTP_{(int)response.StatusCode}");
            }

            var body = await ReadAsync(response.Content, either.Token);
            return body is null
                ? AlipayAnswer.Failed("ANSWER_TOO_LARGE")
                : Open(profile, NodeOf(method), body.Value);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return AlipayAnswer.Failed("TIMEOUT");
        }
        catch (HttpRequestException failure)
        {
            return AlipayAnswer.Failed(
                failure.InnerException is SocketException ? "CONNECTION_FAILED" : "HTTP_FAILED",
                failure.HttpRequestError.ToString());
        }
        catch (IOException failure)
        {
            return AlipayAnswer.Failed("HTTP_FAILED", failure.GetType().Name);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Verifies the envelope and takes the fields out of it.</summary>
    internal static AlipayAnswer Open(AlipayProfile profile, string expectedNode, ReadOnlyMemory<byte> body)
    {
        var envelope = AlipayEnvelope.Read(body, expectedNode);
        if (envelope is null)
        {
            return AlipayAnswer.Failed("ANSWER_UNREADABLE");
        }

        AlipayAnswer answer;
        try
        {
            using var document = JsonDocument.Parse(
                envelope.Node, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
            answer = new AlipayAnswer(document.RootElement.Clone(), null);
        }
        catch (JsonException)
        {
            return AlipayAnswer.Failed("ANSWER_UNREADABLE");
        }

        if (AlipaySignature.Verify(profile.AlipayPublicKey, envelope.Node.Span, envelope.Signature))
        {
            // An error that names no code must not pass for anything but an error.
            return envelope.IsError && answer.Code is null or "10000"
                ? AlipayAnswer.Failed("ANSWER_UNREADABLE")
                : answer;
        }

        // Proves nothing, yet an operator needs the hint: the gateway does not sign some refusals (a wrong app id).
        return AlipayAnswer.Failed(
            envelope.Signature is null ? "SIGNATURE_MISSING" : "SIGNATURE_WRONG",
            "unverified: " + AlipayAnswer.Shorten(answer.SubCode ?? answer.Code ?? "no code", 64));
    }

    internal static string NodeOf(string method) =>
        method.Replace('.', '_') + "_response";

    internal static string Form(AlipayProfile profile, string method, DateTimeOffset timestamp, string content)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["app_id"] = profile.AppId,
            ["method"] = method,
            ["format"] = "JSON",
            ["charset"] = "utf-8",
            ["sign_type"] = "RSA2",
            ["timestamp"] = AlipayText.Time(timestamp),
            ["version"] = "1.0",
            ["biz_content"] = content,
        };
        if (method is AlipayMethods.Precreate or AlipayMethods.PagePay)
        {
            parameters["notify_url"] = profile.NotifyUrl;
        }

        if (method == AlipayMethods.PagePay && profile.ReturnUrl is { } returnUrl)
        {
            parameters["return_url"] = returnUrl;
        }

        parameters["sign"] = AlipaySignature.Sign(profile.PrivateKey, AlipaySignature.OfRequest(parameters));
        return AlipayForm.Write(parameters);
    }

    /// <summary>The address that opens Alipay's page: the whole signed request in it, and nothing for the server to answer.</summary>
    internal static string PageLink(AlipayProfile profile, PaymentRequest request) =>
        profile.Endpoint.GetLeftPart(UriPartial.Path) + "?"
        + Form(profile, AlipayMethods.PagePay, request.OpenedAt, AlipayContent.Page(request));

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

    private static SocketsHttpHandler CreateHandler(AlipayOptions options, bool useProxy) => new()
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
