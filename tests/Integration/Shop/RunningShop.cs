using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CardShop.Api;
using CardShop.Contracts;
using CardShop.Fleet;
using CardShop.Local.Parts;
using CardShop.Local.Servers;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Sandbox;
using CardShop.Shop.Catalog;
using CardShop.Shop.Channels;
using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Secrecy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CardShop.Tests.Integration.Shop;

/// <summary>
/// A whole shop inside the test process, on real servers: its own LogBroker, a fresh database and a fresh virtual host;
/// Sandbox, API and fleets as they are, reached over HTTP.
/// </summary>
public sealed class RunningShop : IAsyncDisposable
{
    private const int MaxKnownTokens = 50;

    private readonly Dictionary<string, string> _settings;
    private readonly string _keys;
    private int _tokens;
    private FleetNode? _fleet;
    private Task _fleetRun = Task.CompletedTask;
    private CancellationTokenSource _fleetStop = new();
    private WebApplication? _api;
    private WebApplication? _sandbox;
    private KafkaLog? _log;

    private RunningShop(
        LogBrokerServer broker, Dictionary<string, string> settings, string secrets, SecretSearch known)
    {
        Known = known;
        Broker = broker;
        _settings = settings;
        _keys = secrets;
        Secrets = ShopSecrets.Open(secrets);
        Vault = new(Secrets.Fingerprint, Secrets.KeyEncryptionKeys, Secrets.CurrentKeyEncryptionKey);
        Database = CardShop.Pipeline.Documents.Database.Open(settings["Postgres:ConnectionString"], "test");
    }

    public LogBrokerServer Broker { get; }

    /// <summary>By their names with colons: what a program beside this one needs.</summary>
    public IReadOnlyDictionary<string, string> Settings => _settings;

    public ShopSecrets Secrets { get; }

    public KeyVault Vault { get; }

    /// <summary>The secrets that no log of the run may show.</summary>
    public SecretSearch Known { get; }

