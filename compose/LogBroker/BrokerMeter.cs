using System.Diagnostics.Metrics;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker;

/// <summary>What the broker counts; served on <c>--metrics-port</c>.</summary>
internal static class BrokerMeter
{
    private static readonly Meter Meter = new("CardShop.LogBroker");

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "cardshop.logbroker.requests", "{request}", "Requests by API");

    private static readonly UpDownCounter<int> Connections = Meter.CreateUpDownCounter<int>(
        "cardshop.logbroker.connections", "{connection}", "Connections that are open");

    private static readonly Histogram<double> Syncs = Meter.CreateHistogram(
        "cardshop.logbroker.sync.duration", "s", "Syncs of files to the disk",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
        });

    public static bool IsOn => Syncs.Enabled;

    public static void Request(ApiKey api) => Requests.Add(1, new KeyValuePair<string, object?>("api", api));

    public static void Opened() => Connections.Add(1);

    public static void Closed() => Connections.Add(-1);

    public static void Synced(TimeSpan duration) => Syncs.Record(duration.TotalSeconds);
}
