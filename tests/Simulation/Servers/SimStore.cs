using CardShop.Pipeline;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;

namespace CardShop.Tests.Simulation.Servers;

/// <summary>
/// A simulated PostgreSQL: row locks until the end of a transaction, keys that others hold are passed over, everything of a
/// save in one commit, commits whose outcome the client does not learn, a crash that loses what did not wait for the disk,
/// and a restore of an older state.
/// </summary>
internal sealed class SimStore(Sim sim, StoreFaults faults)
{
    private readonly Dictionary<string, RowLock> _locks = [];
    private readonly List<(long At, Action Undo)> _lazy = [];
    private readonly HashSet<SimTransaction> _open = [];

    public StoreFaults Faults => faults;

    public StoreState State { get; set; } = new();

    public DateTimeOffset StartedAt { get; private set; } = Sim.Epoch;

    /// <summary>Until when nobody reaches it.</summary>
    public long DownUntil { get; set; }

    public bool IsDown => DownUntil > sim.Now;

    /// <summary>Counts the times that it was started: transactions of earlier ones are lost.</summary>
    public int Generation { get; private set; }

    /// <summary>The highest position that was ever committed; a restore does not lower it.</summary>
    public Dictionary<(string Group, Pipeline.Log.PartitionKey Partition), long> MaxProgress { get; } = [];

    /// <summary>Told of each save, with the state before it: for those who keep books of their own.</summary>
    public Action<SaveRequest, StoreState, string>? OnCommit { get; set; }

    /// <summary>When a transaction of a process that had loaded an order was concluded last, in steps.</summary>
    public Dictionary<(int Process, string OrderId), long> Concluded { get; } = [];

    public SimStoreClient Connect(SimProcess process) => new(sim, this, process);

    /// <summary>The server dies and comes back: open transactions are gone, and so is what had not reached the disk.</summary>
    public void Crash(TimeSpan down)
    {
        for (var i = _lazy.Count - 1; i >= 0; i--)
        {
            _lazy[i].Undo();
        }

        _lazy.Clear();
        Restart(down);
        sim.Note("database crashes");
    }

    /// <summary>An older state comes back.</summary>
    public void Restore(StoreState backup, TimeSpan down)
    {
        _lazy.Clear();
        State = backup.Copy();
        Restart(down);
        sim.Note("database restored", $"commit {State.CommitNo}");
    }

    internal void Opened(SimTransaction transaction) => _open.Add(transaction);

    internal void Ended(SimTransaction transaction)
    {
        if (_open.Remove(transaction))
        {
            Unlock(transaction);
        }
    }

    internal void Unlock(SimTransaction transaction)
    {
        foreach (var key in transaction.Held)
        {
            Release(key);
        }

        transaction.Held.Clear();
    }

    internal bool IsHeldByOther(string key, SimTransaction transaction) =>
        _locks.TryGetValue(key, out var held) && held.Owner != transaction;

    internal void Hold(string key, SimTransaction transaction)
    {
        if (transaction.Held.Add(key))
        {
            _locks.Add(key, new(transaction));
        }
    }

    /// <summary>Waits until nobody else holds the row, then holds it.</summary>
    internal async Task LockAsync(string key, SimTransaction transaction)
    {
        while (IsHeldByOther(key, transaction))
        {
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _locks[key].Waiting.Add(turn);
            await turn.Task;
            transaction.RequireOpen();
        }

        Hold(key, transaction);
    }

    /// <summary>What did not wait for the disk is lost by a crash within half a second, unless a commit came after it.</summary>
    internal void Lazy(Action undo)
    {
        _lazy.RemoveAll(l => l.At < sim.Now - (TimeSpan.TicksPerSecond / 2));
        _lazy.Add((sim.Now, undo));
    }

    internal void Flush() => _lazy.Clear();

    private void Restart(TimeSpan down)
    {
        DownUntil = sim.Now + down.Ticks;
        Generation++;
        StartedAt = sim.UtcNow + down;
        foreach (var transaction in _open.ToArray())
        {
            Ended(transaction);
        }
    }

    private void Release(string key)
    {
        if (_locks.Remove(key, out var held))
        {
            foreach (var waiting in held.Waiting)
            {
                waiting.TrySetResult();
            }
        }
    }

    private sealed class RowLock(SimTransaction owner)
    {
        public SimTransaction Owner => owner;

        public List<TaskCompletionSource> Waiting { get; } = [];
    }
}

/// <param name="Latency">The longest way there, and back.</param>
/// <param name="Fails">Of a save that is lost before it is committed.</param>
/// <param name="Unknown">Of a save that is committed, and its client does not learn it.</param>
internal sealed record StoreFaults(TimeSpan Latency, double Fails, double Unknown)
{
    public static readonly StoreFaults None = new(TimeSpan.Zero, 0, 0);
}

/// <summary>What one process has of the database: it ends with the process.</summary>
internal sealed partial class SimStoreClient
{
    private readonly Sim _sim;
    private readonly SimStore _store;
    private readonly SimProcess _process;

    public SimStoreClient(Sim sim, SimStore store, SimProcess process) => (_sim, _store, _process) = (sim, store, process);

    internal Sim Sim => _sim;

    internal SimProcess Process => _process;

    internal async Task TravelAsync()
    {
        if (_store.Faults.Latency > TimeSpan.Zero)
        {
            await _sim.Sleep(_sim.Between(TimeSpan.Zero, _store.Faults.Latency));
        }

        if (_store.IsDown)
        {
            await _sim.Sleep(_sim.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(500)));
            throw new PlaceException("the database is away");
        }
    }

    internal void Require(int generation)
    {
        if (_store.IsDown || _store.Generation != generation)
        {
            throw new PlaceException("the connection to the database was lost");
        }
    }
}
