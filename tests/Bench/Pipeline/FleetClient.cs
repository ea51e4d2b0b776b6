using System.Net.Http.Json;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>A fleet process, seen from the bench.</summary>
internal sealed class FleetClient(WebServer server) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = server.Url,
        Timeout = TimeSpan.FromSeconds(30),
    };

    public int ProcessId => server.ProcessId;

    /// <summary>Where its warnings are.</summary>
    public string LogPath => server.LogPath;

    public static async Task<FleetClient> StartAsync(
        BenchRun run, ShopServers servers, IReadOnlyDictionary<string, string> extra, CancellationToken cancellation)
    {
        var settings = new Dictionary<string, string>(servers.Settings);
        foreach (var (name, value) in extra)
        {
            settings[name] = value;
        }

        return new(await run.StartAsync(
            () => WebServer.Create("CardShop.Tests.Bench", ["fleet"], settings, run.NewFolder("fleet")), cancellation));
    }

    public Task StartAsync(CancellationToken cancellation) => PostAsync("start", cancellation);

    public Task StopAsync(CancellationToken cancellation) => PostAsync("stop", cancellation);

    /// <summary>Ends the process.</summary>
    public Task EndAsync() => server.StopAsync();

    /// <summary>Throws when the fleets have failed.</summary>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        var state = await _http.GetFromJsonAsync("state", FleetJson.Default.FleetState, cancellation);
        if (state is not { Fault: null, Failed: 0 })
        {
            throw new BenchFailedException($"The fleets failed: {state?.Fault ?? "notifications were not taken"}");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task PostAsync(string what, CancellationToken cancellation)
    {
        using var answer = await _http.PostAsync(new Uri(what, UriKind.Relative), null, cancellation);
        answer.EnsureSuccessStatusCode();
    }
}
