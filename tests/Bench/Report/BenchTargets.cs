using System.Globalization;

namespace CardShop.Tests.Bench.Report;

/// <summary>
/// What is asked of the figures, for two cores with everything on one machine, the load generator included. Pure.
/// </summary>
public static class BenchTargets
{
    /// <summary>Whether memory grows shows in half an hour, not in a minute or two.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(30);

    private static readonly IReadOnlyList<BenchTarget> All =
    [
        new("broker.produce", Judged.Value, Bound.AtLeast, 150_000),
        new("broker.consume", Judged.Value, Bound.AtLeast, 400_000),
        new("intake.saturated", Judged.Ratio, Bound.AtLeast, 0.7),
        new("intake.half.p99", Judged.Value, Bound.AtMost, 30),
        new("pipeline.spread", Judged.Value, Bound.AtLeast, 8_700),
        new("pipeline.flash", Judged.Value, Bound.AtLeast, 6_000),
        new("pipeline.spread.cpu", Judged.Value, Bound.AtMost, 0.22),
        new("pipeline.flash.cpu", Judged.Value, Bound.AtMost, 0.22),
        new("latency.p50", Judged.Value, Bound.AtMost, 150),
        new("latency.p99", Judged.Value, Bound.AtMost, 500),
        new("latency.page.p50", Judged.Value, Bound.AtMost, 150),
        new("latency.page.p99", Judged.Value, Bound.AtMost, 500),
        new("soak.memory.api", Judged.Value, Bound.AtMost, 200),
        new("soak.memory.orders", Judged.Value, Bound.AtMost, 250),
        new("soak.memory.payments", Judged.Value, Bound.AtMost, 250),
        new("soak.memory.delivery", Judged.Value, Bound.AtMost, 250),
        new("soak.memory.notifications", Judged.Value, Bound.AtMost, 250),
        // "None grows": what lies within the wander of a collected heap is no growth.
        new("soak.drift", Judged.Value, Bound.AtMost, 10, Long),
        new("soak.slope", Judged.Value, Bound.AtMost, 20, Long),
        new("backlog.drain", Judged.Ratio, Bound.AtLeast, 0.9),
        new("backlog.place.age.max", Judged.Value, Bound.AtMost, 2),
        .. Growth("cpu"), .. Growth("pages"), .. Growth("wal"),
    ];

    /// <summary>"Flat within 20 %", beside a thousand stored orders.</summary>
    private static IEnumerable<BenchTarget> Growth(string figure) =>
        new[] { 100_000, 1_000_000, 10_000_000 }.Select(
            rows => new BenchTarget(string.Create(CultureInfo.InvariantCulture, $"growth.{rows}.{figure}"), Judged.Ratio, Bound.AtMost, 1.2));

    /// <param name="duration">How long the run was asked to measure.</param>
    /// <returns>Null where nothing is asked of the figure.</returns>
    public static BenchTarget? Of(BenchResult result, TimeSpan duration) =>
        All.FirstOrDefault(t => t.Name == result.Name && t.From <= duration);

    /// <summary>
    /// How close a figure comes to its raw limit, 1 being as good as the bare thing: of rates value / limit, of times, CPU
    /// and sizes limit / value. Null where there is no limit.
    /// </summary>
    public static double? Closeness(BenchResult result) =>
        result.Limit <= 0 || result.Value <= 0 ? null
        : IsRate(result) ? result.Value / result.Limit
        : result.Limit / result.Value;

    /// <summary>Orders, requests, records or keys per second: more is better; of everything else less is.</summary>
    public static bool IsRate(BenchResult result) => result.Unit.EndsWith("s/s", StringComparison.Ordinal);
}
