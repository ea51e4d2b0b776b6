using CardShop.LogBroker.Protocol;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// The outcome of an append; <see cref="Flushed"/> completes when the batch is on the disk, or could not be put there.
/// </summary>
internal readonly record struct AppendResult(
    ErrorCode Error, long BaseOffset, long AppendTime, long LogStart, Task<ErrorCode> Flushed, string? Message = null)
{
    public static AppendResult Refused(ErrorCode error, string? message = null) =>
        new(error, -1, -1, -1, Task.FromResult(error), message);
}

/// <summary>What all logs of a broker share.</summary>
internal sealed record LogContext(
    TimeProvider Clock, Committer Committer, ILogger Logger, IReadOnlyDictionary<string, string> TopicDefaults)
{
    public long Now => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>How a segment is put on the disk; tests put a failing disk here.</summary>
    public Action<Segment> Sync { get; init; } = segment => segment.Sync();
}

/// <summary>
/// One partition: segments, producers, and the boundary of what is on disk. A batch is written to its segment at once and
/// becomes visible, and acknowledged, when a sync that began after the write has ended: of the journal that all logs
/// share, or of the segment. Appends go on while a sync runs, so one sync serves all that came during the one before it.
/// </summary>
internal sealed partial class PartitionLog : IDisposable
{
    public const int LeaderEpoch = 0;

    /// <summary>An unclean start checks at most about this much per partition.</summary>
    private const long CheckpointEveryBytes = 64L * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Lock _syncGate = new();
    private readonly LogContext _context;
    private readonly Queue<Waiter> _awaitingFlush = new();
    private List<Segment> _segments;
    private ProducerStates _producers;
    private long _nextOffset;
    private long _logStart;
    private long _highWatermark;
    private Segment _flushedSegment;
    private long _flushedPosition;
    private long _bytesSinceCheckpoint;
    private bool _checkpointDue;
    private bool _directoryDirty;
    private bool _queuedForFlush;
    private bool _offline;
    private bool _closed;

    public PartitionId Id { get; }

    public string Directory { get; }

    public TopicConfig Config { get; set; }

    /// <summary>The first offset that may be read.</summary>
    public long LogStart
    {
        get
        {
            lock (_gate)
            {
                return _logStart;
            }
        }
    }

    /// <summary>The offset behind the last record on disk: what consumers may see ends here.</summary>
    public long HighWatermark
    {
        get
        {
            lock (_gate)
            {
                return _highWatermark;
            }
        }
    }

    public long SizeBytes
    {
        get
        {
            lock (_gate)
            {
                return _segments.Sum(s => s.Size);
            }
        }
    }

    public bool Offline => Volatile.Read(ref _offline);

    /// <summary>
    /// Writes a batch that <see cref="BatchValidator"/> has accepted. Its bytes are changed in place: offset, epoch,
    /// and time where the topic asks for the broker's.
    /// </summary>
    public AppendResult Append(Span<byte> bytes, in RecordBatch batch)
    {
        lock (_gate)
        {
            if (_offline || _closed)
            {
                return AppendResult.Refused(ErrorCode.KafkaStorageError);
            }

            var verdict = _producers.Check(batch);
            if (verdict.Error != ErrorCode.None)
            {
                return AppendResult.Refused(verdict.Error);
            }

            if (verdict.Duplicate)
            {
                var end = verdict.BaseOffset + batch.LastOffsetDelta + 1;
                return new AppendResult(
                    ErrorCode.None, verdict.BaseOffset, verdict.Timestamp, _logStart, WhenFlushed(end));
            }

            var now = _context.Now;
            if (!TryWrite(bytes, batch, now, out var appendTime))
            {
                _producers.Failed(batch, now);
                return AppendResult.Refused(ErrorCode.KafkaStorageError, "the record could not be written");
            }

            var baseOffset = _nextOffset;
            _producers.Stored(batch, baseOffset, appendTime, now);
            _nextOffset += batch.LastOffsetDelta + 1;
            NoteForCheckpoint(batch.Size);
            RequestFlush();
            return new AppendResult(ErrorCode.None, baseOffset, appendTime, _logStart, WhenFlushed(_nextOffset));
        }
    }

    /// <summary>
    /// Syncs, writes a checkpoint and closes; the next start has nothing to check. False when not all could be synced.
    /// </summary>
    public bool Close()
    {
        lock (_gate)
        {
            _checkpointDue |= _bytesSinceCheckpoint > 0;
        }

        var settled = Settle();
        Dispose();
        return settled;
    }

    /// <summary>Closes at once. A compaction in progress sees it and gives up.</summary>
    public void Dispose()
    {
        var done = new Completions();
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            Volatile.Write(ref _closed, true);
            DrainWaiters(long.MaxValue, ErrorCode.KafkaStorageError, done);
        }

        TakeReaders(done);
        done.Dispatch();
        lock (_maintenanceGate)
        {
            foreach (var segment in _segments)
            {
                segment.Release();
            }
        }
    }

    private bool TryWrite(Span<byte> bytes, in RecordBatch batch, long now, out long appendTime)
    {
        appendTime = -1;
        var active = _segments[^1];
        try
        {
            if (MustRoll(active, batch.Size, now))
            {
                active = Roll();
            }

            RecordBatch.Place(bytes, _nextOffset, LeaderEpoch);
            if (Config.LogAppendTime)
            {
                appendTime = now;
                RecordBatch.StampLogAppendTime(bytes, now);
            }

            active.Append(bytes, batch, _nextOffset, appendTime >= 0 ? appendTime : batch.MaxTimestamp, now);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _context.Logger.WriteFailed(Directory, failure.Message);
            CutBackOrGoOffline(active);
            return false;
        }
    }

    private void CutBackOrGoOffline(Segment active)
    {
        try
        {
            active.CutBack();
        }
        catch (IOException failure)
        {
            GoOffline(failure); // what waits is told too: no later commit would tell it
        }
    }

    private bool MustRoll(Segment active, int size, long now) =>
        active.Size > 0 && (active.Size + size > Config.SegmentBytes || now - active.FirstAppendAt > Config.SegmentMs);

    private Segment Roll()
    {
        var segment = Segment.Create(Directory, _nextOffset);
        _segments = [.. _segments, segment];
        _directoryDirty = true;
        _checkpointDue = true;
        return segment;
    }

    private void NoteForCheckpoint(int size)
    {
        _bytesSinceCheckpoint += size;
        _checkpointDue |= _bytesSinceCheckpoint >= CheckpointEveryBytes;
    }

    private Task<ErrorCode> WhenFlushed(long end)
    {
        if (end <= _highWatermark)
        {
            return Task.FromResult(ErrorCode.None);
        }

        var source = new TaskCompletionSource<ErrorCode>(); // completed within pool work, never by whoever holds a lock
        _awaitingFlush.Enqueue(new Waiter(end, _context.Committer.NextWaiter(), source));
        return source.Task;
    }
}
