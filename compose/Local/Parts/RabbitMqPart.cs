using System.Globalization;
using System.Security.Cryptography;
using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>Debian's RabbitMQ as a private node: its own name server, cookie, user and folders, all on loopback.</summary>
public sealed class RabbitMqPart : PartDefinition
{
    /// <summary>The only user.</summary>
    public const string User = "cardshop";

    private const string Server = "/usr/lib/rabbitmq/bin/rabbitmq-server";

    // The name server (epmd) of this node alone. It is a child of the process that becomes the Erlang VM, and ends with it.
    private const string WithNameServer = """
        setpriv --pdeathsig KILL epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 >/dev/null 2>&1 </dev/null &
        tries=0
        until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do
            tries=$((tries + 1))
            [ "$tries" -lt 100 ] || { echo "epmd does not answer on port $ERL_EPMD_PORT"; exit 1; }
            sleep 0.05
        done
        exec "$0"
        """;

    private static readonly IReadOnlyList<StopStep> Shutdown = [new(Signal.Terminate, TimeSpan.FromSeconds(25))];

    /// <summary>Its folder; created by the first start.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The password of <see cref="User"/>. Used when the node is created.</summary>
    public required string Password { get; init; }

    /// <summary>The port of the HTTP management interface.</summary>
    public required int ManagementPort { get; init; }

    /// <summary>The port between Erlang nodes; here only the node's own tools use it.</summary>
    public required int DistributionPort { get; init; }

    /// <summary>The port of the private name server.</summary>
    public required int NameServerPort { get; init; }

    /// <summary>Its name among Erlang nodes.</summary>
    public string NodeName { get; init; } = "cardshop@localhost";

    /// <summary>The names of all nodes of its cluster, this one's too; none: it stands alone. They share cookie and name server.</summary>
    public IReadOnlyList<string> Cluster { get; init; } = [];

    /// <inheritdoc/>
    public override IReadOnlyList<StopStep> StopSteps => Shutdown;

    /// <summary>The address for clients.</summary>
    /// <param name="vhost">The virtual host.</param>
    public string Uri(string vhost = "/") => $"amqp://{User}:{Password}@127.0.0.1:{Port}/{System.Uri.EscapeDataString(vhost)}";

    /// <inheritdoc/>
    public override async Task PrepareAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!File.Exists(Server))
        {
            throw new PartFailedException(Name, $"There is no {Server}; install the Debian package rabbitmq-server");
        }

        PrivateFile.CreateFolder(DataDirectory);
        PrivateFile.CreateFolder(In("home"));
        var cookie = In("home/.erlang.cookie");
        if (!File.Exists(cookie))
        {
            PrivateFile.Write(cookie, RandomNumberGenerator.GetHexString(40));
        }

        PrivateFile.Write(In("rabbitmq.conf"), Settings());
        await File.WriteAllTextAsync(In("advanced.config"), "[].\n", cancellationToken);
        await File.WriteAllTextAsync(In("enabled_plugins"), "[rabbitmq_management].\n", cancellationToken);
        await File.WriteAllTextAsync(In("rabbitmq-env.conf"), "", cancellationToken);
    }

    /// <inheritdoc/>
    public override ChildCommand Command() => new("/bin/sh", "-c", WithNameServer, Server)
    {
        WorkingDirectory = DataDirectory,
        Environment = ToolEnvironment(),
    };

    /// <summary>The environment in which RabbitMQ's own tools (rabbitmqctl, …) find this node.</summary>
    public IReadOnlyDictionary<string, string> ToolEnvironment()
    {
        string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
        return new Dictionary<string, string>
        {
            ["HOME"] = In("home"),
            ["LC_ALL"] = "C.UTF-8",
            ["ERL_EPMD_PORT"] = Number(NameServerPort),
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODENAME"] = NodeName,
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = Number(Port),
            ["RABBITMQ_DIST_PORT"] = Number(DistributionPort),
            ["RABBITMQ_MNESIA_BASE"] = In("mnesia"),
            ["RABBITMQ_LOG_BASE"] = In("log"),
            ["RABBITMQ_LOGS"] = "-",
            ["RABBITMQ_PID_FILE"] = In("pid"),
            ["RABBITMQ_CONF_ENV_FILE"] = In("rabbitmq-env.conf"),
            ["RABBITMQ_CONFIG_FILE"] = In("rabbitmq.conf"),
            ["RABBITMQ_ADVANCED_CONFIG_FILE"] = In("advanced.config"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = In("enabled_plugins"),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",

            // The start script then becomes the Erlang VM instead of waiting for it: signals and death reach the right process.
            ["RUNNING_UNDER_SYSTEMD"] = "true",
        };
    }

    /// <inheritdoc/>
    public override Task<Probe> ProbeAsync(CancellationToken cancellationToken) => Loopback.AmqpAsync(Port, cancellationToken);

    private string In(string name) => Path.Combine(DataDirectory, name);

    private string Settings() => string.Create(CultureInfo.InvariantCulture, $"""
        # Written at every start.
        listeners.tcp.1 = 127.0.0.1:{Port}
        management.tcp.ip = 127.0.0.1
        management.tcp.port = {ManagementPort}
        management_agent.disable_metrics_collector = true
        default_user = {User}
        default_pass = {Password}
        default_vhost = /
        default_permissions.configure = .*
        default_permissions.read = .*
        default_permissions.write = .*
        default_user_tags.administrator = true
        # A worker that waits for a slow payment provider is not stuck.
        consumer_timeout = 7200000
        disk_free_limit.absolute = 256MB
        vm_memory_high_watermark.absolute = 1GB
        raft.wal_max_size_bytes = 67108864
        log.console = true
        log.console.level = warning
        log.file = false

        """) + string.Concat(Cluster.Select((node, i) => string.Create(
            CultureInfo.InvariantCulture, $"cluster_formation.classic_config.nodes.{i + 1} = {node}\n")))
        // A lesser part of a split stops: what is acknowledged stays.
        + (Cluster.Count > 0 ? "cluster_partition_handling = pause_minority\nqueue_leader_locator = balanced\n" : "");
}
