using System.Buffers;
using System.Globalization;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// How a partition starts: finishing what a crash interrupted, checking the tail, cutting what is torn.
/// </summary>
internal sealed partial class PartitionLog
{
    private const string LogStartFile = "log-start-offset";

    /// <summary>
    /// Batches of the journal that fit nowhere in the log. While the file stands the partition stays offline.
    /// </summary>
    private const string UnplacedFile = "journal.unplaced";

    private readonly HashSet<long> _journaled;

    /// <param name="id">What its entries in the journal are known by.</param>
    /// <param name="directory">Its files; made where missing.</param>
    /// <param name="journaled">What an unclean end has left in the journal, in the order of writing.</param>
    public PartitionLog(PartitionId id, string directory, TopicConfig config, LogContext context,
        IReadOnlyList<JournaledBatch> journaled)
    {
        Id = id;
        _journaled = [.. journaled.Select(batch => batch.Header.BaseOffset)];
        Directory = directory;
        Config = config;
        _context = context;
        _producers = new ProducerStates();
        _segments = [];
        var fresh = !System.IO.Directory.Exists(directory);
        System.IO.Directory.CreateDirectory(directory);
        Compactor.FinishInterrupted(directory);
        Recover();
        if (_segments.Count == 0)
        {
            _segments = [Segment.Create(directory, _nextOffset)];
        }

        Replay(journaled);
        foreach (var segment in _segments.Where(s => s.Dirty))
        {
            _context.Sync(segment); // bytes left by a killed process are in the page cache only
            segment.Dirty = false;
        }

        NativeFile.SyncDirectory(directory);
        if (fresh)
        {
            NativeFile.SyncDirectory(Path.GetDirectoryName(directory)!);
        }

        _compactedTo = ReadNumber(Path.Combine(directory, CompactedToFile));
        _logStart = Math.Clamp(ReadNumber(Path.Combine(directory, LogStartFile)), _segments[0].BaseOffset, _nextOffset);
        _highWatermark = _nextOffset;
        _flushedSegment = _segments[^1];
        _flushedPosition = _flushedSegment.Size;
        _directoryDirty = false;
        _journaled.Clear();
        if (File.Exists(Path.Combine(directory, UnplacedFile)))
        {
            _offline = true;
            _context.Logger.PartitionOffline(directory, $"batches of the journal are missing in it, see {UnplacedFile}");
        }
    }

    /// <summary>
    /// Appends what a power loss has taken from the segments and the journal still has. A batch that lies behind the
    /// log's end is evidence that something else was lost: it is put aside, and the partition goes offline.
    /// </summary>
    private void Replay(IReadOnlyList<JournaledBatch> journaled)
    {
        var missing = journaled.SkipWhile(batch => batch.Header.NextOffset <= _nextOffset).ToList();
        for (var i = 0; i < missing.Count; i++)
        {
            var batch = missing[i].Header;
            if (batch.BaseOffset != _nextOffset)
            {
                AtomicFile.Write(
                    Path.Combine(Directory, UnplacedFile), [.. missing.Skip(i).SelectMany(m => m.Bytes.ToArray())]);
                return;
            }

            var now = _context.Now;
            var active = MustRoll(_segments[^1], batch.Size, now) ? Roll() : _segments[^1];
            active.Append(missing[i].Bytes.Span, batch, batch.BaseOffset, batch.MaxTimestamp, now);
            _producers.Stored(batch, batch.BaseOffset, batch.LogAppendTime ? batch.MaxTimestamp : -1, now);
            _nextOffset = batch.NextOffset;
            NoteForCheckpoint(batch.Size);
        }

        if (missing.Count > 0)
        {
            _context.Logger.Replayed(Directory, missing.Count, _nextOffset);
        }
    }

    /// <summary>
    /// True where the log goes on behind an offset that the journal has: those bytes were lost, and what stands behind
    /// them was not acknowledged. (Compaction leaves gaps too, but only before the last checkpoint.)
    /// </summary>
    private bool IsTornBefore(long offset) => offset > _nextOffset && _journaled.Contains(_nextOffset);

