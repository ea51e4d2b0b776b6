using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Soak;

/// <summary>
/// A whole shop as compose/up runs it: the API and four fleets, each a process with the same settings, all three channels,
/// and Sandbox, which pays at once and sends its signed notifications to the API.
/// </summary>
internal sealed class SoakShop
{
    private const string Payments = "Sandbox__";
    private static readonly string[] Fleets = ["orders", "payments", "delivery", "notifications"];

    private SoakShop(WebServer api, WebServer sandbox, IReadOnlyList<(string Name, int Pid)> watched, ShopServers servers)
    {
        Api = api.Url;
        Watched = watched;
        All = [.. watched, ("sandbox", sandbox.ProcessId), .. servers.Processes];
    }

    public Uri Api { get; }

    /// <summary>The API and the fleets.</summary>
    public IReadOnlyList<(string Name, int Pid)> Watched { get; }

    /// <summary>These, Sandbox and the servers.</summary>
    public IReadOnlyList<(string Name, int Pid)> All { get; }

    public static async Task<SoakShop> StartAsync(BenchRun run, ShopServers servers, OrderFeed feed, int orders, CancellationToken cancellation)
    {
        // The API is told to the providers and they to it, before either is there.
        var apiPort = FreePorts.Pick();
        var sandboxPort = FreePorts.Pick(apiPort);
        var secrets = servers.Settings["Secrets__Directory"];
        foreach (var (name, value) in InstanceSettings.Channels(secrets, apiPort, sandboxPort))
        {
            servers.Settings[name] = value;
        }

        var sandboxSettings = new Dictionary<string, string>(servers.Settings)
        {
            [Payments + "KeysDirectory"] = secrets,
            [Payments + "AutoPay"] = "true",
            [Payments + "MaxTrades"] = "2000000",
        };
        run.Say("starting Sandbox, the API and four fleets");
        var sandbox = await run.StartAsync(
            () => WebServer.Create("CardShop.Sandbox", [], sandboxSettings, run.NewFolder("sandbox"), sandboxPort), cancellation);
        await OnSale.OfferAsync(servers, feed, cancellation);
        await feed.StockAsync(servers.Database, orders, cancellation);
        var api = await run.StartAsync(
            () => WebServer.Create("CardShop.Api", [], servers.Settings, run.NewFolder("api"), apiPort), cancellation);
        var watched = new List<(string Name, int Pid)> { ("api", api.ProcessId) };
        foreach (var fleet in Fleets)
        {
            var server = await run.StartAsync(
                () => WebServer.Create("CardShop.Fleet", ["--fleet", fleet], servers.Settings, run.NewFolder("fleet-" + fleet)), cancellation);
            watched.Add((fleet, server.ProcessId));
        }

        return new(api, sandbox, watched, servers);
    }
}
