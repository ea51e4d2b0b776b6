using System.Globalization;
using System.Security.Cryptography;
using CardShop.Local.Processes;
using CardShop.Local.Servers;
using Npgsql;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>Three machines in small: on each an etcd, and a PostgreSQL under Patroni.</summary>
internal sealed class PatroniCluster : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly string[] Names = ["db-a", "db-b", "db-c"];

    private readonly DrillRun _run;
    private readonly PatroniPart[] _parts;
    private readonly EtcdPart[] _etcd;
    private readonly LocalServer[] _servers = new LocalServer[Names.Length];
    private readonly LocalServer[] _stores = new LocalServer[Names.Length];
    private readonly string _password = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _reaping;

    private PatroniCluster(DrillRun run, IReadOnlyList<string> runAs)
    {
        _run = run;
        var ports = new DrillPorts();
        var members = Names.Select(n => ("etcd-" + n, ports.Next())).ToList();
        _etcd = [.. members.Select(m => new EtcdPart { Name = m.Item1, Port = ports.Next(), Members = members, DataDirectory = run.In(m.Item1) })];
        _parts = [.. Names.Select(n => new PatroniPart
        {
            Name = n,
            Port = ports.Next(),
            RestPort = ports.Next(),
            DataDirectory = run.In(n),
            Etcd = string.Join(',', _etcd.Select(e => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{e.Port}"))),
            Password = _password,
            RunAs = runAs,
        })];
        _reaping = ReapAsync(_end.Token);
    }

    /// <summary>As the programs of a shop name it: all three.</summary>
    public string ConnectionString => string.Create(
        CultureInfo.InvariantCulture,
        $"Host={string.Join(',', _parts.Select(p => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{p.Port}")))};Database=cardshop;Username=cardshop;Password={_password};SSL Mode=Disable;GSS Encryption Mode=Disable;Maximum Pool Size=20");

    /// <param name="runAs">Runs a program as somebody whom PostgreSQL accepts.</param>
    public static async Task<PatroniCluster> StartAsync(DrillRun run, IReadOnlyList<string> runAs, CancellationToken cancel)
    {
        var cluster = run.Keep(new PatroniCluster(run, runAs));
        // None is ready before there are two.
        await Task.WhenAll(Enumerable.Range(0, Names.Length).Select(async i =>
            cluster._stores[i] = await run.StartAsync(cluster._etcd[i], cluster._etcd[i].DataDirectory, cancel)));
        cluster._servers[0] = await cluster.StartServerAsync(0, cancel);
        await DrillRun.UntilAsync(() => cluster._parts[0].IsAsync("primary", cancel), "the first PostgreSQL is primary", StartLimit, cancel);
        await Task.WhenAll(Enumerable.Range(1, Names.Length - 1).Select(async i => cluster._servers[i] = await cluster.StartServerAsync(i, cancel)));
        await cluster.UntilWholeAsync(StartLimit, cancel);
        await cluster.CreateDatabaseAsync(cancel);
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reaping;
        _end.Dispose();
    }

    public string NameOf(int machine) => Names[machine];

    /// <summary>The machine that takes writes; -1 when none says so.</summary>
    public Task<int> PrimaryAsync(CancellationToken cancel) => FirstAsync("primary", cancel);

    /// <summary>The machine without which no commit is acknowledged; -1 when none says so.</summary>
    public Task<int> SynchronousAsync(CancellationToken cancel) => FirstAsync("sync", cancel);

    /// <summary>The machine loses power: everything on it is gone at once.</summary>
    public Task KillAsync(int machine) => Task.WhenAll(_servers[machine].KillAsync(), _stores[machine].KillAsync());

    /// <summary>The machine is back, with its disk.</summary>
    public Task StartAsync(int machine, CancellationToken cancel) =>
        Task.WhenAll(_stores[machine].StartAsync(cancel), _servers[machine].StartAsync(cancel));

    /// <summary>Until one is primary, one synchronous standby, and the third follows.</summary>
    public Task<TimeSpan> UntilWholeAsync(TimeSpan limit, CancellationToken cancel) => DrillRun.UntilAsync(
        async () => await PrimaryAsync(cancel) >= 0 && await SynchronousAsync(cancel) >= 0
            && (await Task.WhenAll(_parts.Select(p => p.IsAsync("replica", cancel)))).Count(r => r) == Names.Length - 1,
        "one primary and two standbys, one of them synchronous", limit, cancel);

    /// <summary>What an operator types to move the primary in peace.</summary>
    public Task SwitchAsync(int from, int to, CancellationToken cancel) => _run.ToolAsync(
        new ChildCommand(
            "patronictl", "-c", ShippedFile.PathOf(PatroniPart.ShippedConfiguration), "switchover", "cardshop", "--master", Names[from],
            "--candidate", Names[to], "--force")
        {
            Environment = _parts[from].ToolEnvironment(),
        },
        cancel);

    /// <summary>PostgreSQL is this process's child by adoption, and Patroni waits until nothing is left of it.</summary>
    private static async Task ReapAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            ChildProcess.ReapAdopted("postgres");
            await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(200), end));
        }
    }

    private async Task<int> FirstAsync(string role, CancellationToken cancel) =>
        Array.IndexOf(await Task.WhenAll(_parts.Select(p => p.IsAsync(role, cancel))), true);

    private Task<LocalServer> StartServerAsync(int machine, CancellationToken cancel) =>
        _run.StartAsync(_parts[machine], _parts[machine].DataDirectory, cancel);

    /// <summary>The shop's own user is no superuser.</summary>
    private async Task CreateDatabaseAsync(CancellationToken cancel)
    {
        var admin = new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            Host = "127.0.0.1",
            Port = _parts[await PrimaryAsync(cancel)].Port,
            Database = "postgres",
            Username = "postgres",
            Pooling = false,
        };
        await using var database = NpgsqlDataSource.Create(admin.ConnectionString);
        foreach (var sql in new[]
        {
            $"CREATE ROLE cardshop LOGIN PASSWORD '{_password}'", "GRANT pg_monitor TO cardshop", "CREATE DATABASE cardshop OWNER cardshop",
        })
        {
#pragma warning disable CA2100 // Made here, of a random number.
            await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(cancel);
        }
    }
}
