using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>One of three etcd, in which Patroni keeps who is primary.</summary>
internal sealed class EtcdPart : PartDefinition
{
    private const string Token = "cardshop-drill";

    /// <summary>All members: their names and the ports on which they talk to each other.</summary>
    public required IReadOnlyList<(string Name, int Port)> Members { get; init; }

    public required string DataDirectory { get; init; }

    public override ChildCommand Command()
    {
        var own = Url(Members.Single(m => m.Name == Name).Port);
        return new(
            "etcd", "--name", Name, "--data-dir", DataDirectory, "--listen-client-urls", Url(Port), "--advertise-client-urls", Url(Port),
            "--listen-peer-urls", own, "--initial-advertise-peer-urls", own, "--initial-cluster",
            string.Join(',', Members.Select(m => m.Name + "=" + Url(m.Port))), "--initial-cluster-state", "new",
            "--initial-cluster-token", Token, "--logger", "zap", "--log-level", "warn");
    }

    public override async Task<Probe> ProbeAsync(CancellationToken cancellationToken) =>
        new(await Rest.GetAsync(Url(Port) + "/health", cancellationToken) is { } body && body.Contains("true", StringComparison.Ordinal)
            ? Health.Ready : Health.Down);

    private static string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
}
