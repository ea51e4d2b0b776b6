using System.Net;
using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.Rsa;

namespace CardShop.Tests.Unit.Channels;

/// <summary>Stands in for the network: gives the answer it was told to and keeps what was sent.</summary>
internal sealed class FakeGateway : HttpMessageHandler
{
    public static readonly RsaKey Key = RsaKeyReader.Parse("test", AlipayVectors.PrivateKey, withPrivateKey: true);

    private readonly Queue<Func<CancellationToken, Task<HttpResponseMessage>>> _answers = new();

    public List<IReadOnlyDictionary<string, string>> Sent { get; } = [];

    public List<string> Bodies { get; } = [];

    public List<Uri> Addresses { get; } = [];

    /// <summary>A node and its signature, as the provider sends them.</summary>
    public static string Signed(string node, string json) =>
        $$"""{"{{node}}":{{json}},"sign":"{{AlipaySignature.Sign(Key, json)}}"}""";

    public FakeGateway Answers(string body, HttpStatusCode status = HttpStatusCode.OK)
    {
        _answers.Enqueue(_ => Task.FromResult(
            new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8) }));
        return this;
    }

    public FakeGateway Fails(Exception failure)
    {
        _answers.Enqueue(_ => Task.FromException<HttpResponseMessage>(failure));
        return this;
    }

    /// <summary>Answers after <paramref name="meanwhile"/>, which sees the call's own limit.</summary>
    public FakeGateway Answers(string body, Func<CancellationToken, Task> meanwhile)
    {
        _answers.Enqueue(async limit =>
        {
            await meanwhile(limit);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8) };
        });
        return this;
    }

    public AlipayChannel Channel(TimeProvider? clock = null, params AlipayProfileOptions[] profiles) => new(
        new AlipayOptions { Profiles = profiles.Length > 0 ? profiles : [Profile()] }, clock ?? Noon, this);

    public static AlipayProfileOptions Profile(
        string name = "main", string appId = AlipayVectors.AppId, string? sellerId = null) => new()
        {
            Name = name,
            AppId = appId,
            SellerId = sellerId,
            Gateway = "https://openapi.alipay.com/gateway.do",
            NotifyUrl = "https://shop.example.test/notify/alipay",
            PrivateKey = AlipayVectors.PrivateKey,
            AlipayPublicKey = AlipayVectors.PublicKey,
        };

    public static readonly DateTimeOffset Opened = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    public static readonly TimeProvider Noon = new FixedClock(Opened.AddSeconds(30));

    /// <summary>So many minutes after the payment was opened.</summary>
    public static TimeProvider After(int minutes) => new FixedClock(Opened.AddMinutes(minutes));

    public static PaymentRequest Request(long amountMinor = 8888, string subject = "卡密 测试+A&B=1 x 2") => new(
        AlipayVectors.Number, "main", amountMinor, "CNY", subject, Opened, Opened.AddMinutes(15));

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        Sent.Add(AlipayForm.Read(body)!);
        Bodies.Add(Encoding.ASCII.GetString(body));
        Addresses.Add(request.RequestUri!);
        return await _answers.Dequeue()(cancellationToken);
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
