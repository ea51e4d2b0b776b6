using CardShop.Api.Partners;
using CardShop.Contracts;
using CardShop.Shop.Partners;

namespace CardShop.Api.Admin;

/// <summary>
/// How long the newest deliveries took: which they are, the feed of events has in memory; when they were paid, one statement
/// by their ids tells. Without a new event nothing is asked. Callers take turns.
/// </summary>
public sealed class DeliveryLatency(EventFeed feed, AdminShop shop, TimeProvider time)
{
    private const int Most = 200;
    private const int PerPartition = 50;
    private static readonly TimeSpan Reach = TimeSpan.FromDays(1);

    private string[] _ids = [];
    private AdminLatency? _last;

    /// <returns>Null where nothing was delivered within the last day.</returns>
    public async Task<AdminLatency?> LookAsync(CancellationToken cancellation)
    {
        var ids = feed.Window is { } window ? NewestOf(window, time.GetUtcNow()) : [];
        if (!ids.SequenceEqual(_ids))
        {
            _last = ids.Length == 0 ? null : Of(await AdminQueries.LatenciesAsync(shop.Database, ids, cancellation));
            _ids = ids;
        }

        return _last;
    }

    /// <summary>Percentiles by nearest rank; what the provider's clock made negative counts as nothing. Pure.</summary>
    public static AdminLatency? Of(IReadOnlyList<double> milliseconds)
    {
        if (milliseconds.Count == 0)
        {
            return null;
        }

        var sorted = milliseconds.Select(m => Math.Max(0, m)).Order().ToList();
        double At(double part) => Math.Round(sorted[Math.Max(0, (int)Math.Ceiling(sorted.Count * part) - 1)], 1);
        return new(At(0.5), At(0.95), At(0.99), sorted.Count);
    }

    private static string[] NewestOf(EventWindow window, DateTimeOffset now) =>
    [
        .. window.Ends()
            .SelectMany((end, partition) => window.Read(partition, Math.Max(window.First(partition), end - PerPartition), PerPartition, IsDelivery).Events)
            .Where(e => e.Time >= now - Reach)
            .OrderByDescending(e => e.Time).Select(e => e.OrderId).Distinct().Take(Most),
    ];

    private static bool IsDelivery(PartnerEvent e) => e.Type == MessageTypes.OrderDelivered;
}
