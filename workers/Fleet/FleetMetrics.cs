using System.Diagnostics.Metrics;
using CardShop.Pipeline.Batches;

namespace CardShop.Fleet;

/// <summary>Gauges of what one fleet process can do now.</summary>
public static class FleetMetrics
{
    /// <param name="guarded">Those that this process calls; they may be added to later.</param>
    public static void Observe(Meter meter, RollbackFence fence, IReadOnlyCollection<GuardedChannel> guarded)
    {
        var channels = guarded.Select(g => g.Channel);
        meter.CreateObservableGauge(
            "cardshop.fence.closed", () => fence.IsFenced ? 1 : 0, null, "1: the database is older than the log, nothing is issued");
        meter.CreateObservableGauge(
            "cardshop.fleet.working", () => fence.Reason is null ? 1 : 0, null, "0: it waits, for the database or for recover");
        meter.CreateObservableGauge(
            "cardshop.channel.up",
            () => channels.Select(c => new Measurement<int>(
                c.Down.Count < c.Profiles.Count ? 1 : 0, new KeyValuePair<string, object?>("channel", c.Name))),
            null, "Whether a payment channel has a merchant profile that answers");
        meter.CreateObservableGauge(
            "cardshop.breaker.open",
            () => channels.SelectMany(c => c.Profiles.Select(p => new Measurement<int>(
                c.Down.Contains(p) ? 1 : 0, new KeyValuePair<string, object?>("channel", c.Name), new("profile", p)))),
            null, "Whether calls of a merchant profile are cut off");
        meter.CreateObservableGauge(
            "cardshop.channel.places",
            () => guarded.Select(g => new Measurement<int>(g.Places.Limit, new KeyValuePair<string, object?>("channel", g.Channel.Name))),
            "{call}", "Calls that may be under way at once: fewer while a provider is slow");
    }
}
