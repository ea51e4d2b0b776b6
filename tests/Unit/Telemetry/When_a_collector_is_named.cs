using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using CardShop.Local.Parts;
using CardShop.Pipeline.Telemetry;
using CardShop.Telemetry;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Telemetry;

public sealed class When_a_collector_is_named
{
    [Fact]
    public void Without_one_nothing_is_pushed() =>
        Assert.False(TelemetrySettings.From(new ConfigurationBuilder().Build(), "s").Push);

    [Fact]
    public async Task Spans_and_metrics_arrive_there_by_http()
    {
        var url = $"http://127.0.0.1:{FreePorts.Pick()}/";
        await using var collector = new Collector(url);
        // The exporter is told by the environment alone, as its specification wants it.
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        try
        {
            var settings = TelemetrySettings.From(new ConfigurationBuilder().AddEnvironmentVariables().Build(), "test");
            Assert.True(settings.Push);
            using (new Providers(settings))
            {
                using var span = Traces.Start("test", ActivityKind.Internal, "00-11111111111111111111111111111111-2222222222222222-01");
                Assert.NotNull(span);
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT", null);
            Environment.SetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL", null);
        }

        // Disposing of the providers has sent what was left.
        await collector.DisposeAsync();
        Assert.Contains("/v1/traces", collector.Paths);
        Assert.Contains("/v1/metrics", collector.Paths);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("http")]
    [InlineData("70000")]
    public void A_metrics_port_that_is_none_is_refused(string port) => Assert.Contains(
        "Metrics__Port",
        Assert.Throws<InvalidOperationException>(() => TelemetrySettings.PortOf(
            new ConfigurationBuilder().AddInMemoryCollection([new("Metrics:Port", port)]).Build())).Message,
        StringComparison.Ordinal);

    /// <summary>Takes whatever is posted, and remembers where.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly HttpListener _http;
        private readonly Task _serving;

        public Collector(string url)
        {
            _http = new() { Prefixes = { url } };
            _http.Start();
            _serving = ServeAsync();
        }

        public ConcurrentBag<string> Paths { get; } = [];

        public async ValueTask DisposeAsync()
        {
            _http.Close();
            await _serving;
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var call = await _http.GetContextAsync();
                    Paths.Add(call.Request.Url!.AbsolutePath);
                    call.Response.StatusCode = 200;
                    call.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }
}
