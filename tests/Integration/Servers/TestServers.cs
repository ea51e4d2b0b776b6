using System.Globalization;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Servers;
using CardShop.Sandbox;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Secrecy;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace CardShop.Tests.Integration.Servers;

/// <summary>
/// Real servers for a whole run of tests, each started at its first use and gone at the end. Servers that are named by
/// CARDSHOP_TEST_KAFKA, CARDSHOP_TEST_RABBITMQ (with CARDSHOP_TEST_RABBITMQ_MANAGEMENT) and CARDSHOP_TEST_POSTGRES are used instead.
/// At the end all logs of the run are searched for the secrets that it knew: one found fails the run.
/// </summary>
public sealed class TestServers : IAsyncLifetime
{
    private readonly Once<LogBrokerServer> _kafka;
    private readonly Once<RabbitMqServer> _rabbit;
    private readonly Once<PostgresServer> _postgres;
    private readonly Lock _making = new();
    private readonly string _folder;
    private int _names;
    private Task<string>? _providerKeys;

    public TestServers()
    {
        var all = Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Folder, "test");
        var own = ProcessTable.Find(Environment.ProcessId)!.Value;
        _folder = Path.Combine(all, string.Create(CultureInfo.InvariantCulture, $"{own.Pid}-{own.StartTicks}"));
        RemoveOldRuns(all);
        Directory.CreateDirectory(_folder);
        RunLog.Shared.Open(Path.Combine(_folder, RunFiles.Console));
        _kafka = new(() => LogBrokerServer.Create(NewFolder("logbroker")));
        _rabbit = new(() => RabbitMqServer.Create(NewFolder("rabbitmq")));
        _postgres = new(() => PostgresServer.Create(NewFolder("postgres")));
    }

    /// <summary>Everything of this run's own servers: data, logs, and the secrets of its shops.</summary>
    public string Folder => _folder;

    /// <summary>Every secret that the run knows: whoever makes one tells it here.</summary>
    public SecretSearch Secrets { get; } = new();

    /// <summary>A new empty place for data; removed at the end.</summary>
    public string NewFolder(string name)
    {
        var folder = Path.Combine(_folder, name + Interlocked.Increment(ref _names).ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name);
    }

    /// <summary>
    /// Puts the key pairs of Sandbox's providers and their merchants into a shop's secrets: the same for all shops of a run,
    /// since making eight of them takes a second of computing.
    /// </summary>
    public async Task CopyProviderKeysAsync(string secrets)
    {
        Task<string> made;
        lock (_making)
        {
            made = _providerKeys ??= MakeProviderKeysAsync();
        }

        foreach (var file in Directory.GetFiles(await made))
        {
            File.Copy(file, Path.Combine(secrets, Path.GetFileName(file)));
        }
    }

    /// <summary>The address of the shared log for Kafka clients.</summary>
    public async Task<string> KafkaAsync() =>
        Environment.GetEnvironmentVariable("CARDSHOP_TEST_KAFKA") ?? (await _kafka.StartedAsync()).BootstrapServers;

    /// <summary>The AMQP address of a fresh virtual host.</summary>
    public async Task<string> NewVhostAsync()
    {
        var name = NewName();
        if (Environment.GetEnvironmentVariable("CARDSHOP_TEST_RABBITMQ") is { } named)
        {
            var uri = new Uri(named);
            var management = Environment.GetEnvironmentVariable("CARDSHOP_TEST_RABBITMQ_MANAGEMENT") is { } given
                ? new Uri(given)
                : new UriBuilder("http", uri.Host, 15672) { UserName = uri.UserInfo.Split(':')[0], Password = uri.UserInfo.Split(':')[^1] }.Uri;
            await RabbitMqServer.CreateVhostAsync(management, name, TestContext.Current.CancellationToken);
            KnownSecrets.AddBroker(Secrets, named);
            return new UriBuilder(uri) { Path = name }.Uri.AbsoluteUri;
        }

        var server = await _rabbit.StartedAsync();
        await RabbitMqServer.CreateVhostAsync(server.ManagementUri, name, TestContext.Current.CancellationToken);
        KnownSecrets.AddBroker(Secrets, server.UriOf(name));
        return server.UriOf(name);
    }

    /// <summary>The connection string of a fresh empty database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        var admin = Environment.GetEnvironmentVariable("CARDSHOP_TEST_POSTGRES") ?? (await _postgres.StartedAsync()).ConnectionString;
        KnownSecrets.AddDatabase(Secrets, admin);
        var name = NewName();
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(admin) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var create = connection.CreateCommand();
#pragma warning disable CA2100 // The name is made above, of letters and digits.
        create.CommandText = $"CREATE DATABASE {name}";
#pragma warning restore CA2100
        await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new NpgsqlConnectionStringBuilder(admin) { Database = name }.ConnectionString;
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_kafka.EndAsync(), _rabbit.EndAsync(), _postgres.EndAsync());
        NpgsqlConnection.ClearAllPools();
        RunLog.Shared.Close();
        Secrets.LookIntoLogs(_folder);
        Directory.Delete(_folder, recursive: true);
        if (Secrets.Found.Count > 0)
        {
            throw new InvalidOperationException($"Secrets in the logs of this run: {string.Join("; ", Secrets.Found)}");
        }
    }

    /// <summary>Sandbox makes what is missing when it is built.</summary>
    private async Task<string> MakeProviderKeysAsync()
    {
        var folder = NewFolder("provider-keys");
        await using var sandbox = SandboxApp.Build(["--urls", "http://127.0.0.1:0", "--Sandbox:KeysDirectory=" + folder]);
        return folder;
    }

    private static void RemoveOldRuns(string all)
    {
        foreach (var run in Directory.Exists(all) ? Directory.GetDirectories(all) : [])
        {
            var words = Path.GetFileName(run).Split('-');
            if (words.Length == 2 && int.TryParse(words[0], out var pid) && long.TryParse(words[1], out var ticks)
                && !ProcessTable.IsAlive(new ProcessIdentity(pid, ticks)))
            {
                Directory.Delete(run, recursive: true);
            }
        }
    }

    private string NewName() =>
        string.Create(CultureInfo.InvariantCulture, $"t{Environment.ProcessId}_{Interlocked.Increment(ref _names)}");

    /// <summary>A server that starts when the first test asks for it.</summary>
    private sealed class Once<T>(Func<T> create)
        where T : LocalServer
    {
        private readonly Lock _lock = new();
        private Task<T>? _started;

        public Task<T> StartedAsync()
        {
            lock (_lock)
            {
                return _started ??= StartAsync();
            }
        }

        public async Task EndAsync()
        {
            if (_started is not null && await Task.WhenAny(_started) is { IsCompletedSuccessfully: true })
            {
                await (await _started).DisposeAsync();
            }
        }

        private async Task<T> StartAsync()
        {
            // A port that was free can be taken before the server binds it: by another run of tests, say.
            for (var attempt = 1; ; attempt++)
            {
                var server = create();
                try
                {
                    await server.StartAsync(CancellationToken.None);
                    return server;
                }
                catch (PartFailedException) when (attempt < 3)
                {
                    await server.DisposeAsync();
                }
            }
        }
    }
}
