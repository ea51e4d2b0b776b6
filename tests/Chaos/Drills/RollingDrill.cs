using System.Diagnostics;
using System.Globalization;
using System.Net;
using CardShop.Local.Servers;
using CardShop.Tests.Chaos.Drills.Load;
using CardShop.Tests.Chaos.Drills.Machines;

namespace CardShop.Tests.Chaos.Drills;

/// <summary>
/// Every program is replaced by a new process of itself while buyers buy: the two APIs behind the shipped proxy one after the
/// other, each told to stop as a release does it (SIGTERM); of each fleet a new one beside the old, which is then told to stop.
/// </summary>
internal static class RollingDrill
{
    private const int Addresses = 50;
    private const int UpAfter = 30;

    /// <summary>As compose.yaml says.</summary>
    private static readonly (string Name, string Value) Leave = ("Shutdown__LeaveSeconds", "5");
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    public static async Task<IReadOnlyList<DrillFigure>> RunAsync(CancellationToken cancel)
    {
        await using var run = DrillRun.Begin("rolling");
        var syntax = await HaproxyPart.CheckShippedAsync(run, cancel);
        var ports = new DrillPorts();
        var (door, first, second) = (ports.Next(), ports.Next(), ports.Next());
        var shop = DrillShop.Describe(run, new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{door}")));
        run.Say("starting PostgreSQL, RabbitMQ and LogBroker");
        await Task.WhenAll(shop.StartPostgresAsync(cancel), shop.StartRabbitAsync(cancel), shop.StartLogAsync(cancel));
        await shop.PrepareAsync(cancel);
        run.Say("starting two APIs behind HAProxy");
        var apis = new Dictionary<int, LocalServer>
        {
            [1] = await shop.StartApiAsync(1, first, cancel, Leave),
            [2] = await shop.StartApiAsync(2, second, cancel, Leave),
        };
        var proxy = await run.StartAsync(
            new HaproxyPart
            {
                Name = "haproxy",
                Port = door,
                Listens = new(IPAddress.Loopback, door),
                File = run.In("haproxy.cfg"),
                Configuration = HaproxyPart.Compose($"127.0.0.1:{door}", first, second),
            },
            run.In("haproxy"), cancel);
        var fleets = await shop.StartFleetsAsync(cancel);
        await shop.SellAsync(cancel);

        await using var buyers = shop.BeginBuyers(Enumerable.Range(1, Addresses).Select(i => $"127.0.1.{i}"));
        var from = DateTimeOffset.UtcNow;
        await Task.Delay(Quiet, cancel);
        var begun = DateTimeOffset.UtcNow;

        var stops = new List<(string Name, TimeSpan Took)>();
        foreach (var (number, port) in new[] { (1, first), (2, second) })
        {
            run.Say($"replacing api-{number}");
            stops.Add(($"api-{number}", await StopAsync(apis[number])));
            var ups = HaproxyLog.Ups(HaproxyLog.Read(proxy.LogPath), $"api/api-{number}");
            await shop.StartApiAsync(number, port, cancel, Leave);
            await DrillRun.UntilAsync(
                () => Task.FromResult(HaproxyLog.Ups(HaproxyLog.Read(proxy.LogPath), $"api/api-{number}") > ups),
                $"HAProxy says that api-{number} is up", TimeSpan.FromSeconds(UpAfter), cancel);
            await Task.Delay(TimeSpan.FromSeconds(2), cancel);
        }

        foreach (var (kind, old) in fleets)
        {
            run.Say("replacing fleet-" + kind);
            await shop.StartFleetAsync(kind, cancel);
            stops.Add(("fleet-" + kind, await StopAsync(old)));
            await Task.Delay(TimeSpan.FromSeconds(2), cancel);
        }

        await Task.Delay(Quiet, cancel);
        var to = DateTimeOffset.UtcNow;
        await buyers.EndAsync();
        run.Say("buyers have gone");
        var failed = buyers.Failed.Count(f => f.At >= begun);
        var before = buyers.Failed.Count - failed;
        var requests = buyers.Requests;
        var carried = HaproxyLog.Read(proxy.LogPath);
        var verdict = await ShopVerdict.OfAsync(run, shop, buyers, cancel);
        run.Show(buyers.Troubles(from).Concat(HaproxyLog.Failures(carried).Take(10)));
        return
        [
            syntax,
            ShopVerdict.Count("requests of buyers", requests, "more than 0", requests > 0),
            ShopVerdict.Count("… of them failed", failed, "0", failed == 0),
            ShopVerdict.Count("… failed while the programs were cold, before anything was replaced", before, "told", true),
            ShopVerdict.Count("requests through HAProxy answered with 5xx or not", HaproxyLog.Failures(carried).Count, "0", HaproxyLog.Failures(carried).Count == 0),
            ShopVerdict.Within("longest time without an accepted order", buyers.Silence(from, to), TimeSpan.FromSeconds(1)),
            ShopVerdict.Within("longest time without a delivery", buyers.DeliverySilence(from + TimeSpan.FromSeconds(2), to), TimeSpan.FromSeconds(30)),
            .. stops.Select(s => ShopVerdict.Within($"{s.Name} ends after SIGTERM", s.Took, StopLimit)),
            .. verdict,
        ];
    }

    private static async Task<TimeSpan> StopAsync(LocalServer server)
    {
        var from = Stopwatch.GetTimestamp();
        await server.StopAsync();
        return Stopwatch.GetElapsedTime(from);
    }
}
