namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// The clock of the time limits of calls. A timer that fires late tells of this process, not of the provider: it was stopped (a
/// virtual machine that was moved, SIGSTOP) or had no processor, and what the provider answered lies unread. Such a timer runs
/// once more. Otherwise one pause of a fleet would open every breaker, and buyers would be refused for a provider that is well.
/// </summary>
internal sealed class LenientTime(TimeProvider time) : TimeProvider
{
    /// <summary>Above what a busy scheduler takes, below what any call may take.</summary>
    internal static readonly TimeSpan Late = TimeSpan.FromMilliseconds(250);

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

    public override long GetTimestamp() => time.GetTimestamp();

    /// <summary>Its timers fire once, as those of time limits do.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new LenientTimer(time, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class LenientTimer : ITimer
    {
        private readonly TimeProvider _time;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private readonly ITimer _inner;
        private TimeSpan _due;
        private long _set;
        private bool _isRepeated;

        public LenientTimer(TimeProvider time, TimerCallback callback, object? state)
        {
            (_time, _callback, _state) = (time, callback, state);
            _inner = time.CreateTimer(static t => ((LenientTimer)t!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            (_due, _set, _isRepeated) = (dueTime, _time.GetTimestamp(), false);
            return _inner.Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public void Dispose() => _inner.Dispose();

        public ValueTask DisposeAsync() => _inner.DisposeAsync();

        private void Fire()
        {
            if (!_isRepeated && _time.GetElapsedTime(_set) > _due + Late)
            {
                _isRepeated = true;
                _inner.Change(_due, Timeout.InfiniteTimeSpan);
                return;
            }

            _callback(_state);
        }
    }
}
