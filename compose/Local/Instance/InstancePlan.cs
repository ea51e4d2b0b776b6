using System.Diagnostics.CodeAnalysis;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Supervision;

namespace CardShop.Local.Instance;

/// <summary>The parts of a whole shop and the order in which they start: the map of the local mode.</summary>
public static class InstancePlan
{
    private const string Shopctl = "CardShop.Shopctl";

    /// <summary>Chooses ports, writes the settings for shells, and lists the stages.</summary>
    /// <param name="layout">Where everything is.</param>
    /// <param name="progress">Told of ports that were taken.</param>
    /// <param name="url">The address of the shop.</param>
    [SuppressMessage("Design", "CA1021", Justification = "Two results of one decision.")]
    public static IReadOnlyList<Stage> Create(InstanceLayout layout, IProgressSink progress, out string url)
    {
        PrivateFile.CreateFolder(layout.Secrets);
        Directory.CreateDirectory(Path.Combine(layout.Folder, "data"));
        var ports = PortBook.Open(layout.PortsFile, progress);
        var secrets = new InstanceSecrets(layout.Secrets);
        var postgres = Postgres(layout, ports, secrets);
        var rabbit = RabbitMq(layout, ports, secrets);
        var settings = InstanceSettings.For(layout, ports, postgres, rabbit);
        InstanceSettings.Write(layout, ports, postgres, settings, secrets);
        File.WriteAllText(layout.PrometheusFile, PrometheusTargets.Of(layout, ports));

        var operating = new Dictionary<string, string>(settings) { [InstanceSettings.OperatorKeyName] = secrets.Operator };

        WebPart Web(string name, string program, params string[] arguments) => new()
        {
            Name = name,
            Port = ports[name],
            Program = program,
            Arguments = arguments,
            Environment = settings,
        };
        OneShot Command(string name, params string[] arguments) =>
            new(name, () => DotnetProgram.Command(Shopctl, arguments) with { Environment = operating }, "shopctl");

        var broker = new LogBrokerPart
        {
            Name = "logbroker",
            Port = ports["logbroker"],
            MetricsPort = ports["logbroker-metrics"],
            DataDirectory = layout.Data("logbroker"),
        };
        var sandbox = new WebPart
        {
            Name = "sandbox",
            Port = ports["sandbox"],
            Program = "CardShop.Sandbox",
            Environment = new Dictionary<string, string>(settings)
            {
                ["Sandbox__KeysDirectory"] = layout.Secrets,
                ["Sandbox__DataDirectory"] = layout.Data("sandbox"),
            },
        };
        var api = new WebPart
        {
            Name = "api",
            Port = ports["api"],
            Program = "CardShop.Api",
            Environment = new Dictionary<string, string>(settings) { ["Console__Shopctl"] = DotnetProgram.Find(Shopctl) },
        };
        url = api.Url;
        return
        [
            new Stage([postgres, rabbit, broker], []),
            // Where secrets are missing among others, the audit is told before they are made: that takes the log.
            new Stage([], [Command("secrets", "secrets", "init")]),
            new Stage([sandbox], [Command("schema, topics and queues", "migrate", "--wait-seconds", "30")]),
            new Stage(
                [
                    api,
                    Web("fleet-orders", "CardShop.Fleet", "--fleet", "orders"),
                    Web("fleet-payments", "CardShop.Fleet", "--fleet", "payments"),
                    Web("fleet-delivery", "CardShop.Fleet", "--fleet", "delivery"),
                    Web("fleet-notifications", "CardShop.Fleet", "--fleet", "notifications"),
                ],
                [Command("backup repository", "backup", "init", "--warn-only")]),
            new Stage([], [Command("demo catalog", "demo", "seed") with
            {
                Needed = () => !File.Exists(layout.SeededMark),
                Done = () => File.WriteAllText(layout.SeededMark, ""),
            }]),
        ];
    }

    private static PostgresPart Postgres(InstanceLayout layout, PortBook ports, InstanceSecrets secrets) => new()
    {
        Name = "postgres",
        Port = ports["postgres"],
        DataDirectory = layout.Data("postgres"),
        Password = secrets.Postgres,
        // After a restore it replays archived WAL before it answers.
        StartLimit = TimeSpan.FromMinutes(15),
        Backup = new PostgresBackup(layout.Backup)
        {
            Repository = Chosen("Backup__Repository") ?? Path.Combine(layout.Backup, "repository"),
            CipherPassFile = Chosen("Backup__CipherPassFile"),
        },
    };

    /// <summary>A setting of the shell that starts the shop: a path, or null.</summary>
    private static string? Chosen(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } path ? Path.GetFullPath(path) : null;

    private static RabbitMqPart RabbitMq(InstanceLayout layout, PortBook ports, InstanceSecrets secrets) => new()
    {
        Name = "rabbitmq",
        Port = ports["rabbitmq"],
        ManagementPort = ports["rabbitmq-management"],
        DistributionPort = ports["rabbitmq-distribution"],
        NameServerPort = ports["rabbitmq-names"],
        DataDirectory = layout.Data("rabbitmq"),
        Password = secrets.RabbitMq,
    };
}
