namespace CardShop.Local.Supervision;

/// <summary>How long to wait before a part that ended is started again: 100 ms, doubling to 10 s; from the start after a healthy minute.</summary>
/// <param name="random">The jitter: parts that fell together do not come back together.</param>
public sealed class RestartBackoff(Random random)
{
    /// <summary>The first wait, at most.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    /// <summary>No wait is longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>A run of this length makes earlier failures forgotten.</summary>
    public static readonly TimeSpan Healthy = TimeSpan.FromMinutes(1);

    private const double Jitter = 0.25;

    private TimeSpan _next = Shortest;

    /// <summary>The wait after a run.</summary>
    /// <param name="ran">How long the part had run.</param>
    public TimeSpan Next(TimeSpan ran)
    {
        var limit = ran >= Healthy ? Shortest : _next;
        _next = limit * 2 < Longest ? limit * 2 : Longest;
        return limit * (1 - (Jitter * random.NextDouble()));
    }
}
