namespace CardShop.LogBroker.Network;

/// <summary>
/// The bytes that requests of all connections may hold at once; who comes when it is spent waits in line.
/// </summary>
internal sealed class MemoryBudget(long limit)
{
    private readonly Lock _gate = new();
    private readonly Queue<(long Bytes, TaskCompletionSource Source)> _waiting = new();
    private long _used;

    public long Used
    {
        get
        {
            lock (_gate)
            {
                return _used;
            }
        }
    }

    /// <summary>
    /// Takes bytes, at most the whole budget. What was taken is given back with <see cref="Release"/>.
    /// </summary>
    public ValueTask Take(long bytes)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 && (_used + bytes <= limit || _used == 0))
            {
                _used += bytes;
                return ValueTask.CompletedTask;
            }

            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((bytes, source));
            return new ValueTask(source.Task);
        }
    }

    public void Release(long bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            while (_waiting.TryPeek(out var next) && (_used + next.Bytes <= limit || _used == 0))
            {
                _waiting.Dequeue();
                _used += next.Bytes;
                next.Source.TrySetResult();
            }
        }
    }
}
