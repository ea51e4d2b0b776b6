using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.Rsa;
using CardShop.Shop.Channels.UnionPay;

namespace CardShop.Tests.Unit.Channels;

/// <summary>Stands in for UnionPay: gives signed answers, of which some fields echo the request, and keeps what was sent.</summary>
internal sealed class FakeUnionPay : HttpMessageHandler
{
    public static readonly RsaKey Key = FakeGateway.Key;
    public static readonly TestChain Chain = new("041@2026@Test UnionPay@1");
    public static readonly DateTimeOffset Opened = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);
    public static readonly TimeProvider Noon = new FixedClock(Opened.AddSeconds(30));

    private readonly Queue<Func<Dictionary<string, string>, CancellationToken, Task<HttpResponseMessage>>> _answers = new();

    public List<Dictionary<string, string>> Sent { get; } = [];

    public List<string> Bodies { get; } = [];

    public List<Uri> Addresses { get; } = [];

    /// <summary>A signed answer: the request's fields, and over them these.</summary>
    public FakeUnionPay Answers(string respCode, params (string Name, string? Value)[] fields) =>
        AnswersText((request, _) => Task.FromResult(Signed(request, respCode, fields)));

    /// <summary>An answer as it stands.</summary>
    public FakeUnionPay AnswersRaw(string body, HttpStatusCode status = HttpStatusCode.OK)
    {
        _answers.Enqueue((_, _) => Task.FromResult(
            new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8) }));
        return this;
    }

    /// <summary>An answer that is made of the request.</summary>
    public FakeUnionPay AnswersText(Func<Dictionary<string, string>, CancellationToken, Task<string>> answer)
    {
        _answers.Enqueue(async (request, limit) => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent(await answer(request, limit), Encoding.UTF8),
        });
        return this;
    }

    public FakeUnionPay Fails(Exception failure)
    {
        _answers.Enqueue((_, _) => Task.FromException<HttpResponseMessage>(failure));
        return this;
    }

    public static string Signed(
        Dictionary<string, string> request, string respCode, params (string Name, string? Value)[] fields)
    {
        var answer = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["respCode"] = respCode,
            ["respMsg"] = "成功[0000000]",
            ["signPubKeyCert"] = Chain.SignerText,
        };
        foreach (var name in (string[])["version", "encoding", "signMethod", "merId", "orderId", "txnTime", "txnType"])
        {
            answer[name] = request[name];
        }

        foreach (var (name, value) in fields)
        {
            answer.Remove(name);
            if (value is not null)
            {
                answer[name] = value;
            }
        }

        answer["signature"] = UnionPaySignature.Sign(Key, UnionPaySignature.TextOf(answer));
        return UnionPayText.WriteAnswer(answer);
    }

    public UnionPayChannel Channel(TimeProvider? clock = null, params UnionPayProfileOptions[] profiles) => new(
        new UnionPayOptions { Profiles = profiles.Length > 0 ? profiles : [Profile()] }, clock ?? Noon, this);

    public static UnionPayProfileOptions Profile(
        string name = "main", string merchantId = UnionPayVectors.MerchantId, string product = "qr") => new()
        {
            Name = name,
            MerchantId = merchantId,
            Product = product,
            Gateway = "https://gateway.test.95516.com",
            NotifyUrl = "https://shop.example.test/notify/unionpay",
            FrontUrl = "https://shop.example.test/return/unionpay",
            PrivateKey = AlipayVectors.PrivateKey,
            Certificate = UnionPayVectors.Certificate,
            RootCertificate = Chain.RootText,
            MiddleCertificate = Chain.MiddleText,
            CertificateName = "Test UnionPay",
        };

    public static PaymentRequest Request(long amountMinor = 8888, string subject = "卡密 测试") => new(
        UnionPayVectors.Number, "main", amountMinor, "CNY", subject, Opened, Opened.AddMinutes(15));

    public static RefundRequest Refund(long amountMinor = 1000, string? tradeNo = "202601011200000000001") => new(
        Request(), UnionPayVectors.Number + "R1", amountMinor, "sold out", Opened.AddMinutes(5), tradeNo);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        var fields = AlipayForm.Read(body)!;
        Sent.Add(fields);
        Bodies.Add(Encoding.ASCII.GetString(body));
        Addresses.Add(request.RequestUri!);
        return await _answers.Dequeue()(fields, cancellationToken);
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}

/// <summary>Root, middle and signing certificate, made for one test run; the signing key is the vectors'.</summary>
internal sealed class TestChain
{
    public static readonly DateTimeOffset From = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Until = new(2035, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly X509Certificate2 _middle;

    public TestChain(string signerName)
    {
        using var rootKey = RSA.Create(2048);
        using var root = Authority("CN=Test Root", rootKey).CreateSelfSigned(From, Until);
        using var middleKey = RSA.Create(2048);
        using var middle = Authority("CN=Test Middle", middleKey).Create(root, From, Until, [7]);
        _middle = middle.CopyWithPrivateKey(middleKey);
        RootText = root.ExportCertificatePem();
        MiddleText = middle.ExportCertificatePem();
        SignerText = Sign("CN=" + signerName, From, Until);
    }

    public string RootText { get; }

    public string MiddleText { get; }

    /// <summary>With CRLF, as UnionPay writes it.</summary>
    public string SignerText { get; }

    /// <summary>A certificate of the vectors' key.</summary>
    public string Sign(string subject, DateTimeOffset from, DateTimeOffset until)
    {
        using var key = RSA.Create();
        key.ImportFromPem(AlipayVectors.PrivateKey);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.Create(_middle, from, until, [0x12, 0x34]);
        return certificate.ExportCertificatePem().ReplaceLineEndings("\r\n");
    }

    private static CertificateRequest Authority(string subject, RSA key)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request;
    }
}
