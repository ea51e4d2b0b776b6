using System.Globalization;
using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>Debian's PostgreSQL with a data directory of its own, on loopback only, with passwords (SCRAM).</summary>
public sealed class PostgresPart : PartDefinition
{
    /// <summary>The only user, owner of everything in this private server.</summary>
    public const string User = "cardshop";

    private static readonly TimeSpan InitLimit = TimeSpan.FromMinutes(3);

    // Fast shutdown ends sessions and writes a checkpoint; the immediate one leaves recovery to the next start.
    private static readonly IReadOnlyList<StopStep> Shutdown =
    [
        new(Signal.Interrupt, TimeSpan.FromSeconds(20)),
        new(Signal.Quit, TimeSpan.FromSeconds(5)),
    ];

    /// <summary>The data directory; created by the first start.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The password of <see cref="User"/>. Used when the data directory is created.</summary>
    public required string Password { get; init; }

    /// <summary>The database that the first start creates.</summary>
    public string Database { get; init; } = "cardshop";

    /// <summary>Memory of the page cache, in MB.</summary>
    public int SharedBuffersMegabytes { get; init; } = 512;

    /// <summary>Where its WAL goes; null = nothing is archived, and it cannot be backed up.</summary>
    public PostgresBackup? Backup { get; init; }

    /// <summary>What to put before a program of PostgreSQL or pgBackRest so that it works on the data as the server does.</summary>
    public IReadOnlyList<string> RunAs =>
        Directory.Exists(DataDirectory) ? PostgresPrograms.RunAs(DataDirectory) : PostgresPrograms.RunAsForNew();

    /// <inheritdoc/>
    public override IReadOnlyList<StopStep> StopSteps => Shutdown;

    private string BeingCreated => DataDirectory + ".creating";

    /// <summary>The connection string, as Npgsql reads it. Six processes with full pools stay below the server's 200 connections.</summary>
    public string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Database={database};Username={User};Password={Password};"
        + "SSL Mode=Disable;GSS Encryption Mode=Disable;Timeout=10;Maximum Pool Size=30";

    /// <inheritdoc/>
    public override async Task PrepareAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (File.Exists(BeingCreated) || !File.Exists(Path.Combine(DataDirectory, "PG_VERSION")))
        {
            await CreateAsync(log, time, cancellationToken);
        }

        // After the crash of a whole machine the file can name a process that is now somebody else's.
        if (ProcessTable.WorkingIn(DataDirectory, "postgres").Count == 0)
        {
            File.Delete(Path.Combine(DataDirectory, "postmaster.pid"));
        }

        if (Backup is not null)
        {
            await Backup.PrepareAsync(this, log, time, cancellationToken);
        }

        var settings = Path.Combine(DataDirectory, "cardshop.conf");
        await File.WriteAllTextAsync(settings, Settings() + Backup?.ServerSettings(), cancellationToken);
        PrivateFile.MakeReadable(settings);
    }

    /// <inheritdoc/>
    public override ChildCommand Command() =>
        AsOwner(new ChildCommand(PostgresPrograms.Find("postgres"), "-D", DataDirectory));

    /// <inheritdoc/>
    public override Task<Probe> ProbeAsync(CancellationToken cancellationToken) => Loopback.PostgresAsync(Port, User, cancellationToken);

    /// <inheritdoc/>
    public override Task CleanUpAsync(TimeProvider time) =>
        ChildProcess.KillAllAsync(ProcessTable.WorkingIn(DataDirectory, "postgres"), time);

    private async Task CreateAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        // What an interrupted first start left is worth nothing; the mark beside it tells it from a server with data.
        Directory.CreateDirectory(Path.GetDirectoryName(DataDirectory)!);
        if (File.Exists(BeingCreated) && Directory.Exists(DataDirectory))
        {
            Directory.Delete(DataDirectory, recursive: true);
        }

        await File.WriteAllTextAsync(BeingCreated, "", cancellationToken);
        PrivateFile.CreateFolder(DataDirectory);
        await PostgresPrograms.HandOverAsync(DataDirectory, log, time, cancellationToken);
        await RunAsync(
            AsOwner(new ChildCommand(
                PostgresPrograms.Find("initdb"), "-D", DataDirectory, "-U", User, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")));
        await File.WriteAllTextAsync(
            Path.Combine(DataDirectory, "pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n", cancellationToken);
        await File.AppendAllTextAsync(Path.Combine(DataDirectory, "postgresql.conf"), "include_if_exists 'cardshop.conf'\n", cancellationToken);

        // Single-user mode: before anybody can connect there is a password.
        await RunAsync(AsOwner(new ChildCommand(
            PostgresPrograms.Find("postgres"), "--single", "-j", "-D", DataDirectory, "-c", "log_min_error_statement=panic", "postgres")
        {
            Input = $"ALTER USER {User} PASSWORD '{Password}';\n\nCREATE DATABASE \"{Database}\";\n\n",
        }));
        File.Delete(BeingCreated);

        async Task RunAsync(ChildCommand command)
        {
            var code = await ChildProcess.RunAsync(command, log, InitLimit, time, cancellationToken);
            if (code != 0)
            {
                throw new PartFailedException(Name, $"{Path.GetFileName(command.FileName)} ended with code {code}", log.Path);
            }
        }
    }

    private ChildCommand AsOwner(ChildCommand command) => command with
    {
        RunAs = PostgresPrograms.RunAs(DataDirectory),
        WorkingDirectory = DataDirectory,
        Environment = new Dictionary<string, string> { ["LC_ALL"] = "C.UTF-8", ["TZ"] = "UTC" },
    };

    private string Settings() => string.Create(CultureInfo.InvariantCulture, $"""
        # Written at every start.
        listen_addresses = '127.0.0.1'
        port = {Port}
        unix_socket_directories = ''
        max_connections = 200
        password_encryption = 'scram-sha-256'
        fsync = on
        synchronous_commit = on
        full_page_writes = on
        shared_buffers = {SharedBuffersMegabytes}MB
        wal_compression = lz4
        default_toast_compression = lz4
        max_wal_size = 4GB
        checkpoint_timeout = 15min
        checkpoint_completion_target = 0.9
        random_page_cost = 1.1
        jit = off
        log_destination = 'stderr'
        logging_collector = off
        log_line_prefix = '%m [%p] '
        log_timezone = 'UTC'
        timezone = 'UTC'
        # Rows of a queue live for seconds: without early cleaning every scan walks over the dead ones.
        autovacuum_naptime = 10s
        autovacuum_vacuum_scale_factor = 0.05
        autovacuum_analyze_scale_factor = 0.05
        autovacuum_vacuum_cost_limit = 2000
        autovacuum_vacuum_cost_delay = 2ms
        track_io_timing = on

        """);
}
