using System.Threading.Channels;

namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// How many calls to a provider are under way at once: few at first, one more with each that is answered soon while they are in
/// use, half as many when one is not answered in time. So TCP finds out what a path carries (RFC 5681; by the delay, as TCP
/// Vegas does). A process that has just started, or a provider that is slower than usual, is not asked for so much at once that
/// nothing is answered in time. For one who takes and any number who give back.
/// </summary>
/// <param name="most">Never more than these.</param>
public sealed class CallPlaces(int most)
{
    /// <summary>At first, and at the least: enough for a breaker to see that a provider hangs.</summary>
    public const int Least = 16;

    /// <summary>Soon is up to so many times the shortest time that such a call took, within the two bounds below.</summary>
    private const int SoonTimes = 3;

    private const double SoonAtLeastMs = 100;
    private const double SoonAtMostMs = 1_000;

    /// <summary>But for one who always takes longer than that: it is slow, and not overloaded.</summary>
    private const double SoonOfSlowTimes = 1.5;

    /// <summary>The shortest time is forgotten slowly, by so much with every answer: a provider may become slower for good.</summary>
    private const double Forget = 1.001;

    private readonly Channel<bool> _free = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Lock _lock = new();
    private int _limit = Math.Min(Least, most);
    private int _taken;
    private int _round;
    private readonly Dictionary<string, double> _shortestMs = [];

    /// <summary>How many calls may be under way now.</summary>
    public int Limit
    {
        get
        {
            lock (_lock)
            {
                return _limit;
            }
        }
    }

    /// <summary>Waits for a place, and takes as many of those wanted as are free.</summary>
    /// <returns>How many, and what is said of each when it is given back.</returns>
    public async Task<(int Count, int Round)> TakeAsync(int wanted, CancellationToken cancellation)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_limit > _taken)
                {
                    var count = Math.Min(wanted, _limit - _taken);
                    _taken += count;
                    return (count, _round);
                }
            }

            await _free.Reader.ReadAsync(cancellation);
        }
    }

    /// <param name="round">As it was taken: of the calls that began together, the first that is late halves, and no other.</param>
    /// <param name="call">What was asked for: a query may be quick where a create never is.</param>
    /// <param name="answer">Null where no call was made.</param>
    /// <param name="time">How long the call took.</param>
    public void Return(int round, string call, ChannelAnswer? answer, TimeSpan time)
    {
        lock (_lock)
        {
            if (answer is { Code: ProviderFailures.Timeout } && round == _round)
            {
                _limit = Math.Max(Math.Min(Least, most), _limit / 2);
                _round++;
            }
            else if (answer is not null && !ProviderFailures.IsAway(answer) && IsSoon(call, time.TotalMilliseconds) && _taken * 2 > _limit)
            {
                _limit = Math.Min(most, _limit + 1);
            }

            _taken--;
        }

        _free.Writer.TryWrite(true);
    }

    private bool IsSoon(string call, double ms)
    {
        var shortest = Math.Min(ms, _shortestMs.GetValueOrDefault(call, double.MaxValue) * Forget);
        _shortestMs[call] = shortest;
        return ms <= Math.Max(Math.Clamp(SoonTimes * shortest, SoonAtLeastMs, SoonAtMostMs), SoonOfSlowTimes * shortest);
    }
}
