using CardShop.Contracts;
using CardShop.Local.Servers;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Shop.Keys;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CardShop.Tests.Bench.Machine;

/// <summary>
/// The three servers of a shop, with schema, topics, queues and secrets; as durable as a shop's own. The run ends them.
/// </summary>
internal sealed class ShopServers : IAsyncDisposable
{
    private const int SharedBuffersMegabytes = 512;

    private ShopServers(PostgresServer postgres, RabbitMqServer rabbit, LogBrokerServer broker, string secrets)
    {
        Postgres = postgres;
        Rabbit = rabbit;
        Broker = broker;
        ShopSecrets.Create(secrets);
        OperatorFiles.TryAdd(secrets, "bench", OperatorRole.Admin, OperatorKey);
        Secrets = ShopSecrets.Open(secrets);
        Vault = new(Secrets.Fingerprint, Secrets.KeyEncryptionKeys, Secrets.CurrentKeyEncryptionKey);
        Database = CardShop.Pipeline.Documents.Database.Open(postgres.ConnectionString, "bench");
        Log = new(
            new(broker.BootstrapServers, "bench", TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(5)),
            TimeProvider.System, NullLogger<KafkaLog>.Instance);
        Settings = new()
        {
            ["Kafka__BootstrapServers"] = broker.BootstrapServers,
            ["RabbitMq__Uri"] = rabbit.Uri,
            ["Postgres__ConnectionString"] = postgres.ConnectionString,
            ["Secrets__Directory"] = secrets,
            ["Region"] = "a",
            ["Local"] = "true",
        };
        AlipayAccount.AddTo(Settings, secrets);
    }

    /// <summary>The key of the admin who runs shopctl here.</summary>
    public string OperatorKey { get; } = OperatorFiles.NewKey();

    public PostgresServer Postgres { get; }

    public RabbitMqServer Rabbit { get; }

    public LogBrokerServer Broker { get; }

    public ShopSecrets Secrets { get; }

    public KeyVault Vault { get; }

    public NpgsqlDataSource Database { get; }

    public KafkaLog Log { get; }

    /// <summary>The settings that api and fleets read, as environment variables.</summary>
    public Dictionary<string, string> Settings { get; }

    /// <summary>The roots of the servers' process trees.</summary>
    public IReadOnlyList<(string Name, int Pid)> Processes =>
        [("postgres", Postgres.ProcessId), ("rabbitmq", Rabbit.ProcessId), ("logbroker", Broker.ProcessId)];

    public static async Task<ShopServers> StartAsync(BenchRun run, CancellationToken cancellation)
    {
        run.Say("starting PostgreSQL, RabbitMQ and LogBroker");
        var postgres = run.StartAsync(
            () => PostgresServer.Create(run.NewFolder("postgres"), sharedBuffersMegabytes: SharedBuffersMegabytes),
            cancellation);
        var rabbit = run.StartAsync(() => RabbitMqServer.Create(run.NewFolder("rabbitmq")), cancellation);
        var broker = run.StartAsync(() => LogBrokerServer.Create(run.NewFolder("logbroker")), cancellation);
        var secrets = run.NewFolder("secrets");
        Directory.CreateDirectory(secrets);
        var servers = new ShopServers(await postgres, await rabbit, await broker, secrets);
        await servers.PrepareAsync(cancellation);
        return servers;
    }

    /// <summary>Another database of this server with the shop's schema.</summary>
    public async Task<NpgsqlDataSource> NewDatabaseAsync(string name, CancellationToken cancellation)
    {
        await using (var create = Database.CreateCommand($"CREATE DATABASE {name}"))
        {
            await create.ExecuteNonQueryAsync(cancellation);
        }

        var database = CardShop.Pipeline.Documents.Database.Open(Postgres.ConnectionStringOf(name), "bench-" + name);
        await Migrations.ApplyAsync(database, typeof(ShopWork).Assembly, NullLogger.Instance, cancellation);
        return database;
    }

    /// <summary>One statement in the shop's database.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var command = Database.CreateCommand(sql);
        command.CommandTimeout = 120;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        await Database.DisposeAsync();
    }

    private async Task PrepareAsync(CancellationToken cancellation)
    {
        // For trying a setting: ALTER SYSTEM or ALTER DATABASE, and what is measured is measured with it.
        if (Environment.GetEnvironmentVariable("CARDSHOP_BENCH_SQL") is { Length: > 0 } sql)
        {
            await ExecuteAsync(sql, cancellation);
            await ExecuteAsync("SELECT pg_reload_conf()", cancellation);
        }

        await Migrations.ApplyAsync(Database, typeof(ShopWork).Assembly, NullLogger.Instance, cancellation);
        await Log.CreateTopicsAsync(Topics.All, 1, cancellation);
        await using var bus = new RabbitBus(
            new(new(Rabbit.Uri), "bench", 100, TimeSpan.FromSeconds(10)), TimeProvider.System, new Random(),
            NullLogger<RabbitBus>.Instance);
        await bus.DeclareAsync(Queues.Work, Queues.Error, cancellation);
    }
}
