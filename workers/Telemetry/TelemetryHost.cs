using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace CardShop.Telemetry;

/// <summary>What every process with an HTTP listener has: logging, metrics, traces.</summary>
public static class TelemetryHost
{
    public const string Path = "/metrics";

    /// <param name="service">The process's name, such as <c>cardshop-api</c>.</param>
    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        builder.Logging.AddHouseFormat(builder.Configuration);
        // Made at once, and by a factory, so that the container disposes of it: what is unsent then goes out.
        var settings = TelemetrySettings.From(builder.Configuration, service);
        builder.Services.AddSingleton(_ => new Providers(settings));
    }

    /// <summary>Serves /metrics to everybody who reaches the process.</summary>
    public static void MapMetrics(this WebApplication app) => app.MapMetrics(_ => true);

    /// <param name="allowed">Whom it is served to; the others find nothing.</param>
    public static void MapMetrics(this WebApplication app, Func<HttpContext, bool> allowed)
    {
        var providers = app.Services.GetRequiredService<Providers>();
        app.MapGet(Path, async (HttpContext context) =>
        {
            if (!allowed(context))
            {
                context.Response.StatusCode = (int)HttpStatusCode.NotFound;
                return;
            }

            var page = await providers.Page.RenderAsync(context.RequestAborted);
            context.Response.ContentType = PrometheusWriter.ContentType;
            await context.Response.WriteAsync(page, context.RequestAborted);
        }).ExcludeFromDescription();
    }
}
