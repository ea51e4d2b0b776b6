using System.Globalization;
using System.Net;
using System.Text.Json;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Servers;
using CardShop.Tests.Chaos.Drills.Load;

namespace CardShop.Tests.Chaos.Drills;

/// <summary>
/// A whole shop as processes, laid out as compose/up does it, without a supervisor: the drill starts, stops and kills. Sandbox
/// pays everything at once.
/// </summary>
internal sealed class DrillShop
{
    private const int Products = 4;
    private const int OrdersPerSecond = 100;
    private const int KeysPerProduct = 8_000;
    private static readonly TimeSpan SaleLimit = TimeSpan.FromSeconds(60);

    private readonly DrillRun _run;
    private readonly PortBook _ports;
    private readonly InstanceSecrets _secrets;
    private readonly Dictionary<string, string> _settings;
    private int _fleets;

    private DrillShop(DrillRun run, Uri? door)
    {
        _run = run;
        PrivateFile.CreateFolder(run.Layout.Secrets);
        _secrets = new(run.Layout.Secrets);
        _ports = PortBook.Apart();
        PostgresPart = Postgres(backup: null);
        RabbitPart = new()
        {
            Name = "rabbitmq",
            Port = _ports["rabbitmq"],
            ManagementPort = _ports["rabbitmq-management"],
            DistributionPort = _ports["rabbitmq-distribution"],
            NameServerPort = _ports["rabbitmq-names"],
            DataDirectory = run.In("rabbitmq"),
            Password = _secrets.RabbitMq,
        };
        _settings = new(InstanceSettings.For(run.Layout, _ports, Postgres(new(run.Layout.Backup)), RabbitPart));
        // Two processes of one fleet must not share a name in their group.
        foreach (var none in new[] { "Kafka__InstanceId", "Metrics__Directories__postgres", "Metrics__Directories__rabbitmq" })
        {
            _settings.Remove(none);
        }

        // A busy machine is no provider that is down.
        _settings["Payments__Resilience__CallTimeout"] = "00:00:20";
        _settings["Payments__Resilience__ProbeTimeout"] = "00:00:20";
        Door = door ?? new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_ports["api"]}"));
        foreach (var channel in new[] { "alipay", "wechat", "unionpay" })
        {
            _settings[$"Channels__{channel}__Profiles__0__NotifyUrl"] = new Uri(Door, $"/v1/payments/{channel}/notify").AbsoluteUri;
        }
    }

    /// <summary>What a shop of one machine would use.</summary>
    public PostgresPart PostgresPart { get; }

    /// <summary>The same.</summary>
    public RabbitMqPart RabbitPart { get; }

    /// <summary>Where buyers and providers reach it.</summary>
    public Uri Door { get; }

    /// <summary>An API itself, past whatever stands before it.</summary>
    public Uri Inside { get; private set; } = null!;

    public IReadOnlyList<string> Skus { get; } = [.. Enumerable.Range(1, Products).Select(i => $"CARD-{i}")];

    /// <summary>As environment variables; what a drill changes before <see cref="PrepareAsync"/> holds for all programs.</summary>
    public IDictionary<string, string> Settings => _settings;

    /// <param name="door">Null: the first API itself.</param>
    public static DrillShop Describe(DrillRun run, Uri? door = null) => new(run, door);

    /// <summary>The database server of one machine.</summary>
    public Task<LocalServer> StartPostgresAsync(CancellationToken cancel) =>
        _run.StartAsync(PostgresPart, PostgresPart.DataDirectory, cancel);

    /// <summary>The queue server of one machine.</summary>
    public Task<LocalServer> StartRabbitAsync(CancellationToken cancel) => _run.StartAsync(RabbitPart, RabbitPart.DataDirectory, cancel);

    public Task<LocalServer> StartLogAsync(CancellationToken cancel) => _run.StartAsync(
        new LogBrokerPart
        {
            Name = "logbroker",
            Port = _ports["logbroker"],
            MetricsPort = _ports["logbroker-metrics"],
            DataDirectory = _run.In("logbroker"),
        },
        _run.In("logbroker"), cancel);

    /// <summary>With database, queues and log there: secrets, schema, Sandbox.</summary>
    public async Task PrepareAsync(CancellationToken cancel)
    {
        _run.Say("making secrets, tables, topics and queues");
        await ShopctlAsync(cancel, "secrets", "init");
        await ShopctlAsync(cancel, "migrate", "--wait-seconds", "30");
        await _run.StartAsync(
            new WebPart
            {
                Name = "sandbox",
                Port = _ports["sandbox"],
                Program = "CardShop.Sandbox",
                Environment = new Dictionary<string, string>(_settings)
                {
                    ["Sandbox__KeysDirectory"] = _run.Layout.Secrets,
                    ["Sandbox__DataDirectory"] = _run.In("sandbox"),
                    ["Sandbox__AutoPay"] = "true",
                },
            },
            _run.In("sandbox"), cancel);
    }

    /// <summary>An API that is ready.</summary>
    /// <param name="number">1 listens where <see cref="Door"/> is, unless that was said to be elsewhere.</param>
    public async Task<LocalServer> StartApiAsync(int number, int port, CancellationToken cancel, params (string Name, string Value)[] more)
    {
        var api = await StartAsync($"api-{number}", port == 0 ? _ports["api"] : port, "CardShop.Api", [], more, cancel);
        Inside = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{api.Port}"));
        return api;
    }

    /// <summary>A process of a fleet, ready; several of one kind may run.</summary>
    public Task<LocalServer> StartFleetAsync(string kind, CancellationToken cancel) => StartAsync(
        $"fleet-{kind}-{Interlocked.Increment(ref _fleets)}", FreePorts.Pick([.. PortBook.Usual.Keys.Select(k => _ports[k])]),
        "CardShop.Fleet", ["--fleet", kind], [], cancel);

    /// <summary>The four fleets, a process each.</summary>
    public async Task<Dictionary<string, LocalServer>> StartFleetsAsync(CancellationToken cancel)
    {
        _run.Say("starting the fleets");
        var fleets = new Dictionary<string, LocalServer>();
        foreach (var kind in new[] { "orders", "payments", "delivery", "notifications" })
        {
            fleets[kind] = await StartFleetAsync(kind, cancel);
        }

        return fleets;
    }

    /// <summary>Buyers at the shop's door, from these addresses of this machine; they have begun.</summary>
    public Buyers BeginBuyers(IEnumerable<string> from)
    {
        var buyers = new Buyers(new(Door, Skus, OrdersPerSecond, [.. from.Select(IPAddress.Parse)]), new Random(1));
        buyers.Begin();
        _run.Say($"buyers want {OrdersPerSecond} orders a second of {Door}");
        return buyers;
    }

    /// <summary>With the fleets and an API there: products and their keys; returns when the door sells them all.</summary>
    public async Task SellAsync(CancellationToken cancel)
    {
        _run.Say("putting products on sale");
        foreach (var sku in Skus)
        {
            var file = _run.In(sku + ".txt");
            await File.WriteAllLinesAsync(file, Enumerable.Range(0, KeysPerProduct).Select(i => $"{sku}-key-{i:D6}"), cancel);
            await ShopctlAsync(cancel, "product", "add", sku, "--name", "Game card " + sku, "--price", "1000");
            await ShopctlAsync(cancel, "keys", "import", sku, file);
        }

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        await DrillRun.UntilAsync(
            async () =>
            {
                try
                {
                    using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri(Door, "/v1/products"), cancel));
                    return json.RootElement.GetProperty("products").EnumerateArray()
                        .Count(p => p.TryGetProperty("stock", out var stock) && stock.GetInt64() == KeysPerProduct) == Products;
                }
                catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
                {
                    return false;
                }
            },
            "all products are on sale", SaleLimit, cancel);
    }

    public Task ShopctlAsync(CancellationToken cancel, params string[] arguments) => _run.ToolAsync(Shopctl(arguments), cancel);

    /// <returns>Its exit code.</returns>
    public Task<int> TryShopctlAsync(CancellationToken cancel, params string[] arguments) => _run.TryToolAsync(Shopctl(arguments), cancel);

    private PostgresPart Postgres(PostgresBackup? backup) => new()
    {
        Name = "postgres",
        Port = _ports["postgres"],
        DataDirectory = _run.In("postgres"),
        Password = _secrets.Postgres,
        SharedBuffersMegabytes = 256,
        Backup = backup,
    };

    private ChildCommand Shopctl(string[] arguments) => DotnetProgram.Command("CardShop.Shopctl", arguments) with
    {
        Environment = new Dictionary<string, string>(_settings) { [InstanceSettings.OperatorKeyName] = _secrets.Operator },
    };

    private Task<LocalServer> StartAsync(
        string name, int port, string program, IReadOnlyList<string> arguments, (string Name, string Value)[] more,
        CancellationToken cancel)
    {
        var environment = new Dictionary<string, string>(_settings);
        foreach (var (setting, value) in more)
        {
            environment[setting] = value;
        }

        return _run.StartAsync(
            new WebPart { Name = name, Port = port, Program = program, Arguments = arguments, Environment = environment }, _run.In(name), cancel);
    }
}
