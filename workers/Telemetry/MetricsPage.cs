using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace CardShop.Telemetry;

/// <summary>
/// The page /metrics: collects from OpenTelemetry when it is asked for, one request at a time, and keeps nothing between
/// requests. OpenTelemetry's own Prometheus exporter can take its place: the names are the same.
/// </summary>
public sealed class MetricsPage : IDisposable
{
    private readonly Exporter _exporter = new();
    private readonly BaseExportingMetricReader _reader;
    private readonly SemaphoreSlim _collecting = new(1);

    public MetricsPage() => _reader = new(_exporter);

    /// <summary>What a <see cref="MeterProviderBuilder"/> is given.</summary>
    public MetricReader Reader => _reader;

    /// <returns>The page; empty when collecting took longer than ten seconds.</returns>
    public async Task<string> RenderAsync(CancellationToken cancellation)
    {
        await _collecting.WaitAsync(cancellation);
        try
        {
            // The reader's own Collect refuses one that only pulls; what it gave the exporter is the way.
            return _exporter.Collect!(10_000) ? _exporter.Page : string.Empty;
        }
        finally
        {
            _collecting.Release();
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _exporter.Dispose();
        _collecting.Dispose();
    }

    [ExportModes(ExportModes.Pull)]
    private sealed class Exporter : BaseExporter<Metric>, IPullMetricExporter
    {
        public string Page { get; private set; } = string.Empty;

        public Func<int, bool>? Collect { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            var writer = new PrometheusWriter();
            foreach (var metric in batch)
            {
                writer.Write(metric);
            }

            Page = writer.ToString();
            return ExportResult.Success;
        }
    }
}
