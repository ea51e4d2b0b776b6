using System.Net;
using System.Net.Sockets;
using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>Debian's HAProxy with a configuration of its own.</summary>
internal sealed class HaproxyPart : PartDefinition
{
    /// <summary>Before the two APIs of one machine.</summary>
    public const string ComposeFile = "compose/config/haproxy.cfg";

    /// <summary>The pair of proxies with a moving address.</summary>
    public const string EdgeFile = "k8s/overlays/private/edge/haproxy.cfg";

    /// <summary>This machine may not allow as many open files as the shipped number takes.</summary>
    public const string Connections = "4000";

    private const string Program = "/usr/sbin/haproxy";

    /// <summary>Where it is asked whether it listens.</summary>
    public required IPEndPoint Listens { get; init; }

    /// <summary>Its configuration; written before each start.</summary>
    public required string Configuration { get; init; }

    /// <summary>Where that is written.</summary>
    public required string File { get; init; }

    /// <summary>The host that it runs on; null: this machine.</summary>
    public DrillHost? Host { get; init; }

    /// <summary>The shipped proxy before two APIs.</summary>
    /// <param name="bind">As HAProxy writes it, where it listens.</param>
    public static string Compose(string bind, int firstApi, int secondApi) => ShippedFile.Read(
        ComposeFile, ("maxconn 20000", "maxconn " + Connections), ("bind :8080", "bind " + bind), (" resolvers docker init-addr libc,none", ""),
        ("api-1:8080", $"127.0.0.1:{firstApi}"), ("api-2:8080", $"127.0.0.1:{secondApi}"));

    /// <summary>Has HAProxy read every file that is shipped.</summary>
    /// <returns>A figure.</returns>
    public static async Task<DrillFigure> CheckShippedAsync(DrillRun run, CancellationToken cancel)
    {
        var wrong = new List<string>();
        foreach (var file in new[] { ComposeFile, EdgeFile })
        {
            if (await run.TryToolAsync(new(Program, "-c", "-f", ShippedFile.PathOf(file)), cancel) != 0)
            {
                wrong.Add(file);
            }
        }

        return new("haproxy -c of both shipped files", wrong.Count == 0 ? "valid" : string.Join(", ", wrong), "valid", wrong.Count == 0);
    }

    public override async Task PrepareAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken) =>
        await System.IO.File.WriteAllTextAsync(File, Configuration, cancellationToken);

    public override ChildCommand Command()
    {
        var command = new ChildCommand(Program, "-db", "-f", File);
        return Host?.Here(command) ?? command;
    }

    public override async Task<Probe> ProbeAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(Listens, limit.Token);
            return new(Health.Ready);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new(Health.Down);
        }
    }
}
