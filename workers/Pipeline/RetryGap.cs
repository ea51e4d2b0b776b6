namespace CardShop.Pipeline;

/// <summary>The wait between two tries of one delivery. Pure; <see cref="Backoff"/> waits a server out.</summary>
public static class RetryGap
{
    /// <param name="tries">Tries so far, the last included.</param>
    /// <param name="jitter">0 to 1: a gap is 0.8 to 1.2 of its length, so that what failed together does not come back together.</param>
    /// <returns>first * 3^(tries - 1), at most the longest, times the jitter.</returns>
    public static TimeSpan Of(int tries, TimeSpan first, TimeSpan longest, double jitter)
    {
        var exponent = Math.Min(Math.Max(tries, 1) - 1, 20);
        var gap = Math.Min(longest.TotalSeconds, first.TotalSeconds * Math.Pow(3, exponent));
        return TimeSpan.FromSeconds(gap * (0.8 + (0.4 * jitter)));
    }
}
