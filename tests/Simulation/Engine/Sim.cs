namespace CardShop.Tests.Simulation.Engine;

/// <summary>
/// One simulated world's scheduler: everything that is ready to go on stands in one list, and the seed draws which goes
/// next; where nothing is ready, the clock jumps to the next timer. One thread; no state is shared between worlds.
/// </summary>
internal sealed class Sim
{
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<(SimProcess Process, SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly PriorityQueue<SimTimer, (long Due, long Order)> _timers = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<string>? _trace;
    private long _timerOrder;
    private int _crashIn = int.MaxValue;

    public Sim(int seed, bool isTraced)
    {
        Random = new(seed);
        _trace = isTraced ? [] : null;
    }

    /// <summary>The one source of chance: servers, faults, buyers and the order of steps.</summary>
    public Random Random { get; }

    /// <summary>Ticks since <see cref="Epoch"/>.</summary>
    public long Now { get; private set; }

    public DateTimeOffset UtcNow => Epoch.AddTicks(Now);

    public long Steps { get; private set; }

    /// <summary>Over all events and the order of steps: the same for the same seed.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037UL;

    /// <summary>False in the second phase: chance brings no more faults.</summary>
    public bool Faults { get; set; } = true;

    /// <summary>What the checker found first; the run ends with it.</summary>
    public string? Violation { get; private set; }

    public IReadOnlyList<string> Trace => _trace ?? [];

    public bool IsTraced => _trace is not null;

    /// <summary>Called between two steps when the countdown of <see cref="CrashAfter"/> has run out.</summary>
    public Action? Crash { get; set; }

    public void CrashAfter(int steps) => _crashIn = steps;

    public bool Chance(double probability) => Faults && probability > 0 && Random.NextDouble() < probability;

    /// <summary>Something that somebody outside could have seen.</summary>
    /// <param name="more">For people; no part of the hash.</param>
    public void Note(string what, string? about = null, string? more = null)
    {
        Mix(what);
        Mix(about);
        Hash = (Hash ^ (ulong)Now) * 1099511628211UL;
        _trace?.Add($"{TimeSpan.FromTicks(Now):mm\\:ss\\.fff}  {what,-34} {about} {more}".TrimEnd());
    }

    /// <summary>What has happened how often, for those who ask whether worlds are wild enough.</summary>
    public Dictionary<string, int> Marks { get; } = [];

    public void Mark(string what) => Marks[what] = Marks.GetValueOrDefault(what) + 1;

    /// <summary>A line of the trace alone.</summary>
    public void Say(string line) => _trace?.Add($"{TimeSpan.FromTicks(Now):mm\\:ss\\.fff}{line}");

    public void Fail(string violation)
    {
        if (Violation is null)
        {
            Violation = violation;
            Note("VIOLATION", violation);
        }
    }

    public void Post(SimProcess process, SendOrPostCallback callback, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Fail("Something went on outside the scheduler: " + Environment.StackTrace);
            return;
        }

        _ready.Add((process, callback, state));
    }

    public void At(long due, Action act) => Start(new(this, _ => act(), null), due);

    public void After(TimeSpan wait, Action act) => At(Now + wait.Ticks, act);

    internal void Start(SimTimer timer, long due)
    {
        timer.Due = Math.Max(due, Now);
        _timers.Enqueue(timer, (timer.Due, timer.Order = _timerOrder++));
    }

    /// <summary>A wait of a simulated server or of somebody in its world.</summary>
    public Task Sleep(TimeSpan wait)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Start(new(this, _ => ended.SetResult(), null), Now + wait.Ticks);
        return ended.Task;
    }

    public TimeSpan Between(TimeSpan least, TimeSpan most) =>
        TimeSpan.FromTicks(least.Ticks + (long)(Random.NextDouble() * (most - least).Ticks));

    /// <summary>Goes on until it is done, a violation was found, or the time is over. False where it was not done in time.</summary>
    public bool RunUntil(Func<bool> done, long until, long maxSteps)
    {
        var end = Steps + maxSteps;
        while (Violation is null && Now <= until && Steps < end)
        {
            if (_ready.Count > 0)
            {
                Step();
            }
            else if (done())
            {
                return true;
            }
            else if (!Advance())
            {
                return false;
            }
        }

        return Violation is null && done();
    }

    private void Step()
    {
        Steps++;
        if (--_crashIn <= 0)
        {
            _crashIn = int.MaxValue;
            Crash?.Invoke();
            if (_ready.Count == 0)
            {
                return;
            }
        }

        var at = _ready.Count == 1 ? 0 : Random.Next(_ready.Count);
        var (process, callback, state) = _ready[at];
        _ready[at] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        Hash = (Hash ^ (uint)process.Id) * 1099511628211UL;
        if (process.IsDead)
        {
            // A killed process never goes on, not even into its finally blocks.
            return;
        }

        if (process.PausedUntil > Now)
        {
            At(process.PausedUntil, () => _ready.Add((process, callback, state)));
            return;
        }

        SynchronizationContext.SetSynchronizationContext(process);
        callback(state);
        SynchronizationContext.SetSynchronizationContext(null);
    }

    private bool Advance()
    {
        if (!_timers.TryDequeue(out var timer, out var due))
        {
            return false;
        }

        Now = Math.Max(Now, due.Due);
        if (timer.Order == due.Order && timer.Due == due.Due)
        {
            timer.Fire();
        }

        return true;
    }

    private void Mix(string? text)
    {
        foreach (var c in text ?? string.Empty)
        {
            Hash = (Hash ^ c) * 1099511628211UL;
        }
    }
}
