using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>Somebody who waits until the log is on the disk up to an offset; numbered in the order of coming.</summary>
internal readonly record struct Waiter(long End, long Number, TaskCompletionSource<ErrorCode> Source);

/// <summary>
/// Who is to be told of one commit. All are told by one piece of pool work, whatever the number of logs and waiters, and
/// what waits for them runs within it: a thread is woken once per commit. The last to come is told first, so that when
/// the oldest request of a connection is answered the answers behind it are ready to go out with it.
/// </summary>
internal sealed class Completions : IThreadPoolWorkItem
{
    private readonly List<(Waiter Waiter, ErrorCode Outcome)> _waiters = [];
    private readonly List<TaskCompletionSource> _readers = [];

    public void Add(Waiter waiter, ErrorCode outcome) => _waiters.Add((waiter, outcome));

    public void AddReaders(List<TaskCompletionSource> readers) => _readers.AddRange(readers);

    /// <summary>Tells all of them, soon and on another thread. Nothing may be added any more.</summary>
    public void Dispatch()
    {
        if (_waiters.Count + _readers.Count > 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        _waiters.Sort((one, other) => other.Waiter.Number.CompareTo(one.Waiter.Number));
        foreach (var (waiter, outcome) in _waiters)
        {
            waiter.Source.TrySetResult(outcome);
        }

        foreach (var reader in _readers)
        {
            reader.TrySetResult();
        }
    }
}
