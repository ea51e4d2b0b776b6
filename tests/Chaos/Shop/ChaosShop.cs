using System.Collections.Concurrent;
using System.Globalization;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Tests.Chaos.Machine;

namespace CardShop.Tests.Chaos.Shop;

/// <summary>
/// A whole shop of its own as processes: LogBroker on a small disk, RabbitMQ, two PostgreSQL servers, Sandbox, two APIs and
/// the four fleets, each kept running, on free ports. Between them and the servers lie <see cref="Links"/>.
/// </summary>
public sealed class ChaosShop : IAsyncDisposable
{
    private const string SandboxName = "sandbox";

    /// <summary>Room for half an hour of orders with their facts, and then some.</summary>
    private const int DiskMegabytes = 12 << 10;

    private readonly List<KeptPart> _parts = [];
    private readonly Dictionary<string, string> _settings;

    private ChaosShop(ChaosFolder folder, PortBook ports, InstanceLayout layout, PostgresPair postgres, RabbitMqPart rabbit, TimeProvider time)
    {
        Folder = folder;
        Layout = layout;
        Postgres = postgres;
        RabbitPart = rabbit;
        var advertised = FreePorts.Pick();
        Links = new(ports["logbroker"], advertised, time);
        var stand = new PostgresPart
        {
            Name = "postgres", Port = ports["postgres"], DataDirectory = folder.Of("postgres-a"), Password = Secrets.Postgres,
            Backup = new PostgresBackup(layout.Backup),
        };
        _settings = new(InstanceSettings.For(layout, ports, stand, rabbit))
        {
            ["Kafka__BootstrapServers"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{advertised}"),
            ["Postgres__ConnectionString"] = postgres.ConnectionString,
            // A payment whose notification was lost is asked for within the run.
            ["Payments__CheckEverySeconds"] = "60",
            ["Metrics__SurveySeconds"] = "30",
            ["Sandbox__KeysDirectory"] = layout.Secrets,
            ["Sandbox__DataDirectory"] = layout.Data(SandboxName),
            ["Sandbox__MaxTrades"] = "2000000",
            ["CARDSHOP_API"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports["api"]}"),
            ["CARDSHOP_SANDBOX"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[SandboxName]}"),
        };
        _settings.Remove("Metrics__Directories__postgres");
        _settings.Remove("Metrics__Directories__rabbitmq");
        _settings.Remove("Backup__Config");
        _settings.Remove("Backup__RunAs");
        _settings.Remove("Archive__Directory");
        Shopctl = new(_settings, Secrets.Operator, Secrets.Approver);
    }

    public ChaosFolder Folder { get; }

    public InstanceLayout Layout { get; }

    public InstanceSecrets Secrets => new(Layout.Secrets);

    public PostgresPair Postgres { get; }

    public RabbitMqPart RabbitPart { get; }

    public ShopLinks Links { get; }

    public ShopctlCommand Shopctl { get; }

    /// <summary>The disk of the log broker; null where this user cannot mount one.</summary>
    public SmallDisk? Disk { get; private set; }

    /// <summary>The settings that all parts get, by the servers' own addresses.</summary>
    public IReadOnlyDictionary<string, string> Settings => _settings;

    /// <summary>Extra environment of a part at its next start, by the part's name.</summary>
    public ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> Extra { get; } = new();

    /// <summary>All parts but PostgreSQL's servers.</summary>
    public IReadOnlyList<KeptPart> Parts => _parts;

    /// <summary>Where buyers order.</summary>
    public IReadOnlyList<Uri> Apis { get; private set; } = [];

    public Uri Sandbox => new(_settings["CARDSHOP_SANDBOX"]);

    /// <summary>Any part by its name; postgres-primary and postgres-standby are who has the role now.</summary>
    public KeptPart Find(string name) => name switch
    {
        "postgres-primary" => Postgres.Primary,
        "postgres-standby" => Postgres.Standby,
        _ => _parts.Find(p => p.Name == name) ?? throw new ArgumentException($"There is no part {name}.", nameof(name)),
    };

    /// <summary>Starts everything; products and keys are up to the caller.</summary>
    public static async Task<ChaosShop> StartAsync(
        ChaosFolder folder, Random random, TimeProvider time, Action<string> say, CancellationToken cancellation)
    {
        var layout = new InstanceLayout(InstanceLayout.Around(AppContext.BaseDirectory).Root, folder.Of("instance"));
        Directory.CreateDirectory(Path.Combine(layout.Folder, "data"));
        Directory.CreateDirectory(layout.Data(SandboxName));
        CardShop.Local.Processes.PrivateFile.CreateFolder(layout.Secrets);
        var ports = PortBook.Apart();
        var secrets = new InstanceSecrets(layout.Secrets);
        var postgres = PostgresPair.Create(folder.Path, folder.Logs, secrets.Postgres, random, time);
        var rabbit = new RabbitMqPart
        {
            Name = "rabbitmq", Port = ports["rabbitmq"], ManagementPort = ports["rabbitmq-management"],
            DistributionPort = ports["rabbitmq-distribution"], NameServerPort = ports["rabbitmq-names"],
            DataDirectory = folder.Of("rabbitmq"), Password = secrets.RabbitMq,
        };
        var shop = new ChaosShop(folder, ports, layout, postgres, rabbit, time);
        try
        {
            await shop.StartAsync(ports, random, time, say, cancellation);
            return shop;
        }
        catch
        {
            await shop.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_parts.Select(p => p.DisposeAsync().AsTask()));
        await Postgres.DisposeAsync();
        await Links.DisposeAsync();
        if (Disk is not null)
        {
            await Disk.DisposeAsync();
        }
    }

    private async Task StartAsync(PortBook ports, Random random, TimeProvider time, Action<string> say, CancellationToken cancellation)
    {
        if (SmallDisk.IsPossible)
        {
            Disk = await SmallDisk.MountAsync(Folder.Of("disk"), DiskMegabytes);
        }

        var broker = new LogBrokerPart
        {
            Name = "logbroker", Port = ports["logbroker"], MetricsPort = ports["logbroker-metrics"],
            DataDirectory = Path.Combine(Disk?.Path ?? Folder.Path, "logbroker"),
        };
        string[] advertised = ["--advertised", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Links.KafkaPort}")];
        Add(AlteredPart.Of(broker, c => c with { Arguments = [.. c.Arguments, .. advertised] }));
        Add(RabbitPart);
        say("starting LogBroker, RabbitMQ and two PostgreSQL servers");
        await Task.WhenAll(
            Postgres.StartAsync(cancellation), Find("logbroker").StartAsync(cancellation), Find("rabbitmq").StartAsync(cancellation));

        // Whoever needs a way of its own gets it before it starts.
        Add(Web(SandboxName, ports[SandboxName], "CardShop.Sandbox"));
        AddApi("api-1", ports["api"]);
        AddApi("api-2", FreePorts.Pick());
        foreach (var fleet in new[] { "orders", "payments", "delivery", "notifications" })
        {
            Add(Web("fleet-" + fleet, ports["fleet-" + fleet], "CardShop.Fleet", "--fleet", fleet));
        }

        say("secrets, schema, topics and queues");
        _ = (Secrets.Operator, Secrets.Approver);
        await Shopctl.RunAsync("secrets", "init");
        await Find(SandboxName).StartAsync(cancellation);
        await Shopctl.RunAsync("migrate", "--wait-seconds", "60");
        say("starting two APIs and four fleets");
        await Task.WhenAll(_parts.Select(p => p.StartAsync(cancellation)));

        void AddApi(string name, int port)
        {
            Add(Web(name, port, "CardShop.Api"));
            Apis = [.. Apis, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"))];
        }

        void Add(PartDefinition part) => _parts.Add(new(part, Folder.Logs, random, time));
    }

    private AlteredPart Web(string name, int port, string program, params string[] arguments)
    {
        var environment = new Dictionary<string, string>(_settings);
        if (name != SandboxName)
        {
            environment["Postgres__ConnectionString"] = Postgres.ConnectionStringAt(
                [.. Postgres.Servers.Select(s => Links.Lead(name, "postgres", s.Part.Port))]);
            environment["RabbitMq__Uri"] = ShopLinks.At(RabbitPart.Uri(), Links.Lead(name, "rabbitmq", RabbitPart.Port));
        }

        environment["Kafka__InstanceId"] = name;
        var part = new WebPart { Name = name, Port = port, Program = program, Arguments = arguments, Environment = environment };
        return AlteredPart.Of(part, c => Extra.TryGetValue(name, out var extra)
            ? c with { Environment = new Dictionary<string, string>(c.Environment.Concat(extra)) }
            : c);
    }
}
