using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>What a fetch of one partition found.</summary>
internal readonly record struct ReadResult(ErrorCode Error, FileRegion? Region, long HighWatermark, long LogStart)
{
    public int Length => Region?.Length ?? 0;
}

/// <summary>A record found by time.</summary>
internal readonly record struct TimestampedOffset(long Offset, long Timestamp);

/// <summary>Reading: regions of segment files by offset, and offsets by time. Only what is on disk is seen.</summary>
internal sealed partial class PartitionLog
{
    private readonly Lock _readersGate = new();
    private List<TaskCompletionSource>? _readers;

    /// <summary>
    /// Whole batches from this offset on, up to a number of bytes; the first one even beyond it where asked, so that a
    /// consumer with small limits still gets on.
    /// </summary>
    public ReadResult Read(long offset, int maxBytes, bool atLeastOneBatch)
    {
        try
        {
            return Find(offset, maxBytes, atLeastOneBatch);
        }
        catch (IOException failure)
        {
            _context.Logger.ReadFailed(Directory, failure.Message);
            return new ReadResult(ErrorCode.KafkaStorageError, null, HighWatermark, LogStart);
        }
    }

    private ReadResult Find(long offset, int maxBytes, bool atLeastOneBatch)
    {
        while (true)
        {
            Segment? segment;
            long limit, highWatermark, logStart, nextBase;
            lock (_gate)
            {
                (highWatermark, logStart) = (_highWatermark, _logStart);
                if (offset < logStart || offset > _nextOffset)
                {
                    return new ReadResult(ErrorCode.OffsetOutOfRange, null, highWatermark, logStart);
                }

                (segment, limit, nextBase) = offset >= highWatermark || _closed ? (null, 0, 0) : Locate(offset);
                if (segment is null || !segment.TryAcquire())
                {
                    return new ReadResult(ErrorCode.None, null, highWatermark, logStart);
                }
            }

            if (TryRegion(segment, offset, limit, maxBytes, atLeastOneBatch, out var region))
            {
                return new ReadResult(ErrorCode.None, region, highWatermark, logStart);
            }

            offset = nextBase; // compaction left nothing at the end of this segment
            if (nextBase == long.MaxValue)
            {
                return new ReadResult(ErrorCode.None, null, highWatermark, logStart);
            }
        }
    }

    /// <summary>
    /// The first record at or after this time, or null. In compressed batches: the batch's first offset.
    /// </summary>
    public TimestampedOffset? FindByTimestamp(long timestamp)
    {
        foreach (var (segment, limit) in AcquireVisible())
        {
            try
            {
                if (segment.Index.MaxTimestamp >= timestamp
                    && TimestampSearch.First(segment, limit, timestamp, LogStart) is { } found)
                {
                    return found;
                }
            }
            finally
            {
                segment.Release();
            }
        }

        return null;
    }

    /// <summary>The record with the highest timestamp, or null for an empty log.</summary>
    public TimestampedOffset? FindMaxTimestamp()
    {
        var highest = AcquireVisible().Select(
            visible =>
            {
                var timestamp = visible.Segment.Index.MaxTimestamp;
                visible.Segment.Release();
                return timestamp;
            }).DefaultIfEmpty(-1).Max();
        return highest < 0 ? null : FindByTimestamp(highest);
    }

    /// <summary>Asks to be woken when the high watermark moves.</summary>
    public void AddReader(TaskCompletionSource reader)
    {
        lock (_readersGate)
        {
            (_readers ??= []).Add(reader);
        }
    }

    public void RemoveReader(TaskCompletionSource reader)
    {
        lock (_readersGate)
        {
            _readers?.Remove(reader);
        }
    }

    private void TakeReaders(Completions done)
    {
        List<TaskCompletionSource>? readers;
        lock (_readersGate)
        {
            (readers, _readers) = (_readers, null);
        }

        done.AddReaders(readers ?? []);
    }

    /// <summary>The segment that holds an offset, how far it may be read, and the base of the next one.</summary>
    private (Segment? Segment, long Limit, long NextBase) Locate(long offset)
    {
        int low = 0, high = _segments.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _segments[middle].BaseOffset <= offset ? (middle, high) : (low, middle - 1);
        }

        var segment = _segments[low];
        var nextBase = low + 1 < _segments.Count ? _segments[low + 1].BaseOffset : long.MaxValue;
        return (segment, VisibleSize(segment), nextBase);
    }

    private long VisibleSize(Segment segment) =>
        segment.BaseOffset < _flushedSegment.BaseOffset ? segment.Size
        : segment.BaseOffset == _flushedSegment.BaseOffset ? _flushedPosition
        : 0;

    private List<(Segment Segment, long Limit)> AcquireVisible()
    {
        lock (_gate)
        {
            return _segments.Select(s => (Segment: s, Limit: VisibleSize(s)))
                .Where(s => s.Limit > 0 && s.Segment.TryAcquire()).ToList();
        }
    }

    private static bool TryRegion(
        Segment segment, long offset, long limit, int maxBytes, bool atLeastOneBatch, out FileRegion? region)
    {
        region = null;
        var taken = false;
        try
        {
            using var scanner = new BatchScanner(segment.File, segment.Index.PositionOfOffset(offset), limit);
            RecordBatch batch;
            do
            {
                if (!scanner.TryNext(out batch))
                {
                    return false;
                }
            }
            while (batch.LastOffset < offset);

            var start = scanner.Position;
            var end = EndOfRegion(segment, start, limit, maxBytes);
            if (end == start && atLeastOneBatch)
            {
                end = start + batch.Size;
            }

            if (end > start)
            {
                region = new FileRegion(segment, start, (int)(end - start));
                taken = true;
            }

            return true;
        }
        finally
        {
            if (!taken)
            {
                segment.Release();
            }
        }
    }

    /// <summary>The end of the last whole batch within the limit, found from the nearest index entry.</summary>
    private static long EndOfRegion(Segment segment, long start, long limit, int maxBytes)
    {
        if (limit - start <= maxBytes)
        {
            return limit;
        }

        var end = Math.Max(start, segment.Index.PositionAtOrBefore(start + maxBytes));
        using var scanner = new BatchScanner(segment.File, end, limit);
        while (scanner.TryNext(out _) && scanner.NextPosition <= start + maxBytes)
        {
            end = scanner.NextPosition;
        }

        return end;
    }
}
