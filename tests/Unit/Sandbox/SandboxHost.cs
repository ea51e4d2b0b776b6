using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;
using CardShop.Sandbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using CardShop.Tests.Unit.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>A sandbox and a shop's notify address, both on free loopback ports, and the channel between them.</summary>
internal sealed class SandboxHost : IAsyncDisposable
{
    public const string NotifyPath = "/v1/payments/alipay/notify";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly string ProviderKey = NewKey();
    private static readonly Lazy<string> UnionPayChain = new(NewUnionPayChain);
    private static int _numbers;

    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-sandbox-").FullName;
    private readonly Channel<NotificationCheck> _notified =
        System.Threading.Channels.Channel.CreateUnbounded<NotificationCheck>();
    private readonly WebApplication _shop;
    private WebApplication? _sandbox;
    private AlipayChannel? _channel;
    private int _failures;

    private SandboxHost()
    {
        // Keys that exist are kept, and making a pair for each test would be most of its time.
        Directory.CreateDirectory(KeysDirectory);
        File.WriteAllText(Path.Combine(KeysDirectory, "alipay-merchant.private.pem"), AlipayVectors.PrivateKey);
        File.WriteAllText(Path.Combine(KeysDirectory, "alipay-provider.private.pem"), ProviderKey);
        File.WriteAllText(Path.Combine(KeysDirectory, "unionpay-merchant.private.pem"), AlipayVectors.PrivateKey);
        File.WriteAllText(Path.Combine(KeysDirectory, "unionpay-provider.private.pem"), UnionPayChain.Value);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _shop = builder.Build();
        _shop.MapPost(NotifyPath, NotifiedAsync);
    }

    public AlipayChannel Channel => _channel!;

    public HttpClient Http { get; private set; } = null!;

    public string DataDirectory => Path.Combine(_folder, "data");

    public string KeysDirectory => Path.Combine(_folder, "keys");

    /// <summary>The shop's web address, known once started.</summary>
    public string ShopUrl => _shop.Urls.First();

    public static async Task<SandboxHost> StartAsync(params string[] settings)
    {
        var host = new SandboxHost();
        await host._shop.StartAsync(TestContext.Current.CancellationToken);
        await host.StartSandboxAsync(settings);
        return host;
    }

    public async Task StartSandboxAsync(params string[] settings)
    {
        _sandbox = SandboxApp.Build(
        [
            "--urls", "http://127.0.0.1:0", "--Sandbox:KeysDirectory", KeysDirectory,
            "--Sandbox:DataDirectory", DataDirectory, "--Logging:LogLevel:Default", "Error", .. settings,
        ]);
        await _sandbox.StartAsync(TestContext.Current.CancellationToken);
        Connect(_sandbox.Urls.First());
    }

    public async Task StopSandboxAsync()
    {
        await _sandbox!.StopAsync(TestContext.Current.CancellationToken);
        await _sandbox.DisposeAsync();
        _sandbox = null;
    }

    /// <summary>Points the channel and the control client at a sandbox that runs at this address.</summary>
    public void Connect(string address)
    {
        Http?.Dispose();
        _channel?.Dispose();
        Http = new HttpClient { BaseAddress = new Uri(address), Timeout = Deadline };
        _channel = new AlipayChannel(
            new AlipayOptions
            {
                Profiles =
                [
                    new AlipayProfileOptions
                    {
                        Name = "main",
                        AppId = "2021000000000001",
                        SellerId = "2088000000000001",
                        Gateway = address + "/alipay/gateway.do",
                        NotifyUrl = ShopUrl + NotifyPath,
                        PrivateKeyFile = Path.Combine(KeysDirectory, "alipay-merchant.private.pem"),
                        AlipayPublicKeyFile = Path.Combine(KeysDirectory, "alipay-provider.public.pem"),
                    },
                ],
                CallTimeout = TimeSpan.FromSeconds(5),
            },
            TimeProvider.System);
    }

    /// <summary>The next so many notifications are answered with something else than success.</summary>
    public void FailNotifications(int times) => Volatile.Write(ref _failures, times);

    public async Task<NotificationCheck> NextNotificationAsync() =>
        await _notified.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(Deadline, TestContext.Current.CancellationToken);

    public bool HasNotification => _notified.Reader.TryPeek(out _);

    public static PaymentRequest Request(long amountMinor = 5000)
    {
        var now = DateTimeOffset.UtcNow;
        return new PaymentRequest(
            $"T{Interlocked.Increment(ref _numbers):000000000000}01", "main", amountMinor, "CNY",
            "卡密 STEAM-50 <b>&+", now, now.AddMinutes(15));
    }

    public static Uri At(string path) => new(path, UriKind.RelativeOrAbsolute);

    public async Task<int> PayAsync(string number)
    {
        using var answer = await Http.PostAsync(At("/pay/" + number), null, TestContext.Current.CancellationToken);
        return (int)answer.StatusCode;
    }

    public async Task<JsonElement> GetAsync(string path) =>
        await Http.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);

    public async Task<JsonElement> PostAsync(string path, object? body = null)
    {
        using var answer = await Http.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    /// <summary>Asks until the control interface shows what is waited for.</summary>
    public async Task<JsonElement> TradeWhenAsync(string number, Func<JsonElement, bool> wanted)
    {
        using var limit = new CancellationTokenSource(Deadline);
        while (true)
        {
            var trade = await GetAsync("/control/trades/" + number);
            if (wanted(trade))
            {
                return trade;
            }

            await Task.Delay(10, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        Http?.Dispose();
        if (_sandbox is not null)
        {
            await StopSandboxAsync();
        }

        await _shop.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string NewKey()
    {
        using var rsa = RSA.Create(2048);
        return rsa.ExportPkcs8PrivateKeyPem();
    }

    private static string NewUnionPayChain()
    {
        var folder = Directory.CreateTempSubdirectory("cardshop-chain-").FullName;
        using var sandbox = (IDisposable)SandboxApp.Build(
            ["--urls", "http://127.0.0.1:0", "--Sandbox:KeysDirectory", folder]);
        var chain = File.ReadAllText(Path.Combine(folder, "unionpay-provider.private.pem"));
        Directory.Delete(folder, recursive: true);
        return chain;
    }

    private async Task NotifiedAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var check = Channel.Verify(body.ToArray(), new Dictionary<string, string>(), DateTimeOffset.UtcNow);
        var accepted = check.Refusal is null && Interlocked.Decrement(ref _failures) < 0;
        await context.Response.WriteAsync(accepted ? "success" : "success!", context.RequestAborted);
        await _notified.Writer.WriteAsync(check, context.RequestAborted);
    }
}