    private void Recover()
    {
        var bases = System.IO.Directory.EnumerateFiles(Directory, "*.log")
            .Select(file => long.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture))
            .Order().ToList();
        if (bases.Count == 0)
        {
            return;
        }

        var checkpoint = Checkpoint.Newest(Directory) is { } newest && IsUsable(newest, bases) ? newest : null;
        _nextOffset = checkpoint?.NextOffset ?? bases[0];
        _producers = checkpoint?.Producers ?? new ProducerStates();
        _checkpointedSegment = checkpoint?.SegmentBase ?? -1;
        _segments = [.. bases.Where(b => b < checkpoint?.SegmentBase).Select(b => Segment.Open(Directory, b))];
        CheckSegments([.. bases.Skip(_segments.Count)], checkpoint);
        _checkpointDue = true;
    }

    /// <summary>
    /// Checks segment after segment; what follows a torn one cannot have been acknowledged, and goes.
    /// </summary>
    private void CheckSegments(List<long> bases, Checkpoint? checkpoint)
    {
        var sound = true;
        foreach (var segment in bases.Select(b => Segment.Open(Directory, b)))
        {
            if (!sound || (segment.BaseOffset < _nextOffset && segment.BaseOffset != checkpoint?.SegmentBase)
                || (_segments.Count > 0 && IsTornBefore(segment.BaseOffset)))
            {
                _context.Logger.SegmentDropped(segment.Path, segment.Size);
                segment.Delete();
                sound = false;
                continue;
            }

            sound = CheckSegment(segment, checkpoint?.SegmentBase == segment.BaseOffset ? checkpoint : null);
            _segments.Add(segment);
        }
    }

    private bool IsUsable(Checkpoint checkpoint, List<long> bases) =>
        bases.Contains(checkpoint.SegmentBase)
        && new FileInfo(Segment.PathOf(Directory, checkpoint.SegmentBase)).Length >= checkpoint.Position;

    /// <summary>Checks every batch behind the checkpoint; false when something had to be cut.</summary>
    private bool CheckSegment(Segment segment, Checkpoint? from)
    {
        var index = from?.Index ?? new SegmentIndex();
        var position = from?.Position ?? 0;
        var start = position;
        if (from is null)
        {
            _nextOffset = Math.Max(_nextOffset, segment.BaseOffset);
        }

        segment.UseIndex(index);
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        try
        {
            while (TryCheckBatch(segment, position, ref buffer, out var batch))
            {
                index.Add(batch.BaseOffset, position, batch.MaxTimestamp);
                _producers.Stored(batch, batch.BaseOffset, batch.LogAppendTime ? batch.MaxTimestamp : -1, _context.Now);
                _nextOffset = batch.NextOffset;
                position += batch.Size;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        segment.Dirty = position > start || segment.Size > position;
        _bytesSinceCheckpoint += position - start;
        if (segment.Size == position)
        {
            return true;
        }

        _context.Logger.TailCut(segment.Path, position, segment.Size - position);
        segment.CutTo(position);
        return false;
    }

    private bool TryCheckBatch(Segment segment, long position, ref byte[] buffer, out RecordBatch batch)
    {
        batch = default;
        Span<byte> header = stackalloc byte[RecordBatch.HeaderSize];
        if (segment.Size - position < header.Length
            || RandomAccess.Read(segment.File, header, position) != header.Length
            || !RecordBatch.TryRead(header, out batch) || batch.Size > segment.Size - position
            || batch.BaseOffset < _nextOffset || IsTornBefore(batch.BaseOffset))
        {
            return false;
        }

        if (buffer.Length < batch.Size)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = ArrayPool<byte>.Shared.Rent(batch.Size);
        }

        var bytes = buffer.AsSpan(0, batch.Size);
        for (var read = 0; read < bytes.Length;)
        {
            var got = RandomAccess.Read(segment.File, bytes[read..], position + read);
            if (got == 0)
            {
                return false;
            }

            read += got;
        }

        return RecordBatch.ComputeCrc(bytes) == batch.Crc;
    }

    private void WriteLogStart(long offset) => AtomicFile.Write(
        Path.Combine(Directory, LogStartFile),
        System.Text.Encoding.ASCII.GetBytes(offset.ToString(CultureInfo.InvariantCulture)));
}
