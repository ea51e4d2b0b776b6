using System.Net;
using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Rsa;
using CardShop.Shop.Channels.WeChat;

namespace CardShop.Tests.Unit.Channels;

/// <summary>Stands in for the network: gives the answers it was told to, signed, and keeps what was sent.</summary>
internal sealed class FakeWeChat : HttpMessageHandler
{
    public const string AnswerNonce = "ABCDEF0123456789ABCDEF0123456789";

    public static readonly RsaKey Key = FakeGateway.Key;

    public static readonly DateTimeOffset Opened = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    public static readonly FixedClock Noon = new(Opened.AddSeconds(30));

    private readonly Queue<Func<CancellationToken, Task<HttpResponseMessage>>> _answers = new();

    public List<string> Calls { get; } = [];

    public List<string> Bodies { get; } = [];

    public List<string> Authorizations { get; } = [];

    public List<string?> Serials { get; } = [];

    /// <param name="change">Spoils the signed answer.</param>
    public FakeWeChat Answers(string body, int status = 200, Action<HttpResponseMessage>? change = null)
    {
        _answers.Enqueue(_ => Task.FromResult(Signed(body, status, change)));
        return this;
    }

    /// <summary>Answers after <paramref name="meanwhile"/>, which sees the call's own limit.</summary>
    public FakeWeChat Answers(string body, int status, Func<CancellationToken, Task> meanwhile)
    {
        _answers.Enqueue(async limit =>
        {
            await meanwhile(limit);
            return Signed(body, status, null);
        });
        return this;
    }

    public FakeWeChat Fails(Exception failure)
    {
        _answers.Enqueue(_ => Task.FromException<HttpResponseMessage>(failure));
        return this;
    }

    public WeChatChannel Channel(TimeProvider? clock = null, params WeChatProfileOptions[] profiles) => new(
        new WeChatOptions { Profiles = profiles.Length > 0 ? profiles : [Profile()] }, clock ?? Noon, this);

    public static WeChatProfileOptions Profile(
        string name = "main", string appId = WeChatVectors.AppId, string merchantId = WeChatVectors.MerchantId,
        string apiV3Key = WeChatVectors.ApiV3Key, params WeChatPlatformKeyOptions[] keys) => new()
        {
            Name = name,
            AppId = appId,
            MerchantId = merchantId,
            SerialNo = WeChatVectors.Serial,
            Gateway = "https://api.mch.weixin.qq.com",
            NotifyUrl = "https://shop.example.test/notify/wechat",
            PrivateKey = AlipayVectors.PrivateKey,
            ApiV3Key = apiV3Key,
            PlatformKeys = keys.Length > 0 ? keys : [PlatformKey()],
        };

    public static WeChatPlatformKeyOptions PlatformKey(string serial = WeChatVectors.Serial) =>
        new() { Serial = serial, Key = AlipayVectors.PublicKey };

    public static PaymentRequest Request(long amountMinor = 8888, string subject = "卡密 测试") => new(
        WeChatVectors.Number, "main", amountMinor, "CNY", subject, Opened, Opened.AddMinutes(15));

    public static RefundRequest Refund(long amountMinor = 1000) => new(
        Request(), "R20260101000001", amountMinor, "sold out", Opened.AddHours(1), null);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Calls.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
        Bodies.Add(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
        Authorizations.Add(request.Headers.GetValues("Authorization").Single());
        Serials.Add(request.Headers.TryGetValues(WeChatHeaders.Serial, out var serials) ? serials.Single() : null);
        return await _answers.Dequeue()(cancellationToken);
    }

    private static HttpResponseMessage Signed(string body, int status, Action<HttpResponseMessage>? change)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(bytes) };
        var timestamp = WeChatSignature.Timestamp(Noon.GetUtcNow());
        response.Headers.Add(WeChatHeaders.Serial, WeChatVectors.Serial);
        response.Headers.Add(WeChatHeaders.Timestamp, timestamp);
        response.Headers.Add(WeChatHeaders.Nonce, AnswerNonce);
        response.Headers.Add(
            WeChatHeaders.Signature,
            WeChatSignature.Sign(Key, WeChatSignature.OfMessage(timestamp, AnswerNonce, bytes)));
        change?.Invoke(response);
        return response;
    }

    internal sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
