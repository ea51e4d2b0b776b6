using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace CardShop.Pipeline.Batches;

/// <summary>
/// A queue of messages that is bounded by their number and by their bytes: records of a thousand keys would otherwise take
/// a hundred times the memory of orders. One message is always taken, however large. For one reader.
/// </summary>
public sealed class InputQueue : Channel<Incoming>
{
    private readonly Channel<Incoming> _messages;
    private readonly long _maxBytes;
    private readonly Lock _lock = new();
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;

    public InputQueue(int maxMessages, long maxBytes)
    {
        _messages = Channel.CreateBounded<Incoming>(new BoundedChannelOptions(maxMessages) { SingleReader = true });
        _maxBytes = maxBytes;
        Reader = new Outlet(this);
        Writer = new Inlet(this);
    }

    private bool IsFull => Volatile.Read(ref _bytes) >= _maxBytes;

    /// <summary>Completed when bytes have been read since it was asked for, or there is room already.</summary>
    private Task RoomAsync()
    {
        lock (_lock)
        {
            return IsFull ? _room.Task : Task.CompletedTask;
        }
    }

    private void Count(Incoming message) => Interlocked.Add(ref _bytes, message.Size);

    private void Release(Incoming message)
    {
        TaskCompletionSource? waiting = null;
        lock (_lock)
        {
            var wasFull = IsFull;
            Interlocked.Add(ref _bytes, -message.Size);
            if (wasFull && !IsFull)
            {
                waiting = _room;
                _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        waiting?.SetResult();
    }

    private sealed class Inlet(InputQueue queue) : ChannelWriter<Incoming>
    {
        public override bool TryWrite(Incoming item)
        {
            if (queue.IsFull)
            {
                return false;
            }

            // Before it can be read, or the count would go below what is held.
            queue.Count(item);
            if (queue._messages.Writer.TryWrite(item))
            {
                return true;
            }

            queue.Release(item);
            return false;
        }

        public override async ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default)
        {
            await queue.RoomAsync().WaitAsync(cancellationToken);
            return await queue._messages.Writer.WaitToWriteAsync(cancellationToken);
        }

        public override bool TryComplete(Exception? error = null) => queue._messages.Writer.TryComplete(error);
    }

    private sealed class Outlet(InputQueue queue) : ChannelReader<Incoming>
    {
        public override Task Completion => queue._messages.Reader.Completion;

        public override bool TryRead([MaybeNullWhen(false)] out Incoming item)
        {
            if (!queue._messages.Reader.TryRead(out item))
            {
                return false;
            }

            queue.Release(item);
            return true;
        }

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
            queue._messages.Reader.WaitToReadAsync(cancellationToken);
    }
}
