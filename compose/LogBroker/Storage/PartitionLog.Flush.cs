using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>Putting what was written on the disk, and telling who waits for it.</summary>
internal sealed partial class PartitionLog
{
    /// <summary>
    /// What was received since the last commit, for the journal, or null where the segments must be synced instead: for a
    /// long run, after a new segment was begun, and when a checkpoint is due. The caller releases the segment.
    /// </summary>
    public Run? TakeRun(int longest)
    {
        lock (_gate)
        {
            var active = _segments[^1];
            var length = active.Size - _flushedPosition;
            return _offline || _closed || _directoryDirty || _checkpointDue || _nextOffset == _highWatermark
                || active.BaseOffset != _flushedSegment.BaseOffset || length > longest || !active.TryAcquire()
                ? null
                : new Run(this, active, _flushedPosition, (int)length, _nextOffset);
        }
    }

    /// <summary>Syncs the segments and asks for the next commit if more was written meanwhile.</summary>
    public void Flush()
    {
        Settle();
        FlushAgainIfWritten();
    }

    /// <summary>
    /// Syncs everything that was written so far in its segments: afterwards the journal's entries of this log are not
    /// needed. False when that cannot be said.
    /// </summary>
    public bool Settle()
    {
        lock (_syncGate)
        {
            FlushPoint point;
            lock (_gate)
            {
                if (_offline || _closed)
                {
                    return _closed; // what is closed while the broker runs is deleted
                }

                point = CaptureFlushPoint();
            }

            if (!TrySync(point))
            {
                return Volatile.Read(ref _closed); // or its directory was deleted under the sync
            }

            var done = new Completions();
            Publish(point.End, point.Active, point.Position, done);
            done.Dispatch();
            if (point.Checkpoint is { } checkpoint)
            {
                TryWriteCheckpoint(point, checkpoint);
            }

            return true;
        }
    }

    /// <summary>
    /// Makes what is on the disk visible, and notes who is to be told of it. A commit and a sync of the segments may
    /// overlap: the boundary never moves back.
    /// </summary>
    public void Publish(long end, Segment active, long position, Completions done)
    {
        lock (_gate)
        {
            if (_offline)
            {
                return; // everybody has been told of the failure
            }

            if (end >= _highWatermark && active.BaseOffset >= _flushedSegment.BaseOffset)
            {
                _highWatermark = end;
                _flushedSegment = active;
                _flushedPosition = position;
            }

            DrainWaiters(_highWatermark, ErrorCode.None, done);
        }

        TakeReaders(done);
    }

    /// <summary>Ends a commit: what came meanwhile begins the next one.</summary>
    public void FlushAgainIfWritten()
    {
        lock (_gate)
        {
            _queuedForFlush = false;
            if ((_nextOffset > _highWatermark || _directoryDirty || _checkpointDue) && !_closed && !_offline)
            {
                RequestFlush();
            }
        }
    }

    /// <summary>
    /// After a failed sync nobody knows what is on the disk, and a second sync would claim success for pages the kernel
    /// has dropped. The log takes nothing more until a restart has read what is really there.
    /// </summary>
    public void GoOffline(Exception failure)
    {
        var done = new Completions();
        lock (_gate)
        {
            _offline = true;
            DrainWaiters(long.MaxValue, ErrorCode.KafkaStorageError, done);
        }

        _context.Logger.PartitionOffline(Directory, failure.Message);
        done.Dispatch();
    }

    private bool TrySync(FlushPoint point)
    {
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

            return true;
        }
        catch (IOException failure)
        {
            GoOffline(failure);
            return false;
        }
        finally
        {
            foreach (var segment in point.Dirty)
            {
                segment.Release();
            }
        }
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

    /// <summary>
    /// Puts the log before the committer unless it stands there or is being committed; under the lock.
    /// </summary>
    private void RequestFlush()
    {
        if (!_queuedForFlush)
        {
            _queuedForFlush = true;
            _context.Committer.Enqueue(this);
        }
    }

    /// <summary>
    /// Waiters up to this offset; under the lock. A duplicate may wait behind a later batch, so order is not relied on.
    /// </summary>
    private void DrainWaiters(long end, ErrorCode outcome, Completions done)
    {
        for (var left = _awaitingFlush.Count; left > 0; left--)
        {
            var waiter = _awaitingFlush.Dequeue();
            if (waiter.End <= end)
            {
                done.Add(waiter, outcome);
            }
            else
            {
                _awaitingFlush.Enqueue(waiter);
            }
        }
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

    private sealed record FlushPoint(
        List<Segment> Dirty, bool DirectoryDirty, long End, Segment Active, long Position, byte[]? Checkpoint);
}
