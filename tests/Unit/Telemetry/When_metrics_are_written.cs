using System.Diagnostics.Metrics;
using System.Globalization;
using CardShop.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using Xunit;

namespace CardShop.Tests.Unit.Telemetry;

public sealed class When_metrics_are_written : IDisposable
{
    private readonly Meter _meter = new("Written.Test");
    private readonly MetricsPage _page = new();
    private readonly MeterProvider _provider;

    public When_metrics_are_written() =>
        _provider = Sdk.CreateMeterProviderBuilder().AddMeter(_meter.Name).AddReader(_page.Reader).Build();

    [Fact]
    public async Task A_counter_ends_in_total_and_is_described_once()
    {
        var counter = _meter.CreateCounter<long>("cardshop.orders.accepted", "{order}", "Orders that were accepted");
        counter.Add(2, new KeyValuePair<string, object?>("channel", "alipay"));
        counter.Add(3, new KeyValuePair<string, object?>("channel", "wechat"));

        Assert.Equal(
            """
            # HELP cardshop_orders_accepted_total Orders that were accepted
            # TYPE cardshop_orders_accepted_total counter
            cardshop_orders_accepted_total{channel="alipay"} 2
            cardshop_orders_accepted_total{channel="wechat"} 3

            """, await RenderAsync());
    }

    [Fact]
    public async Task A_histogram_has_cumulative_buckets_a_sum_and_a_count()
    {
        var histogram = _meter.CreateHistogram(
            "cardshop.batch.duration", "s", "A batch", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in new[] { 0.0625, 0.5, 0.5, 30 })
        {
            histogram.Record(seconds);
        }

        Assert.Equal(
            """
            # HELP cardshop_batch_duration_seconds A batch
            # TYPE cardshop_batch_duration_seconds histogram
            cardshop_batch_duration_seconds_bucket{le="0.1"} 1
            cardshop_batch_duration_seconds_bucket{le="1"} 3
            cardshop_batch_duration_seconds_bucket{le="+Inf"} 4
            cardshop_batch_duration_seconds_sum 31.0625
            cardshop_batch_duration_seconds_count 4

            """, await RenderAsync());
    }

    [Fact]
    public async Task Quotes_backslashes_and_line_feeds_are_escaped()
    {
        _meter.CreateCounter<long>("odd", null, "A \\ and\na \"").Add(1, new KeyValuePair<string, object?>("odd.name-1", "a\"b\\c\nd"));

        var page = await RenderAsync();
        Assert.Contains("# HELP odd_total A \\\\ and\\na \"", page, StringComparison.Ordinal);
        Assert.Contains("""odd_total{odd_name_1="a\"b\\c\nd"} 1""", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_number_is_the_same_in_every_country()
    {
        CultureInfo.CurrentCulture = new CultureInfo("de-DE");
        _meter.CreateObservableGauge("ratio", () => 1234.5, "1", "");
        Assert.Contains("ratio_ratio 1234.5\n", await RenderAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_measured_no_more_is_not_shown()
    {
        var sku = "FIRST";
        _meter.CreateObservableGauge(
            "cardshop.stock.units", () => new Measurement<long>(1, new KeyValuePair<string, object?>("sku", sku)), "{unit}", "");
        Assert.Contains("FIRST", await RenderAsync(), StringComparison.Ordinal);
        sku = "SECOND";
        var page = await RenderAsync();
        Assert.Contains("SECOND", page, StringComparison.Ordinal);
        Assert.DoesNotContain("FIRST", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cardshop.disk.free", "By", false, "cardshop_disk_free_bytes")]
    [InlineData("process.start_time", "s", false, "process_start_time_seconds")]
    [InlineData("dotnet.gc.pause.time", "s", true, "dotnet_gc_pause_time_seconds_total")]
    [InlineData("already_total", null, true, "already_total")]
    [InlineData("1st", null, false, "_1st")]
    public void Names_follow_the_specification(string name, string? unit, bool isCounter, string expected) =>
        Assert.Equal(expected, PrometheusName.Of(name, unit, isCounter));

    [Fact]
    public async Task Promtool_finds_nothing_to_say_about_a_processs_page()
    {
        using var providers = new Providers(new("test", Push: false, new Dictionary<string, string> { ["data"] = Path.GetTempPath() }));
        // The runtime tells of collections after the first.
        GC.Collect();
        var page = await providers.Page.RenderAsync(CancellationToken.None);

        Assert.Contains("\ncardshop_disk_free_bytes{directory=\"data\"} ", page, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_process_cpu_time_seconds_total{", page, StringComparison.Ordinal);
        Assert.Contains("\nprocess_start_time_seconds ", page, StringComparison.Ordinal);
        var (code, said) = await Promtool.RunAsync(["check", "metrics"], page);
        Assert.True(code == 0, said);
    }

    [Fact]
    public async Task Promtool_finds_fault_with_a_page_that_is_wrong()
    {
        var (code, _) = await Promtool.RunAsync(["check", "metrics"], "# TYPE a counter\na{b=\"c} 1\n");
        Assert.NotEqual(0, code);
    }

    public void Dispose()
    {
        _provider.Dispose();
        _page.Dispose();
        _meter.Dispose();
    }

    private Task<string> RenderAsync() => _page.RenderAsync(CancellationToken.None);
}
