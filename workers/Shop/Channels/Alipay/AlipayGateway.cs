using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>Sends one signed call and returns its verified answer. Repeating is the saga's decision.</summary>
internal sealed class AlipayGateway(AlipayOptions options, bool useProxy, TimeProvider clock, HttpMessageHandler? handler)
    : IDisposable
{
    private const string FormType = "application/x-www-form-urlencoded";
    private readonly ProviderHttp _http = new(options, useProxy, clock, handler);

    public Task<AlipayAnswer> CallAsync(
        AlipayProfile profile, string method, DateTimeOffset timestamp, string content, CancellationToken cancellation) =>
        _http.CallAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, profile.Endpoint);
                request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(Form(profile, method, timestamp, content)));
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(FormType) { CharSet = "utf-8" };
                return request;
            },
            (_, body) => Open(profile, NodeOf(method), body), AlipayAnswer.Failed, readsErrors: false, cancellation);

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
}
