using System.Diagnostics.CodeAnalysis;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Syncs the logs that were written to. While one sync of a log runs, further appends gather for the next: one sync
/// serves all that wait. A few threads, since syncs of several files overlap well in the file system's journal.
/// </summary>
[SuppressMessage("Usage", "CA2213", Justification = "logs may still knock at the queue while they are closed")]
internal sealed class Flusher : IDisposable
{
    // A plain monitor: the framework's blocking collection spins before it sleeps, which on two cores costs more than the syncs.
    private readonly Queue<PartitionLog> _queue = new();
    private bool _stopping;
    private readonly List<Thread> _threads = [];

    public Flusher(int threads)
    {
        for (var i = 0; i < threads; i++)
        {
            var thread = new Thread(Run) { IsBackground = true, Name = $"flusher {i}" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    /// <summary>A log with something to sync. It stands in the queue once at most, so the queue is bounded.</summary>
    public void Enqueue(PartitionLog log)
    {
        lock (_queue)
        {
            // While stopping, the log is flushed once more as it is closed.
            if (!_stopping)
            {
                _queue.Enqueue(log);
                Monitor.Pulse(_queue);
            }
        }
    }

    public void Dispose()
    {
        lock (_queue)
        {
            _stopping = true;
            Monitor.PulseAll(_queue);
        }

        foreach (var thread in _threads)
        {
            thread.Join(TimeSpan.FromSeconds(30));
        }
    }

    private void Run()
    {
        while (Next() is { } log)
        {
            log.Flush();
        }
    }

    /// <returns>Null when stopping and nothing is left.</returns>
    private PartitionLog? Next()
    {
        lock (_queue)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return null;
                }

                Monitor.Wait(_queue);
            }

            return _queue.Dequeue();
        }
    }
}
