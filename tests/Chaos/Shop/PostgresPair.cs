using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Tests.Chaos.Machine;
using Npgsql;

namespace CardShop.Tests.Chaos.Shop;

/// <summary>
/// Two PostgreSQL servers: a primary that acknowledges a commit when the other one, its synchronous standby, has it on
/// disk; who is which changes with each failover.
/// </summary>
public sealed class PostgresPair : IAsyncDisposable
{
    /// <summary>Of both servers' page caches.</summary>
    private const int SharedBuffersMegabytes = 384;

    private static readonly TimeSpan CopyLimit = TimeSpan.FromMinutes(5);

    private readonly PostgresPart[] _parts;
    private readonly KeptPart[] _kept;
    private readonly TimeProvider _time;
    private int _primary;

    private PostgresPair(PostgresPart[] parts, KeptPart[] kept, TimeProvider time)
    {
        _parts = parts;
        _kept = kept;
        _time = time;
    }

    /// <summary>The server that takes writes.</summary>
    public KeptPart Primary => _kept[_primary];

    /// <summary>The one that follows it.</summary>
    public KeptPart Standby => _kept[1 - _primary];

    /// <summary>Both, in a fixed order.</summary>
    public IReadOnlyList<KeptPart> Servers => _kept;

    /// <summary>Every commit waits for the standby now: only then may the primary be lost.</summary>
    public bool IsSynchronous { get; private set; }

    /// <summary>Both servers, as Npgsql reads them: it finds the primary.</summary>
    public string ConnectionString => ConnectionStringAt([.. _parts.Select(p => p.Port)]);

    /// <summary>The same by way of other ports of 127.0.0.1, in the order of <see cref="Servers"/>.</summary>
    public string ConnectionStringAt(IReadOnlyList<int> ports) => new NpgsqlConnectionStringBuilder(_parts[0].ConnectionString(_parts[0].Database))
    {
        Host = string.Join(',', ports.Select(p => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{p}"))),
        Port = NpgsqlConnection.DefaultPort,
        TargetSessionAttributes = "primary",
        // How soon a server that was found to be a standby is asked again.
        HostRecheckSeconds = 1,
    }.ConnectionString;

    /// <summary>Describes both; nothing runs yet.</summary>
    /// <param name="folder">Their data goes below it.</param>
    public static PostgresPair Create(string folder, string logs, string password, Random random, TimeProvider time)
    {
        var first = FreePorts.Pick();
        PostgresPart[] parts =
        [
            .. new[] { ("postgres-a", first), ("postgres-b", FreePorts.Pick(first)) }.Select(p => new PostgresPart
            {
                Name = p.Item1,
                Port = p.Item2,
                DataDirectory = Path.Combine(folder, p.Item1),
                Password = password,
                SharedBuffersMegabytes = SharedBuffersMegabytes,
            }),
        ];
        return new(parts, [.. parts.Select(p => new KeptPart(p, logs, random, time))], time);
    }

    /// <summary>Makes the primary, copies it, and waits until the copy follows synchronously.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var part = _parts[_primary];
        await part.PrepareAsync(Primary.Log, _time, cancellation);
        await File.AppendAllTextAsync(
            Path.Combine(part.DataDirectory, "pg_hba.conf"), "host replication all 127.0.0.1/32 scram-sha-256\n", cancellation);
        await ConfigureAsync(_primary, isSynchronous: false, cancellation);
        await Primary.StartAsync(cancellation);
        await CopyAsync(cancellation);
        await FollowAsync(cancellation);
        await Standby.StartAsync(cancellation);
        await SynchroniseAsync(cancellation);
    }

    /// <summary>SIGKILL to the primary, which stays down.</summary>
    public Task LosePrimaryAsync()
    {
        IsSynchronous = false;
        return Primary.HoldAsync();
    }

    /// <summary>The standby becomes the primary; alone, it waits for nobody.</summary>
    public async Task PromoteAsync(CancellationToken cancellation)
    {
        var next = 1 - _primary;
        await ConfigureAsync(next, isSynchronous: false, cancellation);
        await using (var connection = await OpenAsync(next, cancellation))
        {
            await ExecuteAsync(connection, "SELECT pg_reload_conf()", cancellation);
            await ExecuteAsync(connection, "SELECT pg_promote(true, 60)", cancellation);
        }

        _primary = next;
    }

    /// <summary>The lost server comes back as the standby: rewound to where the two parted, or copied anew.</summary>
    /// <returns>pg_rewind or pg_basebackup.</returns>
    public async Task<string> RejoinAsync(CancellationToken cancellation)
    {
        await using (var connection = await OpenAsync(_primary, cancellation))
        {
            // pg_rewind reads the new timeline from the last checkpoint.
            await ExecuteAsync(connection, "CHECKPOINT", cancellation);
        }

        var how = "pg_rewind";
        if (!await RewindAsync(cancellation))
        {
            how = "pg_basebackup";
            Directory.Delete(_parts[1 - _primary].DataDirectory, recursive: true);
            await CopyAsync(cancellation);
        }

        await FollowAsync(cancellation);
        Standby.Release();
        await Standby.UntilReadyAsync(TimeSpan.FromSeconds(120), cancellation);
        await SynchroniseAsync(cancellation);
        return how;
    }

    /// <summary>Does the standby have everything that was acknowledged? Asked just before the primary is lost.</summary>
    public async Task<bool> IsStandbyCurrentAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = await OpenAsync(_primary, cancellation);
            await using var command = new NpgsqlCommand(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'", connection);
            return (long)(await command.ExecuteScalarAsync(cancellation))! == 1;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _kept)
        {
            await server.DisposeAsync();
        }
    }

