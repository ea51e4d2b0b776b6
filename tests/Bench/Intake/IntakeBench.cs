using CardShop.Contracts;
using CardShop.Local.Servers;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Tests.Bench.Machine;
using Microsoft.Extensions.Logging.Abstractions;
using System.Text;
using System.Text.Json;

namespace CardShop.Tests.Bench.Intake;

/// <summary>
/// <c>POST /v1/orders</c> at saturation and at half of it, beside an endpoint that does nothing: same run, same load
/// generator, taking turns. The API runs as a process with LogBroker alone, as it must be able to.
/// </summary>
internal static class IntakeBench
{
    private const int Connections = 512;
    private const int Products = 200;
    private const int Rounds = 3;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        run.Say("starting LogBroker, the API and the empty endpoint");
        var broker = await run.StartAsync(() => LogBrokerServer.Create(run.NewFolder("logbroker")), cancellation);
        await PublishCatalogAsync(broker, cancellation);
        var secrets = run.NewFolder("secrets");
        ShopSecrets.Create(secrets);
        var settings = new Dictionary<string, string>
        {
            ["Kafka__BootstrapServers"] = broker.BootstrapServers,
            ["Secrets__Directory"] = secrets,
            ["Region"] = "a",
            ["Local"] = "true",
        };
        AlipayAccount.AddTo(settings, secrets);
        var api = await run.StartAsync(() => WebServer.Create("CardShop.Api", [], settings, run.NewFolder("api")), cancellation);
        var empty = await run.StartAsync(
            () => WebServer.Create("CardShop.Tests.Bench", ["empty"], settings, run.NewFolder("empty")), cancellation);
        string[] skus = [.. Enumerable.Range(0, Products).Select(Sku)];
        var orders = new Subject("orders", api.Url, new(api.Url, skus, withKey: false), [("api", api.ProcessId), ("logbroker", broker.ProcessId)]);
        var keyed = new Subject("orders with Idempotency-Key", api.Url, new(api.Url, skus, withKey: true), orders.Processes);
        var bare = new Subject("empty endpoint", empty.Url, new(empty.Url, skus, withKey: false), [("empty", empty.ProcessId)]);

        var duration = run.Duration / Rounds;
        foreach (var subject in new[] { orders, bare, keyed })
        {
            await SaturateAsync(run, subject, WarmUp, Settle, cancellation);
            await CpuMeter.WaitForIdleAsync(subject.Processes[0].Pid, WarmUp, cancellation);
        }

        var rates = new Dictionary<Subject, List<double>> { [orders] = [], [bare] = [], [keyed] = [] };
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var subject in new[] { orders, bare, keyed })
            {
                rates[subject].Add(await SaturateAsync(run, subject, Settle, duration, cancellation));
            }
        }

        var saturated = rates[orders].Average();
        var p99 = new Dictionary<Subject, List<double>> { [orders] = [], [bare] = [] };
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var subject in new[] { orders, bare })
            {
                p99[subject].Add(await PaceAsync(run, subject, saturated / 2, duration, cancellation));
            }
        }

        run.Note($"with Idempotency-Key: {rates[keyed].Average():N0} requests/s");
        return
        [
            BenchResult.Of("intake.saturated", saturated, "requests/s", rates[bare].Average()),
            BenchResult.Of("intake.half.p99", Median(p99[orders]), "ms", Median(p99[bare])),
        ];
    }

    private static string Sku(int i) => $"INTAKE-{i:000}";

    private static async Task PublishCatalogAsync(LogBrokerServer broker, CancellationToken cancellation)
    {
        await using var log = new KafkaLog(
            new(broker.BootstrapServers, "bench", TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(1)), TimeProvider.System,
            NullLogger<KafkaLog>.Instance);
        await log.CreateTopicsAsync(Topics.All, 1, cancellation);
        var failures = await log.ProduceAllAsync(
            [.. Enumerable.Range(0, Products).Select(i => ToRecord(new(
                Sku(i), "Game card 10 yuan " + Sku(i), 1_000, "CNY", 10, true, HoldPolicy.Order, 900, 0, 1)))],
            cancellation);
        if (failures.Count > 0)
        {
            throw new BenchFailedException($"The catalog could not be published: {failures[0].Reason}");
        }
    }

    private static LogRecord ToRecord(Product product) => new(
        Topics.Catalog.Name, 0, Encoding.UTF8.GetBytes(product.Sku),
        JsonSerializer.SerializeToUtf8Bytes(product, ContractsJson.Default.Product), []);

    private static async Task<double> SaturateAsync(
        BenchRun run, Subject subject, TimeSpan warmUp, TimeSpan duration, CancellationToken cancellation)
    {
        using var generator = new LoadGenerator(subject.Url, Connections, subject.Requests);
        var meter = new CpuMeter([.. subject.Processes, ("generator", Environment.ProcessId)]);
        var cpu = new List<IReadOnlyDictionary<string, double>>();
        var busy = new List<double>();
        var load = Checked(subject, await generator.SaturateAsync(warmUp, duration, Read, cancellation));
        var used = CpuMeter.Between(cpu[0], cpu[1]);
        run.Note(
            $"{subject.Name}, saturated: {load.PerSecond:N0} requests/s, p50 {load.Percentile(0.5):0.0} ms, p99 {load.Percentile(0.99):0.0} ms, " +
            $"CPU {string.Join(", ", used.Select(c => $"{c.Key} {c.Value / load.Accepted * 1000:0}"))} us/request; " +
            $"others kept {OtherLoad.Processors(busy[1] - busy[0], used.Values.Sum(), load.Time):0.0} processors busy");
        return load.PerSecond;

        void Read()
        {
            cpu.Add(meter.Read());
            busy.Add(OtherLoad.BusyMs());
        }
    }

    private static async Task<double> PaceAsync(
        BenchRun run, Subject subject, double perSecond, TimeSpan duration, CancellationToken cancellation)
    {
        using var generator = new LoadGenerator(subject.Url, Connections, subject.Requests);
        await generator.PaceAsync(perSecond, Settle, cancellation);
        var load = Checked(subject, await generator.PaceAsync(perSecond, duration, cancellation));
        run.Note(
            $"{subject.Name}, {perSecond:N0} requests/s: p50 {load.Percentile(0.5):0.00} ms, p99 {load.Percentile(0.99):0.00} ms, " +
            $"p99.9 {load.Percentile(0.999):0.0} ms");
        return load.Percentile(0.99);
    }

    private static LoadResult Checked(Subject subject, LoadResult load) => load.Others == 0
        ? load
        : throw new BenchFailedException($"{subject.Name}: {load.Others} answers were not 202, the last one {load.OtherStatus}.");

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed record Subject(
        string Name, Uri Url, OrderRequests Requests, IReadOnlyList<(string Name, int Pid)> Processes);
}
