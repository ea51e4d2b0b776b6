using System.Globalization;
using CardShop.Tests.Chaos.Drills.Load;
using CardShop.Tests.Chaos.Drills.Machines;

namespace CardShop.Tests.Chaos.Drills;

/// <summary>
/// Three PostgreSQL under Patroni with the shipped configuration. The primary is moved in peace, then the machine of the primary
/// loses power; the shop goes on by itself, and what it acknowledged is there. The lost machine comes back as a standby.
/// </summary>
internal static class DatabaseDrill
{
    private const int Addresses = 20;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan BackWithin = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Asked = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<DrillFigure>> RunAsync(CancellationToken cancel)
    {
        await using var run = DrillRun.Begin("database");
        var shop = DrillShop.Describe(run);
        run.Say("starting three etcd and three PostgreSQL under Patroni, RabbitMQ and LogBroker");
        var starting = PatroniCluster.StartAsync(run, shop.PostgresPart.RunAs, cancel);
        await Task.WhenAll(starting, shop.StartRabbitAsync(cancel), shop.StartLogAsync(cancel));
        var cluster = await starting;
        shop.Settings["Postgres__ConnectionString"] = cluster.ConnectionString;
        await shop.PrepareAsync(cancel);
        await shop.StartApiAsync(1, 0, cancel);
        await shop.StartFleetsAsync(cancel);
        await shop.SellAsync(cancel);

        await using var buyers = shop.BeginBuyers(Enumerable.Range(1, Addresses).Select(i => $"127.0.1.{i}"));
        await Task.Delay(Quiet, cancel);

        var (first, second) = (await cluster.PrimaryAsync(cancel), await cluster.SynchronousAsync(cancel));
        run.Say($"moving the primary from {cluster.NameOf(first)} to {cluster.NameOf(second)} in peace");
        var moved = DateTimeOffset.UtcNow;
        await cluster.SwitchAsync(first, second, cancel);
        await cluster.UntilWholeAsync(Watched, cancel);
        // One harm at a time: the new primary has to have named its synchronous standby in etcd, which takes a turn or two of
        // Patroni's. Whoever loses it before has to promote by hand, as Patroni cannot know who has every commit.
        await Task.Delay(Settled, cancel);
        await cluster.UntilWholeAsync(Watched, cancel);

        var lost = await cluster.PrimaryAsync(cancel);
        run.Say($"{cluster.NameOf(lost)}, the primary, loses power");
        var killed = DateTimeOffset.UtcNow;
        await cluster.KillAsync(lost);
        await DrillRun.UntilAsync(
            async () => await cluster.PrimaryAsync(cancel) is >= 0 and var now && now != lost, "another PostgreSQL is primary", Watched, cancel);
        var promoted = DateTimeOffset.UtcNow;
        run.Say($"{cluster.NameOf(await cluster.PrimaryAsync(cancel))} is primary");
        await Task.Delay(Quiet + Quiet, cancel);

        run.Say($"{cluster.NameOf(lost)} comes back");
        var back = DateTimeOffset.UtcNow;
        await cluster.StartAsync(lost, cancel);
        await cluster.UntilWholeAsync(BackWithin, cancel);
        var whole = DateTimeOffset.UtcNow - back;
        run.Say(string.Create(CultureInfo.InvariantCulture, $"one primary and two standbys after {whole.TotalSeconds:0.0} s"));
        await Task.Delay(Quiet, cancel);
        var to = DateTimeOffset.UtcNow;
        await buyers.EndAsync();
        run.Say("buyers have gone");
        var failed = buyers.Failed.Count(f => f.At >= moved);
        var verdict = await ShopVerdict.OfAsync(run, shop, buyers, cancel);
        run.Show(buyers.Troubles(moved));
        return
        [
            ShopVerdict.Within("planned move: longest time without a delivery", buyers.DeliverySilence(moved, moved + Watched < killed ? moved + Watched : killed), Asked),
            ShopVerdict.Within("power lost: until another is primary", promoted - killed, Asked),
            ShopVerdict.Within("power lost: longest time without a delivery", buyers.DeliverySilence(killed, to), Asked),
            ShopVerdict.Within("all the while: longest time without an accepted order", buyers.Silence(moved, to), TimeSpan.FromSeconds(1)),
            ShopVerdict.Count("requests that failed", failed, "0", failed == 0),
            ShopVerdict.Within("the lost machine comes back: until all three are in step", whole, BackWithin),
            .. verdict,
        ];
    }
}
