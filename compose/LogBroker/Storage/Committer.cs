using System.Diagnostics.CodeAnalysis;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Puts on the disk what the logs receive. One thread takes all logs that were written to since it last looked, writes
/// what they received into the journal, syncs it once, and tells all who wait; what comes meanwhile gathers for the next
/// time. A log that received much, or whose segments need a sync anyway, is left to the flusher, and so are all while no
/// file of the journal is ready.
/// </summary>
[SuppressMessage("Usage", "CA2213", Justification = "logs may still knock at the queue while they are closed")]
internal sealed class Committer : IDisposable
{
    // A plain monitor: the framework's blocking collection spins before it sleeps, which on two cores costs more than the syncs.
    private readonly object _gate = new();
    private readonly Journal _journal;
    private readonly Flusher _flusher;
    private readonly CommitGroup _group = new();
    private readonly Thread _thread;
    private List<PartitionLog> _waiting = [];
    private List<PartitionLog> _taken = [];
    private long _waiters;
    private bool _stopping;

    /// <param name="journal">Disposed by its owner, after this.</param>
    /// <param name="flusherThreads">How many segments are synced at a time.</param>
    public Committer(Journal journal, int flusherThreads)
    {
        _journal = journal;
        _flusher = new Flusher(flusherThreads);
        _thread = new Thread(Run) { IsBackground = true, Name = "committer" };
        _thread.Start();
    }

    /// <summary>A log with something to put on the disk. It waits once at most, so the list is bounded.</summary>
    public void Enqueue(PartitionLog log)
    {
        lock (_gate)
        {
            // While stopping, the log is flushed once more as it is closed.
            if (!_stopping)
            {
                _waiting.Add(log);
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Numbers those who wait, in the order of coming.</summary>
    public long NextWaiter() => Interlocked.Increment(ref _waiters);

    /// <summary>Ends when everything that waits is done.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        _journal.Stop();
        _thread.Join(TimeSpan.FromSeconds(30));
        _flusher.Dispose();
    }

    private void Run()
    {
        while (TakeAll() is { } logs)
        {
            foreach (var log in logs)
            {
                Commit(log);
            }

            WriteGroup();
            logs.Clear();
        }
    }

    /// <returns>Null when stopping and nothing is left.</returns>
    private List<PartitionLog>? TakeAll()
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_stopping)
                {
                    return null;
                }

                Monitor.Wait(_gate);
            }

            (_waiting, _taken) = (_taken, _waiting);
            return _taken;
        }
    }

    private void Commit(PartitionLog log)
    {
        if (!_journal.Usable || log.TakeRun(CommitGroup.LongestRun) is not { } run)
        {
            _flusher.Enqueue(log.Flush);
            return;
        }

        try
        {
            if (!_group.TryAdd(run))
            {
                WriteGroup();
                _ = _group.TryAdd(run); // no run is longer than an empty group
            }
        }
        catch (IOException)
        {
            run.Segment.Release();
            _flusher.Enqueue(log.Flush); // which says what is wrong with the segment
        }
    }

    private void WriteGroup()
    {
        if (_group.Runs.Count == 0)
        {
            return;
        }

        if (_journal.TryReserve(_group.Length, _flusher.Enqueue))
        {
            WriteToJournal();
        }
        else
        {
            foreach (var run in _group.Runs)
            {
                _flusher.Enqueue(run.Log.Flush);
            }
        }

        _group.Clear();
    }

    private void WriteToJournal()
    {
        try
        {
            _group.Seal(_journal.Epoch);
            _journal.Write(_group.Buffer, _group.Length, _group.Runs.Select(run => run.Log));
        }
        catch (IOException failure)
        {
            foreach (var run in _group.Runs)
            {
                run.Log.GoOffline(failure);
            }

            _journal.Fail(failure, _flusher.Enqueue);
            return;
        }

        // All are published before anybody is told: a reader of many partitions finds all that is new at once.
        var done = new Completions();
        foreach (var run in _group.Runs)
        {
            run.Log.Publish(run.End, run.Segment, run.EndPosition, done);
        }

        done.Dispatch();
        foreach (var run in _group.Runs)
        {
            run.Log.FlushAgainIfWritten();
        }
    }
}
