using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;
using CardShop.Sandbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.WeChat;
using CardShop.Tests.Unit.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>A sandbox and a shop's notify address, both on free loopback ports, and the channels between them.</summary>
internal sealed class SandboxHost : IAsyncDisposable
{
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
    private WeChatChannel? _wechat;
    private int _failures;

    private SandboxHost()
    {
        // Keys that exist are kept, and making a pair for each test would be most of its time.
        Directory.CreateDirectory(KeysDirectory);
        File.WriteAllText(Path.Combine(KeysDirectory, "alipay-merchant.private.pem"), AlipayVectors.PrivateKey);
        File.WriteAllText(Path.Combine(KeysDirectory, "alipay-provider.private.pem"), ProviderKey);
        File.WriteAllText(Path.Combine(KeysDirectory, "unionpay-merchant.private.pem"), AlipayVectors.PrivateKey);
        File.WriteAllText(Path.Combine(KeysDirectory, "unionpay-provider.private.pem"), UnionPayChain.Value);
        File.WriteAllText(Path.Combine(KeysDirectory, "wechat-merchant.private.pem"), AlipayVectors.PrivateKey);
        File.WriteAllText(Path.Combine(KeysDirectory, "wechat-platform.private.pem"), ProviderKey);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _shop = builder.Build();
        _shop.MapPost("/v1/payments/alipay/notify", context => NotifiedAsync(context, Channel));
        _shop.MapPost("/v1/payments/wechat/notify", context => NotifiedAsync(context, WeChat));
    }

    public AlipayChannel Channel => _channel!;

    public WeChatChannel WeChat => _wechat!;

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
        _wechat?.Dispose();
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
                        NotifyUrl = ShopUrl + "/v1/payments/alipay/notify",
                        PrivateKeyFile = Path.Combine(KeysDirectory, "alipay-merchant.private.pem"),
                        AlipayPublicKeyFile = Path.Combine(KeysDirectory, "alipay-provider.public.pem"),
                    },
                ],
                CallTimeout = TimeSpan.FromSeconds(5),
            },
            TimeProvider.System);
        _wechat = new WeChatChannel(
            new WeChatOptions { Profiles = [WeChatProfile(address)], CallTimeout = TimeSpan.FromSeconds(5) },
            TimeProvider.System);
    }

    /// <summary>The settings that the sandbox's README names.</summary>
    private WeChatProfileOptions WeChatProfile(string address) => new()
    {
        Name = "main",
        AppId = "wx0000000000000001",
        MerchantId = "1900000001",
        SerialNo = "5A0D0B0C00000000000000000000000000000001",
        Gateway = address + "/wechat",
        NotifyUrl = ShopUrl + "/v1/payments/wechat/notify",
        PrivateKeyFile = Path.Combine(KeysDirectory, "wechat-merchant.private.pem"),
        ApiV3KeyFile = Path.Combine(KeysDirectory, "wechat-apiv3.key"),
        PlatformKeys =
        [
            new WeChatPlatformKeyOptions
            {
                Serial = "PUB_KEY_ID_0119000000010000000000000000000001",
                KeyFile = Path.Combine(KeysDirectory, "wechat-platform.public.pem"),
            },
        ],
    };

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
        _wechat?.Dispose();
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

    private async Task NotifiedAsync(HttpContext context, IPaymentChannel channel)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var headers = context.Request.Headers.ToDictionary(one => one.Key, one => one.Value.ToString());
        var check = channel.Verify(body.ToArray(), headers, DateTimeOffset.UtcNow);
        var accepted = check.Refusal is null && Interlocked.Decrement(ref _failures) < 0;
        var reply = channel.Reply(accepted ? NotificationOutcome.Stored : NotificationOutcome.NotStored);
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        await context.Response.WriteAsync(reply.Body, context.RequestAborted);
        await _notified.Writer.WriteAsync(check, context.RequestAborted);
    }
}
