using System.Net.Http.Headers;
using System.Text;

namespace CardShop.Shop.Channels.UnionPay;

/// <summary>Sends one signed call and returns its verified answer. Repeating is the saga's decision.</summary>
internal sealed class UnionPayGateway(UnionPayOptions options, bool useProxy, TimeProvider clock, HttpMessageHandler? handler)
    : IDisposable
{
    private const string FormType = "application/x-www-form-urlencoded";
    private readonly ProviderHttp _http = new(options, useProxy, clock, handler);

    public Task<UnionPayAnswer> CallAsync(
        UnionPayProfile profile, Uri address, Dictionary<string, string> fields, CancellationToken cancellation) =>
        _http.CallAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, address);
                request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(UnionPayRequests.Form(fields)));
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(FormType) { CharSet = "UTF-8" };
                return request;
            },
            (_, body) => Open(profile, fields, body.Span, clock.GetUtcNow()), UnionPayAnswer.Failed, readsErrors: false,
            cancellation);

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
}
