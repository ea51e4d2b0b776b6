using CardShop.Contracts;
using CardShop.Tests.Chaos.Drills.Load;
using CardShop.Tests.Chaos.Drills.Machines;

namespace CardShop.Tests.Chaos.Drills;

/// <summary>
/// Three RabbitMQ nodes with the shop's own quorum queues. A node that follows is lost and comes back, then the one that leads:
/// orders are taken all the while, and payments and deliveries go on by themselves.
/// </summary>
internal static class RabbitDrill
{
    private const int Addresses = 20;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Down = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Asked = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(60);

    public static async Task<IReadOnlyList<DrillFigure>> RunAsync(CancellationToken cancel)
    {
        await using var run = DrillRun.Begin("rabbitmq");
        var shop = DrillShop.Describe(run);
        run.Say("starting three RabbitMQ nodes, PostgreSQL and LogBroker");
        var starting = RabbitCluster.StartAsync(run, cancel);
        await Task.WhenAll(starting, shop.StartPostgresAsync(cancel), shop.StartLogAsync(cancel));
        var cluster = await starting;
        shop.Settings["RabbitMq__Uri"] = cluster.Uri;
        await shop.PrepareAsync(cancel);
        await shop.StartApiAsync(1, 0, cancel);
        await shop.StartFleetsAsync(cancel);
        await shop.SellAsync(cancel);

        await using var buyers = shop.BeginBuyers(Enumerable.Range(1, Addresses).Select(i => $"127.0.1.{i}"));
        await Task.Delay(Quiet, cancel);

        var leader = await cluster.LeaderAsync(Queues.Delivery, 0, cancel);
        var (followerFrom, followerTo, followerBack) = await LoseAsync((leader + 1) % 3, "a node that follows");
        leader = await cluster.LeaderAsync(Queues.Delivery, 0, cancel);
        var (leaderFrom, leaderTo, leaderBack) = await LoseAsync(leader, "the node that leads the queue " + Queues.Delivery);
        await Task.Delay(Quiet, cancel);
        var to = DateTimeOffset.UtcNow;
        await buyers.EndAsync();
        run.Say("buyers have gone");
        var failed = buyers.Failed.Count(f => f.At >= followerFrom);
        var verdict = await ShopVerdict.OfAsync(run, shop, buyers, cancel);
        run.Show(buyers.Troubles(followerFrom));
        return
        [
            ShopVerdict.Within("a follower is lost: longest time without a delivery", buyers.DeliverySilence(followerFrom, followerTo), Asked),
            ShopVerdict.Within("… it is back: until every queue has all its members", followerBack, CatchUp),
            ShopVerdict.Within("the leader is lost: longest time without a delivery", buyers.DeliverySilence(leaderFrom, leaderTo), Asked),
            ShopVerdict.Within("… it is back: until every queue has all its members", leaderBack, CatchUp),
            ShopVerdict.Within("all the while: longest time without an accepted order", buyers.Silence(followerFrom, to), TimeSpan.FromSeconds(1)),
            ShopVerdict.Count("requests that failed", failed, "0", failed == 0),
            .. verdict,
        ];

        async Task<(DateTimeOffset From, DateTimeOffset To, TimeSpan Back)> LoseAsync(int node, string what)
        {
            run.Say($"{cluster.NameOf(node)} is killed: {what}");
            var from = DateTimeOffset.UtcNow;
            await cluster.KillAsync(node);
            await Task.Delay(Down, cancel);
            run.Say($"{cluster.NameOf(node)} comes back");
            var back = DateTimeOffset.UtcNow;
            await cluster.StartAsync(node, cancel);
            await cluster.UntilWholeAsync(cancel);
            var whole = DateTimeOffset.UtcNow - back;
            await Task.Delay(Quiet, cancel);
            return (from, DateTimeOffset.UtcNow, whole);
        }
    }
}
