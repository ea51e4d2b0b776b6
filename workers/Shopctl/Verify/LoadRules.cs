using System.Globalization;
using CardShop.Shopctl.Preflight;

namespace CardShop.Shopctl.Verify;

/// <summary>What a short load came to.</summary>
/// <param name="TookMs">Of every answer that counts, in any order.</param>
/// <param name="Failed">Answers of 500 and above, and none at all.</param>
/// <param name="Limited">Answers of 429: the rate limit, not the server's speed.</param>
public sealed record LoadFacts(string Name, IReadOnlyList<double> TookMs, int Failed, int Limited, TimeSpan Lasted);

/// <summary>Response times beside their targets. Pure.</summary>
public static class LoadRules
{
    /// <summary>An answer slower than this is an alert of class P1.</summary>
    public const double AlertMs = 2_000;

    /// <param name="targetMs">Of the 95th percentile.</param>
    public static CheckResult Judge(LoadFacts facts, double targetMs)
    {
        const string Area = "performance";
        if (facts.TookMs.Count == 0)
        {
            return facts.Limited > 0 && facts.Failed == 0
                ? new(Area, facts.Name, Verdict.Info, "not measured: the rate limit of this network was reached")
                : new(Area, facts.Name, Verdict.Fail, $"no answer, {facts.Failed} failed", "Look into the API's log.");
        }

        var sorted = facts.TookMs.Order().ToList();
        var (p50, p95, p99) = (Percentile(sorted, 0.50), Percentile(sorted, 0.95), Percentile(sorted, 0.99));
        var found = string.Create(
            CultureInfo.InvariantCulture,
            $"{sorted.Count} answers, {sorted.Count / Math.Max(facts.Lasted.TotalSeconds, 0.001):F0}/s; p50 {p50:F1}, p95 {p95:F1}, " +
            $"p99 {p99:F1} ms; target p95 {targetMs:F0}, never above {AlertMs:F0}")
            + (facts.Limited > 0 ? $"; {facts.Limited} met the rate limit" : string.Empty)
            + (facts.Failed > 0 ? $"; {facts.Failed} FAILED" : string.Empty);
        return facts.Failed > 0 || p99 > AlertMs
            ? new(Area, facts.Name, Verdict.Fail, found, "See the API's log and the machine's load; add instances.")
            : p95 > targetMs
                ? new(Area, facts.Name, Verdict.Warn, found, "Slower than it should be: is the machine busy with something else?")
                : new(Area, facts.Name, Verdict.Ok, found);
    }

    /// <param name="sorted">Ascending, not empty.</param>
    /// <param name="part">0 to 1; the nearest rank.</param>
    public static double Percentile(IReadOnlyList<double> sorted, double part) =>
        sorted[Math.Clamp((int)Math.Ceiling(part * sorted.Count) - 1, 0, sorted.Count - 1)];
}
