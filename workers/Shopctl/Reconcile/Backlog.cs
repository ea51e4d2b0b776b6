using CardShop.Contracts;
using CardShop.Shop.Store;
using CardShop.Shopctl.Lag;
using CardShop.Shopctl.Servers;

namespace CardShop.Shopctl.Reconcile;

/// <summary>
/// What the fleets have still to take in. An order that waits in Kafka looks like one that is not there: filed as
/// unknown, it would end in review when its turn came.
/// </summary>
public static class Backlog
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until the fleets have taken in what stands in the log now.</summary>
    /// <returns>How many records they are still behind when patience ends; 0 = none.</returns>
    public static async Task<long> WaitAsync(ShopServers servers, TimeSpan patience, CancellationToken cancellation)
    {
        var ends = await servers.Log.EndsAsync([Topics.Orders, Topics.PaymentNotifications], cancellation);
        var started = servers.Time.GetTimestamp();
        while (true)
        {
            var progress = await ProgressTable.ReadAsync(servers.Database, cancellation);
            var behind = FleetGroups.All.Sum(group => ends
                .Where(end => group.Topics.Any(t => t.Name == end.Key.Topic))
                .Sum(end => Math.Max(0, end.Value - progress.GetValueOrDefault((group.Name, end.Key)))));
            if (behind == 0 || servers.Time.GetElapsedTime(started) >= patience)
            {
                return behind;
            }

            await Task.Delay(PollEvery, servers.Time, cancellation);
        }
    }
}
