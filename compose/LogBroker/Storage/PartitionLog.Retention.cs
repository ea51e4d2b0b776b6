using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// How a log's start moves: by request, by age, by size. Only whole closed segments go from the disk.
/// </summary>
internal sealed partial class PartitionLog
{
    /// <summary>How long a silent idempotent producer is remembered.</summary>
    private static readonly TimeSpan ProducerExpiry = TimeSpan.FromDays(7);

    /// <summary>
    /// Makes everything before this offset unreadable, for good; the files go with the next maintenance.
    /// </summary>
    public ErrorCode DeleteRecordsBefore(long offset)
    {
        lock (_gate)
        {
            if (offset < 0 || offset > _highWatermark)
            {
                return ErrorCode.OffsetOutOfRange;
            }

            if (offset <= _logStart)
            {
                return ErrorCode.None;
            }

            try
            {
                WriteLogStart(offset);
                _logStart = offset;
                return ErrorCode.None;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _context.Logger.WriteFailed(Directory, failure.Message);
                return ErrorCode.KafkaStorageError;
            }
        }
    }

    /// <summary>Deletes what the topic's settings no longer keep, and closes a segment that is old enough.</summary>
    public void ApplyRetention()
    {
        lock (_maintenanceGate)
        {
            var now = _context.Now;
            RollIfOld(now);
            foreach (var segment in TakeRetired(now))
            {
                segment.Delete();
                _context.Logger.SegmentRetired(segment.Path, LogStart);
            }

            SaveIndexes();
        }
    }

    private void RollIfOld(long now)
    {
        lock (_gate)
        {
            _producers.Expire(now - (long)ProducerExpiry.TotalMilliseconds);
            if (!_offline && !_closed && MustRoll(_segments[^1], 0, now))
            {
                Roll();
                RequestFlush();
            }
        }
    }

    private void SaveIndexes()
    {
        List<Segment> closed;
        lock (_gate)
        {
            closed = _closed ? [] : [.. _segments.Where(s => s.BaseOffset < _flushedSegment.BaseOffset)];
        }

        closed.ForEach(s => s.SaveIndex());
    }

    /// <summary>Takes out of the log, oldest first, the closed segments that may go.</summary>
    private List<Segment> TakeRetired(long now)
    {
        var retired = new List<Segment>();
        lock (_gate)
        {
            if (_closed)
            {
                return retired;
            }

            var excess = Config is { Delete: true, RetentionBytes: >= 0 }
                ? _segments.Sum(s => s.Size) - Config.RetentionBytes
                : 0;
            for (var i = 0; i < _segments.Count - 1 && _segments[i].BaseOffset < _flushedSegment.BaseOffset; i++)
            {
                var segment = _segments[i];
                var next = _segments[i + 1].BaseOffset;
                if (next > _logStart && !IsTooOld(segment, now) && excess < segment.Size)
                {
                    break;
                }

                excess -= segment.Size;
                _logStart = Math.Max(_logStart, next);
                retired.Add(segment);
            }

            _segments = _segments[retired.Count..];
        }

        return retired;
    }

    private bool IsTooOld(Segment segment, long now) =>
        Config is { Delete: true, RetentionMs: >= 0 } && segment.Index.MaxTimestamp < now - Config.RetentionMs;
}
