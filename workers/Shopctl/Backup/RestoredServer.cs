using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CardShop.Shopctl.Settings;
using Npgsql;

namespace CardShop.Shopctl.Backup;

/// <summary>A restored copy that runs beside the live server: on a free port of loopback, archiving nothing, gone afterwards.</summary>
internal sealed class RestoredServer : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>What document B gives a whole recovery.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromHours(4);

    private readonly Process _process;
    private readonly Task _output;
    private readonly Queue<string> _lastWords = new();

    private RestoredServer(Process process, string connectionString)
    {
        _process = process;
        ConnectionString = connectionString;
        process.StandardInput.Close();
        _output = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    public string ConnectionString { get; }

    /// <summary>Starts PostgreSQL on the data and waits until it has replayed its WAL and takes writes.</summary>
    public static async Task<RestoredServer> StartAsync(
        BackupSettings settings, string data, string live, TimeProvider time, CancellationToken cancellation)
    {
        await CompleteAsync(data, cancellation);
        var port = FreePort();
        string[] options =
        [
            string.Create(CultureInfo.InvariantCulture, $"port={port}"), "listen_addresses=127.0.0.1", "unix_socket_directories=",
            // A copy that archived would mix its own history into the repository. Read-only use while replaying would ask for
            // the live server's limits.
            "archive_mode=off", "hot_standby=off", "ssl=off", "shared_buffers=128MB",
        ];
        var process = PgBackRest.Start(settings, Program(data), ["-D", data, .. options.SelectMany(o => new[] { "-c", o })]);
        var connection = new NpgsqlConnectionStringBuilder(live)
        {
            Host = "127.0.0.1",
            Port = port,
            SslMode = SslMode.Disable,
            TargetSessionAttributes = "any",
        };
        var server = new RestoredServer(process, connection.ConnectionString);
        try
        {
            await server.WaitAsync(time, cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Its data is about to be deleted: nothing has to be written down any more.
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        await _output;
        _process.Dispose();
    }

    private async Task WaitAsync(TimeProvider time, CancellationToken cancellation)
    {
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, Timeout = 3 }.ConnectionString);
        var started = time.GetTimestamp();
        while (true)
        {
            if (_process.HasExited)
            {
                await _output;
                throw new ShopctlException(
                    ExitCodes.Failed, $"PostgreSQL does not start on the restored copy: {string.Join(" | ", _lastWords)}");
            }

            try
            {
                await using var command = database.CreateCommand("SELECT pg_is_in_recovery()");
                if (await command.ExecuteScalarAsync(cancellation) is false)
                {
                    return;
                }
            }
            catch (NpgsqlException e) when (e is not PostgresException { SqlState: ['2', '8', ..] } && time.GetElapsedTime(started) < Limit)
            {
                // It is replaying.
            }

            await Task.Delay(Poll, time, cancellation);
        }
    }

    /// <summary>Installations that keep the configuration elsewhere have none among the data.</summary>
    private static async Task CompleteAsync(string data, CancellationToken cancellation)
    {
        foreach (var (name, text) in new[] { ("postgresql.conf", ""), ("pg_hba.conf", "host all all 127.0.0.1/32 scram-sha-256\n") })
        {
            if (!File.Exists(Path.Combine(data, name)))
            {
                await File.WriteAllTextAsync(Path.Combine(data, name), text, cancellation);
            }
        }
    }

    private static string Program(string data)
    {
        var version = File.ReadAllText(Path.Combine(data, "PG_VERSION")).Trim();
        var debian = $"/usr/lib/postgresql/{version}/bin/postgres";
        return File.Exists(debian) ? debian : "postgres";
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_lastWords)
            {
                _lastWords.Enqueue(line);
                if (_lastWords.Count > 5)
                {
                    _lastWords.Dequeue();
                }
            }
        }
    }
}
