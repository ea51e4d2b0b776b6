using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CardShop.Telemetry;

/// <summary>/metrics and /healthz on 127.0.0.1, for a process that has no HTTP listener of its own.</summary>
public static class MetricsListener
{
    /// <param name="port">0 takes a free one.</param>
    /// <param name="waiting">Why the process does no work now; null when it does.</param>
    /// <returns>The running listener; disposing it ends it.</returns>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<WebApplication> StartAsync(
        int port, TelemetrySettings settings, Func<string?> waiting, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder(HouseOptions.Of([]));
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxConcurrentConnections = 50;
        });
        builder.Services.AddSingleton(_ => new Providers(settings));
        var app = builder.Build();
        app.MapMetrics();
        app.MapGet("/healthz/live", () => "ok");
        app.MapGet("/healthz/ready", () =>
            waiting() is { } reason ? Results.Text(reason, statusCode: 503) : Results.Text("ok"));
        await app.StartAsync(cancellation);
        return app;
    }
}
