using System.Threading.Channels;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.UnionPay;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>A sandbox, the shop's side of UnionPay, and the address to which UnionPay notifies.</summary>
internal sealed class UnionPayHost : IAsyncDisposable
{
    private const string NotifyPath = "/v1/payments/unionpay/notify";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Channel<NotificationCheck> _notified =
        System.Threading.Channels.Channel.CreateUnbounded<NotificationCheck>();
    private readonly List<string> _bodies = [];
    private readonly WebApplication _shop;
    private int _failures;

    private UnionPayHost(SandboxHost sandbox)
    {
        Sandbox = sandbox;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _shop = builder.Build();
        _shop.MapPost(NotifyPath, NotifiedAsync);
    }

    public SandboxHost Sandbox { get; }

    public UnionPayChannel Channel { get; private set; } = null!;

    /// <summary>Notifications as they came, oldest first.</summary>
    public IReadOnlyList<string> Bodies
    {
        get
        {
            lock (_bodies)
            {
                return [.. _bodies];
            }
        }
    }

    public static async Task<UnionPayHost> StartAsync(string product = "qr", params string[] settings)
    {
        var host = new UnionPayHost(await SandboxHost.StartAsync(settings));
        await host._shop.StartAsync(TestContext.Current.CancellationToken);
        host.Channel = host.NewChannel(product);
        return host;
    }

    public UnionPayChannel NewChannel(string product, TimeProvider? clock = null, string certificateId = "68759663125") => new(
        new UnionPayOptions
        {
            Profiles =
            [
                new UnionPayProfileOptions
                {
                    Name = "main",
                    MerchantId = "777290058110048",
                    Product = product,
                    Gateway = new Uri(Sandbox.Http.BaseAddress!, "/unionpay").AbsoluteUri,
                    NotifyUrl = _shop.Urls.First() + NotifyPath,
                    FrontUrl = _shop.Urls.First(),
                    PrivateKeyFile = Path.Combine(Sandbox.KeysDirectory, "unionpay-merchant.private.pem"),
                    CertificateId = certificateId,
                    RootCertificateFile = Path.Combine(Sandbox.KeysDirectory, "unionpay-root.pem"),
                    MiddleCertificateFile = Path.Combine(Sandbox.KeysDirectory, "unionpay-middle.pem"),
                    CertificateName = "00040000:SIGN",
                },
            ],
            CallTimeout = TimeSpan.FromSeconds(5),
        },
        clock ?? TimeProvider.System);

    /// <summary>The next so many notifications are answered with an error.</summary>
    public void FailNotifications(int times) => Volatile.Write(ref _failures, times);

    public async Task<NotificationCheck> NextNotificationAsync() =>
        await _notified.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(Deadline, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await Sandbox.DisposeAsync();
        await _shop.DisposeAsync();
    }

    private async Task NotifiedAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        lock (_bodies)
        {
            _bodies.Add(System.Text.Encoding.ASCII.GetString(body.ToArray()));
        }

        var check = Channel.Verify(body.ToArray(), new Dictionary<string, string>(), DateTimeOffset.UtcNow);
        var reply = Channel.Reply(
            check.Refusal is not null ? NotificationOutcome.Refused
            : Interlocked.Decrement(ref _failures) >= 0 ? NotificationOutcome.NotStored
            : NotificationOutcome.Stored);
        context.Response.StatusCode = reply.Status;
        await context.Response.WriteAsync(reply.Body, context.RequestAborted);
        await _notified.Writer.WriteAsync(check, context.RequestAborted);
    }
}
