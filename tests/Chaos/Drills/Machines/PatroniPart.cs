using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>One of three PostgreSQL under Patroni, with the shipped configuration.</summary>
internal sealed class PatroniPart : PartDefinition
{
    public const string ShippedConfiguration = "k8s/overlays/private/database/patroni.yml";

    // A fast shutdown ends with a checkpoint.
    private static readonly IReadOnlyList<StopStep> Shutdown = [new(Signal.Terminate, TimeSpan.FromSeconds(30))];

    /// <summary>Where it is asked what it is.</summary>
    public required int RestPort { get; init; }

    public required string DataDirectory { get; init; }

    /// <summary>Where the etcd are: host:port, separated by commas.</summary>
    public required string Etcd { get; init; }

    /// <summary>One for the server's own users.</summary>
    public required string Password { get; init; }

    /// <summary>Runs it as somebody whom PostgreSQL accepts.</summary>
    public required IReadOnlyList<string> RunAs { get; init; }

    public override IReadOnlyList<StopStep> StopSteps => Shutdown;

    public override ChildCommand Command() => new("patroni", ShippedFile.PathOf(ShippedConfiguration))
    {
        RunAs = RunAs,
        WorkingDirectory = Path.GetDirectoryName(DataDirectory),
        Environment = ToolEnvironment(),
    };

    /// <summary>The environment in which patronictl finds the three.</summary>
    public IReadOnlyDictionary<string, string> ToolEnvironment()
    {
        string At(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        return new Dictionary<string, string>
        {
            ["PATRONI_NAME"] = Name,
            ["PATRONI_ETCD3_HOSTS"] = Etcd,
            ["PATRONI_RESTAPI_LISTEN"] = At(RestPort),
            ["PATRONI_RESTAPI_CONNECT_ADDRESS"] = At(RestPort),
            ["PATRONI_POSTGRESQL_LISTEN"] = At(Port),
            ["PATRONI_POSTGRESQL_CONNECT_ADDRESS"] = At(Port),
            ["PATRONI_POSTGRESQL_DATA_DIR"] = DataDirectory,
            ["PATRONI_POSTGRESQL_BIN_DIR"] = Path.GetDirectoryName(PostgresPrograms.Find("postgres"))!,
            ["PATRONI_POSTGRESQL_PGPASS"] = DataDirectory + ".pgpass",
            ["PATRONI_SUPERUSER_PASSWORD"] = Password,
            ["PATRONI_REPLICATION_PASSWORD"] = Password,
            ["PATRONI_REWIND_PASSWORD"] = Password,
            ["HOME"] = Path.GetDirectoryName(DataDirectory)!,
            ["LC_ALL"] = "C.UTF-8",
            ["TZ"] = "UTC",
        };
    }

    /// <summary>PostgreSQL answers, whatever it is.</summary>
    public override async Task<Probe> ProbeAsync(CancellationToken cancellationToken) =>
        new(await IsAsync("health", cancellationToken) ? Health.Ready : Health.Down);

    /// <param name="role">As Patroni calls it: primary, replica, sync; or health.</param>
    public async Task<bool> IsAsync(string role, CancellationToken cancel) =>
        await Rest.GetAsync(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{RestPort}/{role}"), cancel) is not null;

    /// <summary>PostgreSQL is no child of Patroni: it lives on when Patroni dies.</summary>
    public override Task CleanUpAsync(TimeProvider time) => ChildProcess.KillAllAsync(ProcessTable.WorkingIn(DataDirectory, "postgres"), time);
}
