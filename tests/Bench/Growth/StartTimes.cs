using System.Diagnostics;
using System.Globalization;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Growth;

/// <summary>How long processes take from their start until they do their work, with what the shop holds now.</summary>
/// <param name="Broker">LogBroker, until it answers.</param>
/// <param name="Api">Until it is ready: it has read all that it keeps in memory.</param>
/// <param name="Fleet">A new process of all fleets, until its first batch is committed.</param>
internal sealed record StartTimes(TimeSpan Broker, TimeSpan Api, TimeSpan Fleet)
{
    public const int Orders = 500;

    /// <summary>Delivers <see cref="Orders"/> of the feed. No fleet may run.</summary>
    public static async Task<StartTimes> MeasureAsync(
        BenchRun run, ShopServers servers, OrderFeed feed, CancellationToken cancellation)
    {
        await servers.Broker.StopAsync();
        var from = Stopwatch.GetTimestamp();
        await servers.Broker.StartAsync(cancellation);
        var broker = Stopwatch.GetElapsedTime(from);

        from = Stopwatch.GetTimestamp();
        var api = await run.StartAsync(
            () => WebServer.Create("CardShop.Api", [], servers.Settings, run.NewFolder("api")), cancellation);
        var ready = Stopwatch.GetElapsedTime(from);
        await api.StopAsync();

        from = Stopwatch.GetTimestamp();
        using var fleet = await FleetClient.StartAsync(run, servers, new Dictionary<string, string>(), cancellation);
        var process = Stopwatch.GetElapsedTime(from);
        var drained = await new Drain(run, servers, fleet).RunAsync(feed, Orders, cancellation);
        await fleet.EndAsync();
        var times = new StartTimes(broker, ready, process + drained.Start);
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"starts: LogBroker {broker.TotalSeconds:0.00} s, api ready {ready.TotalSeconds:0.00} s, fleets' first batch {times.Fleet.TotalSeconds:0.00} s"));
        return times;
    }
}
