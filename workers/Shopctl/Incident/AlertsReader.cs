using System.Globalization;
using System.Net;
using System.Text.Json;

namespace CardShop.Shopctl.Incident;

/// <summary>An alert that fired in the span.</summary>
/// <param name="Last">When it was last seen firing.</param>
public sealed record FiredAlert(string Name, string Severity, string Labels, DateTimeOffset First, DateTimeOffset Last);

/// <summary>Asks Prometheus for the series of its alerts and of process starts (HTTP API, /api/v1/query_range).</summary>
public static class AlertsReader
{
    private const int MaxPoints = 1_000;
    private const int MaxAnswerBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public static async Task<IReadOnlyList<FiredAlert>> AlertsAsync(
        Uri prometheus, IncidentSpan span, CancellationToken cancellation)
    {
        using var http = Client();
        return Alerts(await QueryAsync(http, prometheus, "ALERTS{alertstate=\"firing\"}", span, cancellation));
    }

    /// <returns>Which process, and when it started; those that started within the span.</returns>
    public static async Task<IReadOnlyList<(string Process, DateTimeOffset At)>> StartsAsync(
        Uri prometheus, IncidentSpan span, CancellationToken cancellation)
    {
        using var http = Client();
        return Starts(await QueryAsync(http, prometheus, "process_start_time_seconds", span, cancellation), span);
    }

    /// <param name="json">A matrix, as Prometheus' documentation of its HTTP API lays it out.</param>
    public static IReadOnlyList<FiredAlert> Alerts(string json) =>
    [
        .. Series(json).Where(s => s.Points.Count > 0).Select(s => new FiredAlert(
            s.Labels.GetValueOrDefault("alertname", "?"), s.Labels.GetValueOrDefault("severity", "-"),
            string.Join(", ", s.Labels.Where(l => l.Key is not ("__name__" or "alertname" or "alertstate" or "severity"))
                .Select(l => $"{l.Key}={l.Value}")),
            s.Points[0].At, s.Points[^1].At)).OrderBy(a => a.First),
    ];

    public static IReadOnlyList<(string Process, DateTimeOffset At)> Starts(string json, IncidentSpan span) =>
    [
        .. Series(json).SelectMany(s => s.Points.Select(p => (
                Process: $"{s.Labels.GetValueOrDefault("job", "?")} {s.Labels.GetValueOrDefault("instance", "")}".Trim(),
                At: DateTimeOffset.FromUnixTimeSeconds((long)p.Value))))
            .Where(s => span.Holds(s.At)).Distinct().OrderBy(s => s.At),
    ];

    private static HttpClient Client() => new(new SocketsHttpHandler
    {
        ConnectTimeout = TimeSpan.FromSeconds(3),
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
    })
    {
        Timeout = Limit,
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    private static async Task<string> QueryAsync(
        HttpClient http, Uri prometheus, string query, IncidentSpan span, CancellationToken cancellation)
    {
        var step = Math.Max(15, Math.Ceiling((span.To - span.From).TotalSeconds / MaxPoints));
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"{prometheus.AbsoluteUri.TrimEnd('/')}/api/v1/query_range?query={Uri.EscapeDataString(query)}" +
            $"&start={span.From.ToUnixTimeSeconds()}&end={span.To.ToUnixTimeSeconds()}&step={step:F0}");
        using var answer = await http.GetAsync(new Uri(path), cancellation);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(cancellation);
    }

    private static IEnumerable<(IReadOnlyDictionary<string, string> Labels, IReadOnlyList<(DateTimeOffset At, double Value)> Points)>
        Series(string json)
    {
        using var document = JsonDocument.Parse(json);
        foreach (var series in document.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            yield return (
                series.GetProperty("metric").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString() ?? ""),
                [
                    .. series.GetProperty("values").EnumerateArray().Select(v => (
                        DateTimeOffset.FromUnixTimeMilliseconds((long)(v[0].GetDouble() * 1000)),
                        double.TryParse(v[1].GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) ? n : 0)),
                ]);
        }
    }
}