    public NpgsqlDataSource Database { get; }

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(15) };

    public Uri Api { get; private set; } = null!;

    public Uri Sandbox { get; private set; } = null!;

    public FleetNode Fleet => _fleet!;

    public ILog Log => _log!;

    /// <summary>Everything runs, and the catalog is on sale.</summary>
    /// <param name="extra">Settings beside the usual ones.</param>
    public static async Task<RunningShop> StartAsync(
        TestServers servers, IReadOnlyDictionary<string, string>? extra = null, bool fleets = true)
    {
        var secrets = servers.NewFolder("secrets");
        ShopSecrets.Create(secrets);
        await servers.CopyProviderKeysAsync(secrets);
        Shopctl.MakeOperators(secrets);
        var broker = await StartBrokerAsync(servers);
        var settings = new Dictionary<string, string>
        {
            ["Kafka:BootstrapServers"] = broker.BootstrapServers,
            ["RabbitMq:Uri"] = await servers.NewVhostAsync(),
            ["Postgres:ConnectionString"] = await servers.NewDatabaseAsync(),
            ["Secrets:Directory"] = secrets,
            ["Local"] = "true",
            ["Region"] = "a",
        };
        foreach (var (name, value) in extra ?? new Dictionary<string, string>())
        {
            settings[name] = value;
        }

        var shop = new RunningShop(broker, settings, secrets, servers.Secrets);
        await shop.PrepareAsync();
        if (fleets)
        {
            shop.StartFleets();
        }

        return shop;
    }

    /// <summary>A port that was free can be taken before the broker has it, by other tests on this machine.</summary>
    private static async Task<LogBrokerServer> StartBrokerAsync(TestServers servers)
    {
        for (var attempt = 1; ; attempt++)
        {
            var broker = LogBrokerServer.Create(servers.NewFolder("log"));
            try
            {
                await broker.StartAsync(CancellationToken.None);
                return broker;
            }
            catch (PartFailedException) when (attempt < 3)
            {
                await broker.DisposeAsync();
            }
        }
    }

    /// <summary>The API goes away, as in an upgrade or a crash; its address stays.</summary>
    public async Task StopApiAsync()
    {
        await _api!.DisposeAsync();
        _api = null;
    }

    /// <summary>The API is back under its address.</summary>
    public Task StartApiAsync() => StartApiAsync(Api.GetLeftPart(UriPartial.Authority));

    public void StartFleets()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(_settings!).Build();
        _fleetStop = new();
        _fleet = new(
            FleetSettings.From(configuration),
            PaymentChannels.Open(
                configuration.GetSection(PaymentChannelOptions.Section).Get<PaymentChannelOptions>()!, ChannelUse.Call,
                TimeProvider.System),
            TimeProvider.System, new Random(), TestLogs.Factory);
        _fleetRun = _fleet.RunAsync(_fleetStop.Token);
    }

    public async Task StopFleetsAsync()
    {
        await _fleetStop.CancelAsync();
        await _fleetRun;
        await _fleet!.DisposeAsync();
    }

    /// <summary>Adds a product with keys, and waits until the API sells it.</summary>
    public async Task AddProductAsync(
        string sku, int keys, long price = 1_000, int holdSeconds = 900, int waitSeconds = 0, int maxQuantity = 100,
        HoldPolicy hold = HoldPolicy.Order)
    {
        await CatalogStore.PutAsync(
            Database,
            new(sku, "Test " + sku, price, "CNY", maxQuantity, true, hold, holdSeconds, waitSeconds, 0), "a",
            CancellationToken.None);
        Known.Add("key text", sku + "-secret-");
        await ImportAsync(sku, Enumerable.Range(0, keys).Select(i => $"{sku}-secret-{i}"));
        await Eventually.TrueAsync(
            async () => (await ProductsAsync()).TryGetValue(sku, out var stock) && stock == keys,
            $"the API sells {sku} with {keys} in stock");
    }

    /// <summary>Imports keys the way shopctl does; returns without waiting.</summary>
    public async Task ImportAsync(string sku, IEnumerable<string> secrets)
    {
        var number = 0;
        foreach (var chunk in secrets.Chunk(500))
        {
            var batch = new KeysImported(
                $"{Guid.NewGuid():N}-{number++}", sku, "a", Vault.Current, DateTimeOffset.UtcNow,
                [.. chunk.Select(s => Vault.Seal(sku, new(null, s)))]);
            await Log.ProduceAsync(
                new(
                    Topics.KeyBatches.Name, Topics.KeyBatches.PartitionOf(sku), Encoding.UTF8.GetBytes(sku),
                    JsonSerializer.SerializeToUtf8Bytes(batch, ContractsJson.Default.KeysImported),
                    [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.KeysImported))]),
                CancellationToken.None);
        }
    }

    /// <summary>Sku to advisory stock, as buyers see it.</summary>
    public async Task<Dictionary<string, long?>> ProductsAsync()
    {
        using var answer = await Http.GetAsync(new Uri(Api, "/v1/products"));
        if (!answer.IsSuccessStatusCode)
        {
            return [];
        }

        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("products").EnumerateArray().ToDictionary(
            p => p.GetProperty("sku").GetString()!,
            p => p.TryGetProperty("stock", out var stock) ? stock.GetInt64() : (long?)null);
    }

    public async Task<HttpResponseMessage> PostOrderAsync(string body, string? key = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Api, "/v1/orders"));
        request.Content = new StringContent(body, Encoding.UTF8);
        request.Content.Headers.ContentType = new(contentType);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return await Http.SendAsync(request);
    }

    /// <summary>Places an order that must be accepted.</summary>
    public Task<PlacedOrder> PlaceAsync(
        string sku, int quantity = 1, string? key = null, string contact = "buyer@example.org", string channel = "alipay") =>
        PlaceBodyAsync(
            $$"""{"sku":"{{sku}}","quantity":{{quantity}},"contact":"{{contact}}","channel":"{{channel}}"}""", key);

    /// <summary>Places an order, given as its body, that must be accepted.</summary>
    public async Task<PlacedOrder> PlaceBodyAsync(string body, string? key = null)
    {
        using var answer = await PostOrderAsync(body, key);
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode != HttpStatusCode.Accepted)
        {
            throw new InvalidOperationException($"{(int)answer.StatusCode}: {text}");
        }

        using var json = JsonDocument.Parse(text);
        var token = json.RootElement.GetProperty("token").GetString()!;
        if (Interlocked.Increment(ref _tokens) <= MaxKnownTokens)
        {
            Known.Add("order token", token);
        }

        return new(json.RootElement.GetProperty("orderId").GetString()!, token);
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> ShowAsync(PlacedOrder order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Api, "/v1/orders/" + order.Id));
        request.Headers.Authorization = new("Bearer", order.Token);
        using var answer = await Http.SendAsync(request);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, json.RootElement.Clone());
    }

    public async Task<JsonElement> UntilAsync(PlacedOrder order, string status)
    {
        JsonElement last = default;
        await Eventually.TrueAsync(
            async () =>
            {
                (_, last) = await ShowAsync(order);
                return last.TryGetProperty("status", out var s) && s.GetString() == status;
            },
            () => $"order {order.Id} becomes {status}; it is {last}");
        return last;
    }

    /// <summary>Pays at the provider, as the buyer does.</summary>
    public async Task PayAsync(PlacedOrder order)
    {
        var view = await UntilAsync(order, "awaiting-payment");
        var link = view.GetProperty("payment").GetProperty("link").GetString()!;
        await PayNumberAsync(link[(link.LastIndexOf('/') + 1)..]);
    }

    public async Task PayNumberAsync(string number)
    {
        using var answer = await Http.PostAsync(new Uri(Sandbox, "/pay/" + number), null);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>A setting of the API and the fleets; null where it is not set.</summary>
    public string? Setting(string name) => _settings.GetValueOrDefault(name);

    /// <summary>One number from the database.</summary>
    public async Task<long> CountAsync(string sql)
    {
#pragma warning disable CA2100 // The text is a test's own.
        await using var command = Database.CreateCommand(sql);
#pragma warning restore CA2100
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>An operator's decision, taken as shopctl takes it.</summary>
    public async Task<OperatorOutcome> DecideAsync(PaymentMessage message)
    {
        await using var bus = OpenBus();
        var fence = new RollbackFence(Log, new PostgresFence(Database), FleetGroups.All, TestLogs.Factory.CreateLogger<RollbackFence>());
        await fence.CheckAsync(default);
        var dispatcher = new Dispatcher(
            new OutboxTable(Database, PostgresShopStore.ReviewAsync), Log, bus, DispatchOptions.Default, TimeProvider.System,
            new Random(), TestLogs.Factory.CreateLogger<Dispatcher>());
        return await new OperatorWork(
            new PostgresShopStore(Database), fence, dispatcher, ShopSettings.Default, TimeProvider.System).RunAsync(message, default);
    }

    /// <summary>Every record of a topic that is there now.</summary>
    public async Task<IReadOnlyList<LogIncoming>> RecordsAsync(Topic topic) =>
        await Log.TailAsync(topic, int.MaxValue, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (_fleet is not null && !_fleetStop.IsCancellationRequested)
        {
            await StopFleetsAsync();
        }

        // Those that came later as well: key-encryption keys that were rotated in, month keys.
        KnownSecrets.Add(Known, this);
        await _api!.DisposeAsync();
        await _sandbox!.DisposeAsync();
        await _log!.DisposeAsync();
        await Database.DisposeAsync();
        Http.Dispose();
        _fleetStop.Dispose();
        await Broker.KillAsync();
        await Broker.DisposeAsync();
    }

    private async Task PrepareAsync()
    {
        _log = new(
            new(_settings["Kafka:BootstrapServers"], "test", TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(1)),
            TimeProvider.System, TestLogs.Factory.CreateLogger<KafkaLog>());
        await Migrations.ApplyAsync(Database, typeof(ShopWork).Assembly, TestLogs.Factory.CreateLogger("migrate"), default);
        await Log.CreateTopicsAsync(Topics.All, 1, default);
        await using var bus = OpenBus();
        await bus.DeclareAsync(Queues.Work, Queues.Error, default);

        _sandbox = SandboxApp.Build(
        [
            "--urls", "http://127.0.0.1:0", $"--Sandbox:KeysDirectory={_keys}",
            .. _settings.Where(s => s.Key.StartsWith("Sandbox:", StringComparison.Ordinal)).Select(s => $"--{s.Key}={s.Value}"),
        ]);
        await _sandbox.StartAsync();
        Sandbox = AddressOf(_sandbox);
        SetChannels();
        await StartApiAsync("http://127.0.0.1:0");
        Set("alipay", "NotifyUrl", new Uri(Api, "/v1/payments/alipay/notify").AbsoluteUri);
        Set("wechat", "NotifyUrl", new Uri(Api, "/v1/payments/wechat/notify").AbsoluteUri);
        Set("unionpay", "NotifyUrl", new Uri(Api, "/v1/payments/unionpay/notify").AbsoluteUri);
    }

    private async Task StartApiAsync(string address)
    {
        _api = ApiHost.Build([.. _settings.Select(s => $"--{s.Key}={s.Value}"), "--urls", address]);
        await _api.StartAsync();
        Api = AddressOf(_api);
    }

    private RabbitBus OpenBus() => new(
        new(new(_settings["RabbitMq:Uri"]), "test", 100, TimeSpan.FromSeconds(10)), TimeProvider.System, new Random(),
        TestLogs.Factory.CreateLogger<RabbitBus>());

    /// <summary>The accounts that Sandbox knows. Where the API will listen is not known yet.</summary>
    private void SetChannels()
    {
        string Key(string name) => Path.Combine(_keys, name);
        foreach (var channel in new[] { "alipay", "wechat", "unionpay" })
        {
            Set(channel, "Name", "default");
            Set(channel, "NotifyUrl", "http://127.0.0.1:1/");
            Set(channel, "PrivateKeyFile", Key(channel + "-merchant.private.pem"));
        }

        Set("alipay", "AppId", "2021000000000001");
        Set("alipay", "SellerId", "2088000000000001");
        Set("alipay", "Gateway", new Uri(Sandbox, "/alipay/gateway.do").AbsoluteUri);
        Set("alipay", "AlipayPublicKeyFile", Key("alipay-provider.public.pem"));
        Set("wechat", "AppId", "wx0000000000000001");
        Set("wechat", "MerchantId", "1900000001");
        Set("wechat", "SerialNo", "5A0D0B0C00000000000000000000000000000001");
        Set("wechat", "Gateway", new Uri(Sandbox, "/wechat").AbsoluteUri);
        Set("wechat", "ApiV3KeyFile", Key("wechat-apiv3.key"));
        Set("wechat", "PlatformKeys:0:Serial", "PUB_KEY_ID_0119000000010000000000000000000001");
        Set("wechat", "PlatformKeys:0:KeyFile", Key("wechat-platform.public.pem"));
        Set("unionpay", "MerchantId", "777290058110048");
        Set("unionpay", "Gateway", new Uri(Sandbox, "/unionpay").AbsoluteUri);
        Set("unionpay", "CertificateId", "68759663125");
        Set("unionpay", "RootCertificateFile", Key("unionpay-root.pem"));
        Set("unionpay", "MiddleCertificateFile", Key("unionpay-middle.pem"));
        Set("unionpay", "CertificateName", "00040000:SIGN");
    }

    private void Set(string channel, string name, string value) => _settings[$"Channels:{channel}:Profiles:0:{name}"] = value;

    private static Uri AddressOf(WebApplication app) => new(
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}

/// <summary>What a buyer holds.</summary>
public sealed record PlacedOrder(string Id, string Token);
