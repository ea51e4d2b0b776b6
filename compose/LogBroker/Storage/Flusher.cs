using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Syncs the logs that were written to. While one sync of a log runs, further appends gather for the next: one sync
/// serves all that wait. A few threads, since syncs of several files overlap well in the file system's journal.
/// </summary>
[SuppressMessage("Usage", "CA2213", Justification = "logs may still knock at the queue while they are closed")]
internal sealed class Flusher : IDisposable
{
    private readonly BlockingCollection<PartitionLog> _queue = [];
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
        try
        {
            _queue.Add(log);
        }
        catch (InvalidOperationException)
        {
            // stopping: the log is flushed once more as it is closed
        }
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (var thread in _threads)
        {
            thread.Join(TimeSpan.FromSeconds(30));
        }
    }

    private void Run()
    {
        foreach (var log in _queue.GetConsumingEnumerable())
        {
            log.Flush();
        }
    }
}
