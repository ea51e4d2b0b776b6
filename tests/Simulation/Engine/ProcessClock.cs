namespace CardShop.Tests.Simulation.Engine;

/// <summary>A process's clock: its timers run in the world's time, its wall clock may be wrong.</summary>
internal sealed class ProcessClock(Sim sim) : TimeProvider
{
    public TimeSpan Skew { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => sim.UtcNow + (sim.Faults ? Skew : TimeSpan.Zero);

    public override long GetTimestamp() => sim.Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero)
        {
            throw new NotSupportedException("No loop uses a periodic timer.");
        }

        var timer = new SimTimer(sim, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>A timer of the world; changed or disposed of, what stands in the queue for it is void.</summary>
internal sealed class SimTimer(Sim sim, TimerCallback callback, object? state) : ITimer
{
    public long Due { get; set; }

    public long Order { get; set; }

    public void Fire() => callback(state);

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Order = -1;
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            sim.Start(this, sim.Now + dueTime.Ticks);
        }

        return true;
    }

    public void Dispose() => Order = -1;

    public ValueTask DisposeAsync()
    {
        Order = -1;
        return ValueTask.CompletedTask;
    }
}
