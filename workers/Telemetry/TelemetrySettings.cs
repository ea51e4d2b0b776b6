using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace CardShop.Telemetry;

/// <summary>What a process is told about telling of itself.</summary>
/// <param name="Service">Its name in traces and metrics that are pushed: <c>cardshop-api</c>, <c>cardshop-orders</c>, …</param>
/// <param name="Push">Whether traces and metrics go to an OTLP collector: where OTEL_EXPORTER_OTLP_ENDPOINT names one.</param>
/// <param name="Directories">Data directories whose file systems are watched, by name; setting <c>Metrics__Directories__NAME</c>.</param>
public sealed record TelemetrySettings(string Service, bool Push, IReadOnlyDictionary<string, string> Directories)
{
    public static TelemetrySettings From(IConfiguration configuration, string service) => new(
        service,
        configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 },
        configuration.GetSection("Metrics:Directories").GetChildren()
            .Where(d => !string.IsNullOrEmpty(d.Value)).ToDictionary(d => d.Key, d => d.Value!));

    /// <summary>
    /// Where /metrics is served alone, as a listener's address: this machine alone, or what setting <c>Metrics__Host</c> names,
    /// such as <c>*</c> in a container. Null without <c>Metrics__Port</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The port is none.</exception>
    public static string? UrlOf(IConfiguration configuration) => PortOf(configuration) is not { } port ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"http://{(configuration["Metrics:Host"] is { Length: > 0 } host ? host : "127.0.0.1")}:{port}");

    /// <summary>The port of a listener for /metrics alone; null where it is served beside everything else. Setting <c>Metrics__Port</c>.</summary>
    /// <exception cref="InvalidOperationException">It is no port.</exception>
    public static int? PortOf(IConfiguration configuration) => configuration["Metrics:Port"] switch
    {
        null or "" => null,
        var text when ushort.TryParse(text, out var port) && port > 0 => port,
        _ => throw new InvalidOperationException("Setting Metrics__Port must be a port, 1 to 65535."),
    };
}
