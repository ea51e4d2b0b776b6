using CardShop.Tests.Bench;
using CardShop.Tests.Bench.Report;
using Xunit;

namespace CardShop.Tests.Unit.Bench;

public sealed class When_figures_are_judged
{
    private static readonly TimeSpan Ten = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("pipeline.spread", 8_700, "orders/s", 20_000, true)]
    [InlineData("pipeline.spread", 8_699, "orders/s", 8_000, false)]
    [InlineData("pipeline.flash.cpu", 0.22, "CPU ms/order", 0.1, true)]
    [InlineData("pipeline.flash.cpu", 0.23, "CPU ms/order", 0.5, false)]
    [InlineData("intake.saturated", 35_000, "requests/s", 50_000, true)]
    [InlineData("intake.saturated", 34_000, "requests/s", 50_000, false)]
    [InlineData("latency.p99", 501, "ms", 4, false)]
    [InlineData("backlog.drain", 1_800, "orders/s", 2_000, true)]
    [InlineData("backlog.drain", 1_799, "orders/s", 2_000, false)]
    [InlineData("growth.1000000.cpu", 1.2, "CPU ms/order", 1, true)]
    [InlineData("growth.1000000.wal", 6_100, "bytes/order", 5_000, false)]
    public void Each_has_its_own_measure_and_side(string name, double value, string unit, double limit, bool isMet)
    {
        var result = BenchResult.Of(name, value, unit, limit);

        var target = BenchTargets.Of(result, Ten)!;

        Assert.Equal(isMet, target.IsMetBy(result));
        Assert.Equal(isMet, target.Score(result) >= 1);
    }

    [Fact]
    public void What_is_not_asked_for_has_no_target() => Assert.Null(BenchTargets.Of(BenchResult.Of("keys.import", 1, "keys/s", 2), Ten));

    [Fact]
    public void Growth_is_judged_only_where_the_run_was_long_enough_to_show_it()
    {
        var slope = BenchResult.Of("soak.slope", 100, "MB/h", 0);

        Assert.Null(BenchTargets.Of(slope, TimeSpan.FromSeconds(120)));
        Assert.False(BenchTargets.Of(slope, TimeSpan.FromMinutes(30))!.IsMetBy(slope));
    }

    [Theory]
    [InlineData(2_000, "orders/s", 8_000, 0.25)]
    [InlineData(20, "ms", 5, 0.25)]
    [InlineData(0.4, "CPU ms/order", 0.1, 0.25)]
    [InlineData(4, "1/s", 2, 0.5)]
    public void Closeness_to_the_limit_is_better_when_larger_whatever_the_unit(double value, string unit, double limit, double closeness) =>
        Assert.Equal(closeness, BenchTargets.Closeness(BenchResult.Of("f", value, unit, limit))!.Value, 6);

    [Fact]
    public void Where_there_is_no_limit_there_is_no_closeness() => Assert.Null(BenchTargets.Closeness(BenchResult.Of("f", 5, "MB", 0)));

    [Fact]
    public void A_target_lies_on_the_same_scale_as_its_figure()
    {
        var spread = BenchResult.Of("pipeline.spread", 2_000, "orders/s", 10_000);
        var cpu = BenchResult.Of("pipeline.spread.cpu", 0.8, "CPU ms/order", 0.11);
        var intake = BenchResult.Of("intake.saturated", 5, "requests/s", 10);

        Assert.Equal(0.87, BenchTargets.Of(spread, Ten)!.Closeness(spread)!.Value, 6);
        Assert.Equal(0.5, BenchTargets.Of(cpu, Ten)!.Closeness(cpu)!.Value, 6);
        Assert.Equal(0.7, BenchTargets.Of(intake, Ten)!.Closeness(intake)!.Value, 6);
    }
}