    private async Task SynchroniseAsync(CancellationToken cancellation)
    {
        await ConfigureAsync(_primary, isSynchronous: true, cancellation);
        await using (var connection = await OpenAsync(_primary, cancellation))
        {
            await ExecuteAsync(connection, "SELECT pg_reload_conf()", cancellation);
        }

        var from = _time.GetTimestamp();
        while (!await IsStandbyCurrentAsync(cancellation))
        {
            if (_time.GetElapsedTime(from) > TimeSpan.FromSeconds(60))
            {
                throw new ChaosFailedException($"{Standby.Name} does not follow {Primary.Name}: see {Standby.Log.Path}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellation);
        }

        IsSynchronous = true;
    }

    /// <summary>postgresql.auto.conf is read last, and survives what the part writes at its start.</summary>
    private Task ConfigureAsync(int server, bool isSynchronous, CancellationToken cancellation)
    {
        var other = _parts[1 - server];
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            wal_log_hints = on
            wal_keep_size = '2GB'
            wal_sender_timeout = 10s
            wal_receiver_timeout = 10s
            wal_retrieve_retry_interval = 500ms
            primary_conninfo = 'host=127.0.0.1 port={other.Port} user={PostgresPart.User} password={other.Password} application_name=standby'
            recovery_target_timeline = 'latest'
            synchronous_standby_names = '{(isSynchronous ? "standby" : "")}'

            """);
        return File.WriteAllTextAsync(Path.Combine(_parts[server].DataDirectory, "postgresql.auto.conf"), text, cancellation);
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        var server = 1 - _primary;
        await ConfigureAsync(server, isSynchronous: false, cancellation);
        await File.WriteAllTextAsync(Path.Combine(_parts[server].DataDirectory, "standby.signal"), "", cancellation);
    }

    private async Task CopyAsync(CancellationToken cancellation)
    {
        var (from, to) = (_parts[_primary], _parts[1 - _primary]);
        PrivateFile.CreateFolder(to.DataDirectory);
        await PostgresPrograms.HandOverAsync(to.DataDirectory, Standby.Log, _time, cancellation);
        var code = await RunAsync(
            "pg_basebackup", "-D", to.DataDirectory, "-h", "127.0.0.1", "-p", Number(from.Port), "-U", PostgresPart.User,
            "-X", "stream", "-c", "fast");
        if (code != 0)
        {
            throw new ChaosFailedException($"pg_basebackup ended with code {code}: see {Standby.Log.Path}");
        }
    }

    private async Task<bool> RewindAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (from, to) = (_parts[_primary], _parts[1 - _primary]);
        File.Delete(Path.Combine(to.DataDirectory, "postmaster.pid"));
        return await RunAsync(
            "pg_rewind", "--target-pgdata", to.DataDirectory, "--source-server",
            $"host=127.0.0.1 port={Number(from.Port)} user={PostgresPart.User} dbname=postgres") == 0;
    }

    private Task<int> RunAsync(string program, params string[] arguments) => ChildProcess.RunAsync(
        new ChildCommand(PostgresPrograms.Find(program), arguments)
        {
            RunAs = _parts[1 - _primary].RunAs,
            Environment = new Dictionary<string, string> { ["PGPASSWORD"] = _parts[0].Password, ["LC_ALL"] = "C.UTF-8" },
        },
        Standby.Log, CopyLimit, _time, CancellationToken.None);

    private async Task<NpgsqlConnection> OpenAsync(int server, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_parts[server].ConnectionString("postgres"))
        {
            Pooling = false,
            CommandTimeout = 60,
        }.ConnectionString);
        await connection.OpenAsync(cancellation);
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
