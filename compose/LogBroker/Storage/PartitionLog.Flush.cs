using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>Putting what was written on the disk, and telling who waits for it.</summary>
internal sealed partial class PartitionLog
{
    /// <summary>Syncs what was written so far; called by the flusher, never twice at a time for one log.</summary>
    public void Flush()
    {
        FlushPoint point;
        lock (_gate)
        {
            if (_offline || _closed)
            {
                return;
            }

            point = CaptureFlushPoint();
        }

        try
        {
            foreach (var segment in point.Dirty)
            {
                _context.Sync(segment);
            }

            if (point.DirectoryDirty)
            {
                NativeFile.SyncDirectory(Directory);
            }
        }
        catch (IOException failure)
        {
            GoOffline(failure);
            return;
        }
        finally
        {
            foreach (var segment in point.Dirty)
            {
                segment.Release();
            }
        }

        Publish(point);
        if (point.Checkpoint is { } checkpoint)
        {
            TryWriteCheckpoint(point, checkpoint);
        }

        FlushAgainIfWritten(point.End);
    }

    private FlushPoint CaptureFlushPoint()
    {
        var dirty = _segments.Where(s => s.Dirty && s.TryAcquire()).ToList();
        foreach (var segment in dirty)
        {
            segment.Dirty = false;
        }

        var active = _segments[^1];
        byte[]? checkpoint = null;
        if (_checkpointDue)
        {
            _checkpointDue = false;
            _bytesSinceCheckpoint = 0;
            checkpoint = Checkpoint.Encode(_nextOffset, active.BaseOffset, active.Size, active.Index, _producers);
        }

        var point = new FlushPoint(dirty, _directoryDirty, _nextOffset, active, active.Size, checkpoint);
        _directoryDirty = false;
        return point;
    }

    /// <summary>Makes what was synced visible, and answers who waits for it.</summary>
    private void Publish(FlushPoint point)
    {
        List<TaskCompletionSource<ErrorCode>> waiting;
        lock (_gate)
        {
            _highWatermark = point.End;
            _flushedSegment = point.Active;
            _flushedPosition = point.Position;
            waiting = DrainWaiters(point.End);
        }

        Complete(waiting, ErrorCode.None);
        WakeReaders();
    }

    private void FlushAgainIfWritten(long flushedEnd)
    {
        lock (_gate)
        {
            _queuedForFlush = false;
            if ((_nextOffset > flushedEnd || _directoryDirty || _checkpointDue) && !_closed)
            {
                RequestFlush();
            }
        }
    }

    /// <summary>
    /// Puts the log into the flusher's queue unless it stands there or is being flushed; under the lock.
    /// </summary>
    private void RequestFlush()
    {
        if (!_queuedForFlush)
        {
            _queuedForFlush = true;
            _context.Flusher.Enqueue(this);
        }
    }

    /// <summary>
    /// After a failed sync nobody knows what is on the disk, and a second sync would claim success for pages the kernel
    /// has dropped. The log takes nothing more until a restart has read what is really there.
    /// </summary>
    private void GoOffline(Exception failure)
    {
        List<TaskCompletionSource<ErrorCode>> waiting;
        lock (_gate)
        {
            _offline = true;
            waiting = DrainWaiters(long.MaxValue);
        }

        _context.Logger.PartitionOffline(Directory, failure.Message);
        Complete(waiting, ErrorCode.KafkaStorageError);
    }

    /// <summary>
    /// Waiters up to this offset. A duplicate may wait behind a later batch, so order is not relied on.
    /// </summary>
    private List<TaskCompletionSource<ErrorCode>> DrainWaiters(long end)
    {
        var done = new List<TaskCompletionSource<ErrorCode>>();
        for (var left = _awaitingFlush.Count; left > 0; left--)
        {
            var waiter = _awaitingFlush.Dequeue();
            if (waiter.End <= end)
            {
                done.Add(waiter.Source);
            }
            else
            {
                _awaitingFlush.Enqueue(waiter);
            }
        }

        return done;
    }

    private void TryWriteCheckpoint(FlushPoint point, byte[] encoded)
    {
        if (Volatile.Read(ref _closed))
        {
            return; // deleted meanwhile: nothing must appear in its directory
        }

        try
        {
            Checkpoint.Write(Directory, point.End, encoded);
            lock (_gate)
            {
                _checkpointedSegment = point.Active.BaseOffset;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _context.Logger.CheckpointFailed(Directory, failure.Message);
        }
    }

    private static void Complete(List<TaskCompletionSource<ErrorCode>> waiting, ErrorCode outcome)
    {
        foreach (var source in waiting)
        {
            source.TrySetResult(outcome);
        }
    }

    private sealed record FlushPoint(
        List<Segment> Dirty, bool DirectoryDirty, long End, Segment Active, long Position, byte[]? Checkpoint);
}
