using System.Globalization;
using System.Net;
using CardShop.Local.Servers;
using CardShop.Tests.Chaos.Drills.Load;
using CardShop.Tests.Chaos.Drills.Machines;

namespace CardShop.Tests.Chaos.Drills;

/// <summary>
/// Two hosts at a switch, on each the shipped HAProxy and keepalived, with one address between them that buyers and providers use;
/// behind them two gateways (the proxy of compose.yaml, taking the PROXY protocol) and two APIs. The host that holds the address
/// loses its cable, then its keepalived, then its HAProxy: each time the other one must take the address.
/// </summary>
internal static class VipDrill
{
    private const int Addresses = 50;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Asked = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<DrillFigure>> RunAsync(CancellationToken cancel)
    {
        await using var run = DrillRun.Begin("vip");
        var syntax = await HaproxyPart.CheckShippedAsync(run, cancel);
        run.Say("laying the network: a switch and two hosts");
        var network = run.Keep(await DrillNetwork.CreateAsync(cancel));
        var address = network.Subnet + ".100";
        DrillHost[] hosts = [await network.AddHostAsync('a', 11, cancel), await network.AddHostAsync('b', 12, cancel)];
        var from = Enumerable.Range(0, Addresses).Select(i => string.Create(CultureInfo.InvariantCulture, $"{network.Subnet}.{150 + i}")).ToList();
        await network.AddAddressesAsync(from, cancel);

        var shop = DrillShop.Describe(run, new($"http://{address}:443"));
        run.Say("starting PostgreSQL, RabbitMQ and LogBroker");
        await Task.WhenAll(shop.StartPostgresAsync(cancel), shop.StartRabbitAsync(cancel), shop.StartLogAsync(cancel));
        await shop.PrepareAsync(cancel);
        run.Say("starting two APIs, two gateways, and the pair of HAProxy and keepalived");
        var free = new DrillPorts();
        int[] ports = [free.Next(), free.Next(), free.Next(), free.Next()];
        await shop.StartApiAsync(1, ports[0], cancel);
        await shop.StartApiAsync(2, ports[1], cancel);
        var inside = network.Subnet + ".1";
        foreach (var gateway in new[] { 0, 1 })
        {
            await run.StartAsync(
                new HaproxyPart
                {
                    Name = $"gateway-{gateway + 1}",
                    Port = ports[2 + gateway],
                    File = run.In($"gateway-{gateway + 1}.cfg"),
                    Listens = new(IPAddress.Parse(inside), ports[2 + gateway]),
                    Configuration = HaproxyPart.Compose($"{inside}:{ports[2 + gateway]} accept-proxy", ports[0], ports[1]),
                },
                run.In($"gateway-{gateway + 1}"), cancel);
        }

        var proxies = new LocalServer[2];
        var keepers = new LocalServer[2];
        for (var i = 0; i < 2; i++)
        {
            var name = i == 0 ? "a" : "b";
            proxies[i] = await run.StartAsync(
                new HaproxyPart
                {
                    Name = "haproxy-" + name,
                    Port = 0,
                    Host = hosts[i],
                    File = run.In($"edge-{name}.cfg"),
                    Listens = new(IPAddress.Parse($"{network.Subnet}.{11 + i}"), 443),
                    Configuration = Edge(run, name, $"{inside}:{ports[2]}", $"{inside}:{ports[3]}"),
                },
                run.In("haproxy-" + name), cancel);
            keepers[i] = await run.StartAsync(
                new KeepalivedPart
                {
                    Name = "keepalived-" + name,
                    Port = 0,
                    Host = hosts[i],
                    Folder = run.In("keepalived-" + name),
                    Address = address + "/24",
                    IsSecond = i == 1,
                },
                run.In("keepalived-" + name), cancel);
        }

        async Task<int> HolderAsync() => (await hosts[0].HoldsAsync(address, cancel), await hosts[1].HoldsAsync(address, cancel)) switch
        {
            (true, false) => 0,
            (false, true) => 1,
            _ => -1,
        };
        await DrillRun.UntilAsync(async () => await HolderAsync() >= 0, "one host holds the address", Watched, cancel);
        await shop.StartFleetsAsync(cancel);
        await shop.SellAsync(cancel);

        await using var buyers = shop.BeginBuyers(from);
        await Task.Delay(Quiet, cancel);
        var calm = buyers.Failed.Count;
        var figures = new List<DrillFigure> { syntax, ShopVerdict.Count("before anything is lost: failed requests", calm, "told", true) };

        async Task LoseAsync(string what, Func<int, Task> lose, Func<int, Task> mend)
        {
            var holder = await HolderAsync();
            if (holder < 0)
            {
                throw new ChaosFailedException($"before {what}: not exactly one host holds the address");
            }

            run.Say($"host {(holder == 0 ? "a" : "b")} holds the address, and {what}");
            var before = (At: DateTimeOffset.UtcNow, Failed: buyers.Failed.Count);
            await lose(holder);
            var moved = await DrillRun.UntilAsync(
                () => hosts[1 - holder].HoldsAsync(address, cancel), $"{what}: the other host holds the address", Watched, cancel);
            // Buyers whose connections hang need their own time to notice.
            await Task.Delay(Quiet + Quiet, cancel);
            var after = DateTimeOffset.UtcNow;
            figures.Add(ShopVerdict.Within($"{what}: the address has moved", moved, Asked));
            figures.Add(ShopVerdict.Within($"{what}: longest time without an accepted order", buyers.Silence(before.At, after), Asked));
            var failed = buyers.Failed.Count - before.Failed;
            figures.Add(ShopVerdict.Count($"{what}: requests that failed and were repeated", failed, "told", true));
            run.Say("mending it");
            await mend(holder);
            await DrillRun.UntilAsync(
                async () => await HolderAsync() == 1 - holder, $"{what}: mended, and only the other host holds the address", Watched, cancel);
            await Task.Delay(Quiet, cancel);
            var silence = buyers.Silence(after, DateTimeOffset.UtcNow);
            figures.Add(ShopVerdict.Within($"{what}: mended, longest time without an accepted order", silence, TimeSpan.FromSeconds(2)));
        }

        await LoseAsync("its cable is pulled", i => hosts[i].PlugAsync(false, cancel), i => hosts[i].PlugAsync(true, cancel));
        await LoseAsync("its keepalived is killed", i => keepers[i].KillAsync(), i => keepers[i].StartAsync(cancel));
        await LoseAsync("its HAProxy is killed", i => proxies[i].KillAsync(), i => proxies[i].StartAsync(cancel));

        await buyers.EndAsync();
        run.Say("buyers have gone");
        run.Show(buyers.Troubles(DateTimeOffset.MinValue));
        var refused = buyers.Purchases.Count - buyers.Accepted.Count;
        return
        [
            .. figures, ShopVerdict.Count("orders that were not taken in the end", refused, "0", refused == 0),
            .. await ShopVerdict.OfAsync(run, shop, buyers, cancel),
        ];
    }

    private static string Edge(DrillRun run, string name, string first, string second) => ShippedFile.Read(
        HaproxyPart.EdgeFile, ("maxconn 50000", "maxconn " + HaproxyPart.Connections),
        ("/run/haproxy/admin.sock", run.In($"edge-{name}.sock")), ("10.0.0.11:30443", first), ("10.0.0.12:30443", second),
        ("    server node-3 10.0.0.13:30443\n", ""));
}
