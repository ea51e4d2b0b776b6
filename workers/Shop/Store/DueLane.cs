using CardShop.Shop.Channels;

namespace CardShop.Shop.Store;

/// <summary>
/// Where a watchdog is in its scan of one lane, and how many it may take: a token bucket that holds half a second's worth (and
/// one, for the fraction) and is empty at the start: in any span it gives out at most the rate times the span, and that. For one loop; it is not safe for two.
/// </summary>
/// <param name="name">What the scan is told: a channel's name.</param>
/// <param name="perSecond">How many sagas per second; the fraction of one is carried over.</param>
public sealed class DueLane(string name, double perSecond, TimeProvider time)
{
    private const int MaxScan = 500;

    /// <summary>When the scan starts from the oldest again.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    private readonly double _most = Math.Min(perSecond / 2, MaxScan) + 1;
    private double _tokens;
    private DateTimeOffset _filledAt = time.GetUtcNow();
    private DateTimeOffset _roundEnds = time.GetUtcNow() + Round;
    private DueSaga? _after;

    public string Name => name;

    /// <summary>The one lane of sagas that call nobody.</summary>
    public static DueLane Unlimited(TimeProvider time) => new(string.Empty, double.PositiveInfinity, time);

    /// <summary>
    /// A lane for every channel that orders can name, offered now or not, and one for sagas without an attempt.
    /// </summary>
    public static IReadOnlyList<DueLane> PerChannel(double perSecond, TimeProvider time) =>
        [.. PaymentChannels.Known.Append(string.Empty).Select(c => new DueLane(c, perSecond, time))];

    /// <summary>How many may be taken now.</summary>
    public int Limit(DateTimeOffset now)
    {
        if (double.IsPositiveInfinity(perSecond))
        {
            return MaxScan;
        }

        _tokens = Math.Min(_most, _tokens + (perSecond * Math.Max(0, (now - _filledAt).TotalSeconds)));
        _filledAt = now;
        return Math.Min((int)_tokens, MaxScan);
    }

    /// <summary>After which saga the scan goes on; null = from the oldest.</summary>
    public DueSaga? After(DateTimeOffset now)
    {
        if (now >= _roundEnds)
        {
            _roundEnds = now + Round;
            _after = null;
        }

        return _after;
    }

    /// <summary>Notes that this one was taken.</summary>
    public void Taken(DueSaga saga)
    {
        _after = saga;
        _tokens--;
    }
}
