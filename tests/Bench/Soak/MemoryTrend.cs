namespace CardShop.Tests.Bench.Soak;

/// <summary>Whether memory grows, from samples over time. Pure.</summary>
public static class MemoryTrend
{
    private const int Fifths = 5;

    /// <summary>Megabytes per hour: the least-squares line through the second half, in which nothing warms up any more.</summary>
    public static double SlopePerHour(IReadOnlyList<MemorySample> samples)
    {
        var half = samples.Skip(samples.Count / 2).ToList();
        if (half.Count < 2)
        {
            return 0;
        }

        var (time, memory) = (half.Average(s => s.At.TotalHours), half.Average(s => s.Resident));
        var spread = half.Sum(s => Math.Pow(s.At.TotalHours - time, 2));
        return spread > 0 ? half.Sum(s => (s.At.TotalHours - time) * (s.Resident - memory)) / spread : 0;
    }

    /// <summary>
    /// Megabytes by which the median of the last fifth exceeds that of the first fifth after <paramref name="warmUp"/>: a
    /// single peak or dip of the collector moves neither.
    /// </summary>
    public static double Drift(IReadOnlyList<MemorySample> samples, TimeSpan warmUp)
    {
        var warm = samples.Where(s => s.At >= warmUp).Select(s => s.Resident).ToList();
        var part = Math.Max(1, warm.Count / Fifths);
        return warm.Count == 0 ? 0 : Median(warm.TakeLast(part)) - Median(warm.Take(part));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
