using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CardShop.Telemetry;

/// <summary>
/// OpenTelemetry of one process: metrics always, for /metrics; traces only where a collector is named, so that without one
/// nothing listens and a span costs nothing. Sampling follows OTEL_TRACES_SAMPLER.
/// </summary>
public sealed class Providers : IDisposable
{
    private static readonly double[] RequestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];

    /// <summary>
    /// Sets of labels that one metric may have; what is beyond them is counted in one set, otel.metric.overflow. Their places are
    /// taken at the start: with the library's own limit of 2,000 the metrics held 13 MB of every process.
    /// </summary>
    private const int Series = 250;

    /// <summary>Every route, by method and status; every partition of every group's topics; every product that was ever among the fewest left.</summary>
    private const int ManySeries = 5_000;

    private readonly Meter _meter = new("CardShop.Process");
    private readonly MeterProvider _metrics;
    private readonly TracerProvider? _traces;

    public Providers(TelemetrySettings settings)
    {
        Disks.Observe(_meter, settings.Directories);
        using (var own = System.Diagnostics.Process.GetCurrentProcess())
        {
            var started = new DateTimeOffset(own.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1_000.0;
            _meter.CreateObservableGauge(
                "process.start_time", () => started, "s", "When the process was started, in seconds since 1970");
        }

        var metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(r => r.AddService(settings.Service))
            .AddMeter("CardShop.*", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
            .AddView(Shown)
            .AddReader(Page.Reader);
        _metrics = (settings.Push ? metrics.AddOtlpExporter() : metrics).Build();
        if (settings.Push)
        {
            // ASP.NET Core leaves the route and the status out of its spans unless it is asked for them.
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
            _traces = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(r => r.AddService(settings.Service))
                .AddSource("CardShop", "Microsoft.AspNetCore", "Npgsql")
                .AddOtlpExporter()
                .Build();
        }
    }

    public MetricsPage Page { get; } = new();

    public void Dispose()
    {
        _traces?.Dispose();
        _metrics.Dispose();
        Page.Dispose();
        _meter.Dispose();
    }

    /// <summary>What the framework measures, with the labels and bounds that rules and dashboards ask for.</summary>
    private static MetricStreamConfiguration? Shown(Instrument instrument) => instrument.Name switch
    {
        "http.server.request.duration" => new ExplicitBucketHistogramConfiguration
        {
            Boundaries = RequestSeconds,
            TagKeys = ["http.request.method", "http.route", "http.response.status_code"],
            CardinalityLimit = ManySeries,
        },
        "http.server.active_requests" => new() { TagKeys = ["http.request.method"] },
        "kestrel.active_connections" => new() { TagKeys = [] },
        "cardshop.lag.records" or "cardshop.stock.units" or "cardshop.stock.drift" => new() { CardinalityLimit = ManySeries },
        // Prometheus keeps the ending _count for histograms.
        "dotnet.thread_pool.thread.count" => new() { Name = "dotnet.thread_pool.threads" },
        "dotnet.process.cpu.count" => new() { Name = "dotnet.process.cpus" },
        "dotnet.assembly.count" or "dotnet.timer.count" => MetricStreamConfiguration.Drop,
        _ when instrument.Meter.Name == "Microsoft.AspNetCore.Server.Kestrel" => MetricStreamConfiguration.Drop,
        _ => new() { CardinalityLimit = Series },
    };
}
