using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Pipeline.Log;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CardShop.Tests.Chaos.Drills.Regions;

/// <summary>One region's installation: its settings, its processes, and shopctl against it.</summary>
internal sealed partial class RegionSite(string name, string logs, Dictionary<string, string> settings) : IAsyncDisposable
{
    public const string Operator = "the drill's operator key";
    public const string Approver = "the drill's approver key";

    private readonly List<(string Name, PartRun Run, RotatingLog Log)> _running = [];
    private NpgsqlDataSource? _database;
    private KafkaLog? _log;

    public Dictionary<string, string> Settings => settings;

    public Uri Api { get; } = new($"http://127.0.0.1:{FreePorts.Pick()}");

    public NpgsqlDataSource Database => _database ??= NpgsqlDataSource.Create(settings["Postgres__ConnectionString"]);

    public KafkaLog Log => _log ??= new(
        new(settings["Kafka__BootstrapServers"], "drill", TimeSpan.FromSeconds(10), TimeSpan.Zero)
        {
            TopicPrefix = settings.GetValueOrDefault("Kafka__TopicPrefix", string.Empty),
        },
        TimeProvider.System, NullLogger<KafkaLog>.Instance);

    public static void MakeOperators(string secrets)
    {
        OperatorFiles.TryAdd(secrets, "ann", OperatorRole.Admin, Operator);
        OperatorFiles.TryAdd(secrets, "bob", OperatorRole.Admin, Approver);
    }

    /// <summary>Starts one of its processes and waits until it answers that it works.</summary>
    public async Task StartAsync(string part, Uri? address, string program, CancellationToken cancel, params string[] arguments)
    {
        var definition = new WebPart
        {
            Name = $"{name}-{part}",
            Port = address?.Port ?? FreePorts.Pick(),
            Program = program,
            Arguments = arguments,
            Environment = settings,
        };
        var log = new RotatingLog(Path.Combine(logs, definition.Name + ".log"));
        var run = await PartRun.StartAsync(definition, log, TimeProvider.System, cancel);
        _running.Add((part, run, log));
        await run.WaitReadyAsync(null, cancel);
    }

    /// <summary>Its API and one process with all fleets.</summary>
    public async Task StartShopAsync(CancellationToken cancel)
    {
        await StartAsync("api", Api, "CardShop.Api", cancel);
        await StartAsync("fleets", null, "CardShop.Fleet", cancel, "--fleet", "all");
    }

    /// <summary>SIGKILL to one of its processes, or to all of them at once.</summary>
    public async Task KillAsync(string? part = null)
    {
        var dying = _running.Where(r => part is null || r.Name == part).ToList();
        await Task.WhenAll(dying.Select(r => r.Run.KillAsync()));
        foreach (var dead in dying)
        {
            _running.Remove(dead);
            dead.Run.Dispose();
            dead.Log.Dispose();
        }
    }

    /// <summary>Runs shopctl; what takes a second operator is approved and run again.</summary>
    /// <returns>Exit code and what it said.</returns>
    public async Task<(int Code, string Output)> TryShopctlAsync(params string[] arguments)
    {
        var (code, output) = await RunAsAsync(Operator, arguments);
        if (code != ExitCodes.Waiting || Approval().Match(output) is not { Success: true } named)
        {
            return (code, output);
        }

        await RunAsAsync(Approver, ["approvals", "approve", named.Groups[1].Value]);
        return await RunAsAsync(Operator, [.. arguments, "--approval", named.Groups[1].Value]);
    }

    /// <exception cref="ChaosFailedException">It failed; the message has its words.</exception>
    public async Task<string> ShopctlAsync(params string[] arguments)
    {
        var (code, output) = await TryShopctlAsync(arguments);
        return code == ExitCodes.Ok
            ? output
            : throw new ChaosFailedException($"{name}: shopctl {string.Join(' ', arguments)} ended with {code}: {output}");
    }

    /// <summary>One number from its database.</summary>
    public async Task<long> CountAsync(string sql, CancellationToken cancel)
    {
#pragma warning disable CA2100 // The text is the drill's own.
        await using var command = Database.CreateCommand(sql);
#pragma warning restore CA2100
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancel), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Order ids by a query.</summary>
    public async Task<HashSet<string>> IdsAsync(string sql, CancellationToken cancel)
    {
#pragma warning disable CA2100 // The text is the drill's own.
        await using var command = Database.CreateCommand(sql);
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancel);
        var ids = new HashSet<string>();
        while (await reader.ReadAsync(cancel))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    /// <summary>Everything that stands in a topic of its log.</summary>
    public Task<IReadOnlyList<CardShop.Pipeline.Batches.LogIncoming>> RecordsAsync(Topic topic, CancellationToken cancel) =>
        Log.TailAsync(topic, 1_000_000, cancel);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        if (_log is not null)
        {
            await _log.DisposeAsync();
        }
    }

    private async Task<(int Code, string Output)> RunAsAsync(string key, IReadOnlyList<string> arguments)
    {
        await using var output = new StringWriter();
        var session = new Session(
            new ShopctlSettings(variable => variable == ShopctlSettings.OperatorKeyName ? key : settings.GetValueOrDefault(variable)),
            TimeProvider.System, new Screen(output, output));
        var code = await CommandTree.RunAsync(session, arguments);
        return (code, output.ToString());
    }

    [GeneratedRegex("approvals approve ([0-9a-f]+)")]
    private static partial Regex Approval();
}
