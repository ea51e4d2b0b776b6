using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Instance;
using CardShop.Local.Processes;
using CardShop.Local.Servers;
using CardShop.Sandbox.Keys;
using CardShop.Shop.Orders;

namespace CardShop.Tests.Chaos.Drills.Regions;

/// <summary>The servers of two regions on one machine: a log and a database each, a virtual host each of one RabbitMQ.</summary>
internal sealed class RegionServers : IAsyncDisposable
{
    private const string Password = "drill-of-regions";

    private readonly string _folder;
    private readonly string _secrets;

    private RegionServers(string folder)
    {
        _folder = folder;
        _secrets = Path.Combine(folder, "secrets");
        Rabbit = RabbitMqServer.Create(Path.Combine(folder, "rabbitmq"));
        LogA = LogBrokerServer.Create(Path.Combine(folder, "log-a"));
        LogB = LogBrokerServer.Create(Path.Combine(folder, "log-b"));
        DatabaseA = PostgresServer.Create(Path.Combine(folder, "postgres-a"), password: Password);
        DatabaseB = PostgresServer.Create(Path.Combine(folder, "postgres-b"), password: Password);
    }

    public RabbitMqServer Rabbit { get; }

    public LogBrokerServer LogA { get; }

    public LogBrokerServer LogB { get; }

    public PostgresServer DatabaseA { get; }

    public PostgresServer DatabaseB { get; }

    /// <summary>Where region a's backup came back; null before.</summary>
    public PostgresServer? Restored { get; private set; }

    public string Logs => Path.Combine(_folder, "logs");

    public string File(string name) => Path.Combine(_folder, name);

    public static async Task<RegionServers> StartAsync(CancellationToken cancel)
    {
        var all = Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Folder, "drill-region");
        foreach (var run in Directory.Exists(all) ? Directory.GetDirectories(all) : [])
        {
            // What a killed run left: its servers ended with it.
            if (!(Path.GetFileName(run).Split('-') is [var pid, var ticks]
                && ProcessTable.IsAlive(new(int.Parse(pid, CultureInfo.InvariantCulture), long.Parse(ticks, CultureInfo.InvariantCulture)))))
            {
                Directory.Delete(run, recursive: true);
            }
        }

        var own = ProcessTable.Find(Environment.ProcessId)!.Value;
        var servers = new RegionServers(Path.Combine(all, string.Create(CultureInfo.InvariantCulture, $"{own.Pid}-{own.StartTicks}")));
        Directory.CreateDirectory(servers.Logs);
        try
        {
            await Task.WhenAll(
                servers.Rabbit.StartAsync(cancel), servers.LogA.StartAsync(cancel), servers.LogB.StartAsync(cancel),
                servers.DatabaseA.StartAsync(cancel), servers.DatabaseB.StartAsync(cancel));
            foreach (var vhost in new[] { "a", "b", "a-at-b" })
            {
                await RabbitMqServer.CreateVhostAsync(servers.Rabbit.ManagementUri, vhost, cancel);
            }

            ShopSecrets.Create(servers._secrets);
            SandboxKeys.Ensure(servers._secrets, "alipay-merchant");
            SandboxKeys.Ensure(servers._secrets, "alipay-provider");
            RegionSite.MakeOperators(servers._secrets);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>The settings of an installation.</summary>
    /// <param name="door">The region's name to the outside.</param>
    public Dictionary<string, string> Settings(string region, LogBrokerServer log, PostgresServer database, string vhost, Uri door, Uri sandbox)
    {
        const string Alipay = "Channels__alipay__Profiles__0__";
        return new()
        {
            ["Kafka__BootstrapServers"] = log.BootstrapServers,
            ["RabbitMq__Uri"] = Rabbit.UriOf(vhost),
            ["Postgres__ConnectionString"] = database.ConnectionString,
            ["Secrets__Directory"] = _secrets,
            ["Region"] = region,
            ["Local"] = "true",
            ["Payments__CheckEverySeconds"] = "20",
            [Alipay + "Name"] = "default",
            [Alipay + "AppId"] = "2021000000000001",
            [Alipay + "SellerId"] = "2088000000000001",
            [Alipay + "Gateway"] = new Uri(sandbox, "/alipay/gateway.do").AbsoluteUri,
            [Alipay + "NotifyUrl"] = new Uri(door, "/v1/payments/alipay/notify").AbsoluteUri,
            [Alipay + "PrivateKeyFile"] = Path.Combine(_secrets, "alipay-merchant.private.pem"),
            [Alipay + "AlipayPublicKeyFile"] = Path.Combine(_secrets, "alipay-provider.public.pem"),
        };
    }

    /// <summary>The settings of Sandbox.</summary>
    public Dictionary<string, string> SandboxSettings => new()
    {
        ["Sandbox__KeysDirectory"] = _secrets,
        // Seconds between the first tries, so that a notification outlives a minute without anybody to take it.
        ["Sandbox__ScheduleScale"] = "0.02",
    };

    /// <summary>A copy of region a's database while it is stopped for a moment.</summary>
    public async Task BackUpAsync(CancellationToken cancel)
    {
        await DatabaseA.StopAsync();
        await RunAsync("cp", "-a", DatabaseA.DataDirectory, File("backup"));
        await DatabaseA.StartAsync(cancel);
    }

    /// <summary>The copy becomes a server of region b's site.</summary>
    public async Task<PostgresServer> RestoreAsync(CancellationToken cancel)
    {
        await RunAsync("cp", "-a", File("backup"), File("postgres-restored"));
        Restored = PostgresServer.Create(File("postgres-restored"), password: Password);
        await Restored.StartAsync(cancel);
        return Restored;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in new LocalServer?[] { Restored, DatabaseB, DatabaseA, LogB, LogA, Rabbit }.OfType<LocalServer>())
        {
            await server.DisposeAsync();
        }

        if (Environment.GetEnvironmentVariable("CARDSHOP_CHAOS_KEEP") is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new ChaosFailedException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
        }
    }
}
