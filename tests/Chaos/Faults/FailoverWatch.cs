using System.Globalization;
using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Shop;
using CardShop.Tests.Chaos.Verdict;
using Npgsql;

namespace CardShop.Tests.Chaos.Faults;

/// <summary>One loss of the primary database.</summary>
/// <param name="number">The first is 1.</param>
public sealed class Failover(int number)
{
    public int Number => number;

    /// <summary>Seconds since the load began.</summary>
    public double LostAt { get; init; }

    /// <summary>Seconds from the loss until the standby took writes; null = never.</summary>
    public double? Promoted { get; set; }

    /// <summary>Seconds from the loss until the fleets committed again.</summary>
    public double? Committed { get; set; }

    /// <summary>Seconds from the loss until a partner read of something delivered since.</summary>
    public double? Delivered { get; set; }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"failover {number}: promoted after {Text(Promoted)}, fleets commit after {Text(Committed)}, deliver after {Text(Delivered)}");

    private static string Text(double? seconds) =>
        seconds is { } s ? string.Create(CultureInfo.InvariantCulture, $"{s:0.0} s") : "(never)";
}

/// <summary>Measures how soon the fleets go on by themselves after the primary database was lost.</summary>
public sealed class FailoverWatch(ChaosShop shop, LoadMeter meter, PartnerFeed partner, TimeProvider time)
{
    /// <summary>What is asked.</summary>
    public const double LimitSeconds = 30;

    private const double GiveUpSeconds = 90;

    private readonly List<Failover> _all = [];

    public IReadOnlyList<Failover> All => _all;

    /// <summary>The primary is about to be lost.</summary>
    public Failover Begin()
    {
        var row = new Failover(_all.Count + 1) { LostAt = meter.Now.TotalSeconds };
        _all.Add(row);
        return row;
    }

    /// <summary>The standby has just been promoted: waits until the fleets commit and deliver again, or for 90 s.</summary>
    public async Task WatchAsync(Failover row, CancellationToken cancellation)
    {
        row.Promoted = meter.Now.TotalSeconds - row.LostAt;
        var promotedAt = time.GetUtcNow();
        long? first = null;
        while (row.Committed is null || row.Delivered is null)
        {
            var since = meter.Now.TotalSeconds - row.LostAt;
            if (since > GiveUpSeconds)
            {
                return;
            }

            try
            {
                var commit = await ShopFactsReader.CommitAsync(shop, cancellation);
                first ??= commit;
                row.Committed ??= commit > first ? since : null;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                // Not found yet.
            }

            row.Delivered ??= partner.LastDelivery > promotedAt ? since : null;
            await Task.Delay(100, cancellation);
        }
    }
}
