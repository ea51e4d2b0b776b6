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

    public PartitionLog(string directory, TopicConfig config, LogContext context)
    {
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

        foreach (var segment in _segments.Where(s => s.Dirty))
        {
            segment.Sync(); // bytes left by a killed process are in the page cache only
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
    }

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
            if (!sound || (segment.BaseOffset < _nextOffset && segment.BaseOffset != checkpoint?.SegmentBase))
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
            || batch.BaseOffset < _nextOffset)
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
