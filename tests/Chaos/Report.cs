using System.Globalization;
using CardShop.Tests.Chaos.Faults;
using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Shop;
using CardShop.Tests.Chaos.Verdict;
using Spectre.Console;

namespace CardShop.Tests.Chaos;

/// <summary>The figures of a run beside what is asked of them.</summary>
public static class Report
{
    /// <summary>Of orders tried while anything but the log broker is hurt.</summary>
    private const double AskedShare = 0.999;

    private const int ShownViolations = 8;

    public static string Title(ChaosOptions options) => string.Create(
        CultureInfo.InvariantCulture, $"CardShop under faults: {options.Minutes} minutes, {options.Rate} orders/s offered, seed {options.Seed}");

    /// <summary>Two lines of figures, for the picture.</summary>
    public static IReadOnlyList<string> Lines(LoadMeter meter, IReadOnlyList<FaultSpan> spans, IReadOnlyList<Failover> failovers)
    {
        var availability = AvailabilityOf(meter, spans);
        return
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"{meter.Offered:N0} orders offered, {meter.Accepted:N0} accepted, {meter.Delivered:N0} delivered; {spans.Count} faults. Accepted: {Percent(availability.Hurt)} while any part of the shop but the log broker was hurt, {Percent(availability.Calm)} in calm seconds, {Percent(availability.Log)} while the log broker was hurt."),
            failovers.Count == 0 ? "" : "Fleets go on by themselves after the loss of the primary database: " + string.Join(", ", failovers.Select(f => Seconds(f.Delivered))),
        ];
    }

    /// <returns>0 when everything asked holds, else 1.</returns>
    public static async Task<int> ShowAsync(
        ChaosShop shop, ChaosOptions options, LoadMeter meter, FaultRunner faults, IReadOnlyList<Failover> failovers,
        IReadOnlyList<Violation> violations, MemoryWatch memory, Buyers buyers, Action<string> say)
    {
        foreach (var kind in violations.GroupBy(v => v.Invariant).OrderBy(g => g.Key))
        {
            say($"VIOLATED {kind.Count()} times: invariant {kind.Key}");
            foreach (var violation in kind.Take(ShownViolations))
            {
                say("  " + violation);
            }
        }

        var rows = Rows(shop, AvailabilityOf(meter, faults.Done), failovers, violations.Count, memory, buyers);
        rows.Add(("faults that could not be carried out", $"{faults.Failed} of {faults.Done.Count}", "0", faults.Failed == 0));
        var table = new Table().AddColumns("what", "measured", "asked", "");
        foreach (var (what, measured, asked, holds) in rows)
        {
            table.AddRow(what.EscapeMarkup(), measured.EscapeMarkup(), asked.EscapeMarkup(), holds is null ? "" : holds.Value ? "holds" : "DOES NOT HOLD");
        }

        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 140;
        }

        AnsiConsole.Write(table);
        foreach (var failover in failovers)
        {
            say(failover.ToString());
        }

        foreach (var kind in faults.Done.GroupBy(s => s.Fault.Kind).OrderBy(g => g.Key))
        {
            say(string.Create(CultureInfo.InvariantCulture, $"{kind.Key}: {kind.Count()} times, {kind.Average(s => s.To - s.From):0.0} s on average until all was up"));
        }

        say("load average of the machine: " + (await File.ReadAllTextAsync("/proc/loadavg")).Trim());
        var isGood = rows.TrueForAll(r => r.Holds != false);
        say(isGood ? "everything holds" : $"SOMETHING DOES NOT HOLD; again with the same buyers and faults: tests/chaos --seed {options.Seed} --minutes {options.Minutes.ToString(CultureInfo.InvariantCulture)}");
        return isGood ? 0 : 1;
    }

    private static List<(string What, string Measured, string Asked, bool? Holds)> Rows(
        ChaosShop shop, Availability availability, IReadOnlyList<Failover> failovers, int violations, MemoryWatch memory, Buyers buyers)
    {
        var slowest = failovers.Count == 0 ? 0 : failovers.Max(f => Math.Max(f.Committed ?? double.MaxValue, f.Delivered ?? double.MaxValue));
        var rows = new List<(string What, string Measured, string Asked, bool? Holds)>
        {
            ("broken promises", $"{violations}", "0", violations == 0),
            ("accepted while any part of the shop but the log broker is hurt", Of(availability.Hurt), "99.9 %", availability.Hurt.Ratio >= AskedShare),
            ("  by the first request", Of(availability.AtOnce), "", null),
            ("accepted in calm seconds", Of(availability.Calm), "99.9 %", availability.Calm.Ratio >= AskedShare),
            ("accepted while the log broker is hurt", Of(availability.Log), "", null),
            ("accepted while the payment providers are hurt", Of(availability.Provider), "", null),
            ("accepted over the run", Of(availability.All), "", null),
            ("worst second without the log broker hurt", availability.Worst.Second < 0 ? "none" : string.Create(
                CultureInfo.InvariantCulture, $"{availability.Worst.Ratio:P1} at {TimeSpan.FromSeconds(availability.Worst.Second):mm\\:ss}"), "", null),
            ("fleets go on after a failover, slowest of " + failovers.Count.ToString(CultureInfo.InvariantCulture), failovers.Count == 0 ? "none" : Seconds(slowest),
                "30 s", failovers.Count == 0 ? null : slowest <= FailoverWatch.LimitSeconds),
            ("buyers who never saw the end", $"{buyers.Unfinished}", "0", buyers.Unfinished == 0),
            ("restarts of parts", $"{shop.Parts.Concat(shop.Postgres.Servers).Sum(p => p.Restarts)}", "", null),
        };
        rows.AddRange(memory.Most.Select(m => (
            "most memory of " + m.Key, string.Create(CultureInfo.InvariantCulture, $"{m.Value:0} MB"),
            m.Key.StartsWith("api", StringComparison.Ordinal) ? "200 MB" : "250 MB", (bool?)null)));
        return rows;
    }

    private static Availability AvailabilityOf(LoadMeter meter, IReadOnlyList<FaultSpan> spans) =>
        Availability.Of(meter.Seconds(), [.. spans.Select(s => new HurtSpan(s.From, s.To, s.Fault.Party))]);

    private static string Of(Share share) => string.Create(CultureInfo.InvariantCulture, $"{Percent(share)} of {share.Tried:N0}");

    private static string Percent(Share share) => share.Tried == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{share.Ratio * 100:0.000} %");

    private static string Seconds(double? seconds) =>
        seconds is { } s and < 1_000 ? string.Create(CultureInfo.InvariantCulture, $"{s:0.0} s") : "never";
}
