using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>Debian's keepalived on one host of a drill's network, with the shipped configuration.</summary>
internal sealed class KeepalivedPart : PartDefinition
{
    public const string ShippedConfiguration = "k8s/overlays/private/edge/keepalived.conf";

    public required DrillHost Host { get; init; }

    /// <summary>Its own files.</summary>
    public required string Folder { get; init; }

    /// <summary>The address that moves, with the length of its network: 10.0.0.5/24.</summary>
    public required string Address { get; init; }

    /// <summary>The second of the pair has less priority.</summary>
    public required bool IsSecond { get; init; }

    public override async Task PrepareAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(
            In("keepalived.conf"),
            ShippedFile.Read(ShippedConfiguration, ("192.0.2.10/24", Address), ("priority 150", IsSecond ? "priority 100" : "priority 150")),
            cancellationToken);
        // Of a process that was killed.
        File.Delete(In("pid"));
        File.Delete(In("vrrp.pid"));
    }

    public override ChildCommand Command() => Host.Here(new(
        "/usr/sbin/keepalived", "--dont-fork", "--log-console", "--no-syslog", "--use-file", In("keepalived.conf"), "--pid", In("pid"), "--vrrp_pid", In("vrrp.pid")));

    /// <summary>It answers nobody; who holds the address is asked of the hosts.</summary>
    public override Task<Probe> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new Probe(File.Exists(In("vrrp.pid")) ? Health.Ready : Health.Down));

    private string In(string name) => Path.Combine(Folder, name);
}
