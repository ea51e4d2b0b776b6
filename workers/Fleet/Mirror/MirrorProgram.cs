using System.Diagnostics.Metrics;
using CardShop.Pipeline.Log;
using CardShop.Telemetry;

namespace CardShop.Fleet.Mirror;

/// <summary>The process <c>--fleet mirror</c>.</summary>
internal static class MirrorProgram
{
    public static async Task<int> RunAsync(WebApplicationBuilder builder)
    {
        MirrorPlan plan;
        try
        {
            plan = MirrorSettings.From(builder.Configuration);
            builder.AddTelemetry(plan.Target.ClientId);
            if (string.IsNullOrEmpty(builder.Configuration["urls"]))
            {
                builder.WebHost.UseUrls(TelemetrySettings.UrlOf(builder.Configuration) ?? "http://127.0.0.1:0");
            }
        }
        catch (InvalidOperationException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }

        builder.Services.AddSingleton(services => new KafkaMirror(
            plan, TimeProvider.System, new Random(), services.GetRequiredService<ILoggerFactory>().CreateLogger<KafkaLog>()));
        builder.Services.AddHostedService<MirrorService>();
        var app = builder.Build();
        app.MapMetrics();
        app.MapGet("/healthz/live", () => "ok");
        app.MapGet("/healthz/ready", (KafkaMirror mirror) =>
            mirror.Silence is { TotalSeconds: < 30 } ? Results.Text("ok") : Results.Text("the source does not answer", statusCode: 503));
        using var meter = new Meter("CardShop.Mirror");
        MirrorMetrics.Observe(meter, app.Services.GetRequiredService<KafkaMirror>(), plan.Target.TopicPrefix.TrimEnd('.'));
        await app.RunAsync();
        return Environment.ExitCode;
    }
}

/// <summary>How far a mirror is behind.</summary>
public static class MirrorMetrics
{
    /// <param name="alias">The region that is mirrored.</param>
    public static void Observe(Meter meter, KafkaMirror mirror, string alias)
    {
        var region = new KeyValuePair<string, object?>("region", alias);
        meter.CreateObservableGauge(
            "cardshop.mirror.lag",
            () => mirror.Lag.Select(l => new Measurement<long>(l.Value, region, new("topic", l.Key))),
            "{record}", "Records of another region that are not copied yet");
        meter.CreateObservableGauge(
            "cardshop.mirror.delay", () => new Measurement<double>(mirror.Delay.TotalSeconds, region), "s",
            "How old the newest copy is while there is something to copy");
        meter.CreateObservableGauge(
            "cardshop.mirror.silence",
            () => new Measurement<double>(mirror.Unheard.TotalSeconds, region), "s",
            "Since the mirrored region last answered, or the mirror was started and it never did");
    }
}

/// <summary>Runs the mirror inside the host; when it ends by itself, the process ends with exit code 1.</summary>
internal sealed class MirrorService(KafkaMirror mirror, IHostApplicationLifetime lifetime, ILogger<MirrorService> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        FleetLog.Starting(logger, MirrorSettings.Role);
        try
        {
            await mirror.RunAsync(stoppingToken);
        }
#pragma warning disable CA1031 // The last stop: whatever it is, it is logged and the process ends.
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            FleetLog.Failed(logger, e, MirrorSettings.Role);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }
}
