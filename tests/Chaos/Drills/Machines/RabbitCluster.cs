using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Servers;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>Three RabbitMQ nodes in one cluster, each with its own data.</summary>
internal sealed class RabbitCluster
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly string[] Names = ["mq-a", "mq-b", "mq-c"];

    private readonly DrillRun _run;
    private readonly RabbitMqPart[] _parts;
    private readonly LocalServer[] _servers = new LocalServer[Names.Length];
    private readonly string _password = RandomNumberGenerator.GetHexString(32, lowercase: true);

    private RabbitCluster(DrillRun run)
    {
        _run = run;
        var ports = new DrillPorts();
        NameServerPort = ports.Next();
        var nodes = Names.Select(n => $"cardshop-{n}@localhost").ToList();
        _parts = [.. Names.Select((n, i) => new RabbitMqPart
        {
            Name = n, Port = ports.Next(), ManagementPort = ports.Next(), DistributionPort = ports.Next(), NameServerPort = NameServerPort, DataDirectory = run.In(n),
            Password = _password, NodeName = nodes[i], Cluster = nodes,
        })];
    }

    /// <summary>As the programs of a shop name it: all three nodes.</summary>
    public string Uri => _parts[0].Uri("/").Replace("%2F", "", StringComparison.Ordinal) + "?hosts="
        + string.Join(',', _parts.Skip(1).Select(p => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{p.Port}")));

    private int NameServerPort { get; }

    public static async Task<RabbitCluster> StartAsync(DrillRun run, CancellationToken cancel)
    {
        var cluster = new RabbitCluster(run);
        // Every node would start the name server, and take it along when it dies.
        await run.StartAsync(new NameServerPart { Name = "epmd", Port = cluster.NameServerPort }, run.In("epmd"), cancel);
        var cookie = RandomNumberGenerator.GetHexString(40);
        foreach (var part in cluster._parts)
        {
            PrivateFile.CreateFolder(Path.Combine(part.DataDirectory, "home"));
            PrivateFile.Write(Path.Combine(part.DataDirectory, "home", ".erlang.cookie"), cookie);
        }

        for (var i = 0; i < Names.Length; i++)
        {
            cluster._servers[i] = await run.StartAsync(cluster._parts[i], cluster._parts[i].DataDirectory, cancel);
        }

        return cluster;
    }

    public string NameOf(int node) => Names[node];

    /// <summary>The node that leads a queue: every message of it goes through that one.</summary>
    public async Task<int> LeaderAsync(string queue, int askedNode, CancellationToken cancel)
    {
        using var queues = JsonDocument.Parse(await ControlAsync(
            askedNode, "rabbitmqctl", ["-q", "list_queues", "name", "leader", "--formatter", "json"], cancel));
        var leader = queues.RootElement.EnumerateArray().Single(q => q.GetProperty("name").GetString() == queue).GetProperty("leader").GetString();
        return Array.FindIndex(_parts, p => p.NodeName == leader);
    }

    public Task KillAsync(int node) => _servers[node].KillAsync();

    public Task StartAsync(int node, CancellationToken cancel) => _servers[node].StartAsync(cancel);

    /// <summary>Until the loss of any one node would leave every queue its majority.</summary>
    public Task<TimeSpan> UntilWholeAsync(CancellationToken cancel) => DrillRun.UntilAsync(
        async () =>
        {
            foreach (var part in _parts)
            {
                if (await _run.TryToolAsync(
                    new("/usr/lib/rabbitmq/bin/rabbitmq-queues", "check_if_node_is_quorum_critical") { Environment = part.ToolEnvironment() }, cancel) != 0)
                {
                    return false;
                }
            }

            return true;
        },
        "every queue has all its members", Limit, cancel);

    private async Task<string> ControlAsync(int node, string program, string[] arguments, CancellationToken cancel)
    {
        var info = new ProcessStartInfo("/usr/lib/rabbitmq/bin/" + program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in _parts[node].ToolEnvironment())
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync(cancel);
        var output = await process.StandardOutput.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return process.ExitCode == 0 ? output : throw new ChaosFailedException($"{program} {string.Join(' ', arguments)}: {await errors}");
    }

    /// <summary>Erlang's name server, which tells nodes each other's ports.</summary>
    private sealed class NameServerPart : PartDefinition
    {
        public override ChildCommand Command() =>
            new("epmd", "-port", Port.ToString(CultureInfo.InvariantCulture), "-address", "127.0.0.1");

        public override Task<Probe> ProbeAsync(CancellationToken cancellationToken) =>
            Task.FromResult(new Probe(FreePorts.IsFree(Port) ? Health.Down : Health.Ready));
    }
}
