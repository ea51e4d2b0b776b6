using System.Diagnostics.CodeAnalysis;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Syncs segments, by a few threads: syncs of several files overlap well in the file system's journal. It does the work
/// beside the commits too, such as preparing and leaving files of the broker's journal.
/// </summary>
[SuppressMessage("Usage", "CA2213", Justification = "logs may still knock at the queue while they are closed")]
internal sealed class Flusher : IDisposable
{
    // A plain monitor: the framework's blocking collection spins before it sleeps, which on two cores costs more than the syncs.
    private readonly Queue<Action> _queue = new();
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

    /// <summary>
    /// Work that handles its own failures. Every log stands in the queue once at most, and so does every file of the
    /// journal: the queue is bounded.
    /// </summary>
    public void Enqueue(Action work)
    {
        lock (_queue)
        {
            // While stopping, the log is flushed once more as it is closed.
            if (!_stopping)
            {
                _queue.Enqueue(work);
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
        while (Next() is { } work)
        {
            work();
        }
    }

    /// <returns>Null when stopping and nothing is left.</returns>
    private Action? Next()
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
