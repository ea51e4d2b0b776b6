using CardShop.Tests.Bench.Soak;
using Xunit;

namespace CardShop.Tests.Unit.Bench;

public sealed class When_memory_is_watched
{
    private const string Status =
        """
        Name:	dotnet
        VmHWM:	  204800 kB
        VmRSS:	  153600 kB
        RssAnon:	  102400 kB
        RssFile:	   40960 kB
        RssShmem:	   10240 kB
        Threads:	30
        """;

    [Fact]
    public void The_kernels_words_are_read()
    {
        var sample = MemorySample.Parse(TimeSpan.FromSeconds(5), Status)!;

        Assert.Equal((150, 100, 40, 10), (sample.Resident, sample.Anonymous, sample.Files, sample.Shared));
    }

    [Fact]
    public void A_process_that_has_ended_has_none() => Assert.Null(MemorySample.Parse(TimeSpan.Zero, "Name:\tdotnet\nState:\tZ (zombie)\n"));

    [Fact]
    public void What_grows_has_its_slope_and_its_drift()
    {
        // 30 minutes, 60 MB an hour.
        var samples = Samples(360, i => 100 + (i * 5 / 60.0));

        Assert.Equal(60, MemoryTrend.SlopePerHour(samples), 3);
        Assert.Equal(20, MemoryTrend.Drift(samples, TimeSpan.FromMinutes(5)), 0.5);
    }

    [Fact]
    public void A_warm_up_and_a_single_peak_are_no_growth()
    {
        var samples = Samples(360, i => i < 60 ? 100 + i : i == 350 ? 400 : 160);

        Assert.Equal(0, MemoryTrend.Drift(samples, TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public void What_shrinks_has_a_slope_below_zero() => Assert.True(MemoryTrend.SlopePerHour(Samples(100, i => 200 - i)) < 0);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_run_that_ended_at_once_has_no_growth(int count)
    {
        var samples = Samples(count, _ => 100);

        Assert.Equal(0, MemoryTrend.SlopePerHour(samples));
        Assert.Equal(0, MemoryTrend.Drift(samples, TimeSpan.Zero));
        Assert.Equal(0, MemoryTrend.Drift(samples, TimeSpan.FromHours(1)));
    }

    private static List<MemorySample> Samples(int count, Func<int, double> memory) =>
        [.. Enumerable.Range(0, count).Select(i => new MemorySample(TimeSpan.FromSeconds(i * 5), memory(i), 0, 0))];
}
