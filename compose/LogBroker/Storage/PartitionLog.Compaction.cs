using System.Globalization;
using System.Text;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// When and over what a compacted topic's log is cleaned. Only closed segments that are on disk are touched.
/// </summary>
internal sealed partial class PartitionLog
{
    /// <summary>Keys of one run; more are left to the next. About 50 MB.</summary>
    private const int MaxKeysPerRun = 1_000_000;

    private const string CompactedToFile = "compacted-to";

    private readonly Lock _maintenanceGate = new();
    private long _compactedTo;
    private long _checkpointedSegment = -1;

    /// <summary>Cleans the log if enough of it is new since the last time.</summary>
    public void Compact(CancellationToken stopping)
    {
        lock (_maintenanceGate)
        {
            if (!Config.Compact || Offline || FindCleanable() is not { } closed)
            {
                return;
            }

            bool Cancelled() => stopping.IsCancellationRequested || Volatile.Read(ref _closed);
            var map = new CompactionMap(MaxKeysPerRun);
            var end = Collect(closed, map, Cancelled);
            var compactor = new Compactor(Directory, map, _compactedTo, Cancelled);
            var horizon = _context.Clock.GetUtcNow() - TimeSpan.FromMilliseconds(Config.DeleteRetentionMs);
            long before = 0, after = 0;
            foreach (var group in Neighbours(closed))
            {
                var size = group.Sum(s => s.Size);
                before += size;
                after += Replace(group, compactor.Rewrite(group, horizon), compactor) ?? size;
                if (Cancelled())
                {
                    return;
                }
            }

            _compactedTo = end;
            AtomicFile.Write(
                Path.Combine(Directory, CompactedToFile),
                Encoding.ASCII.GetBytes(end.ToString(CultureInfo.InvariantCulture)));
            _context.Logger.Compacted(Directory, before, after, end);
        }
    }

    private static long ReadNumber(string path) =>
        File.Exists(path) && long.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    /// <summary>The closed segments, when enough of them is dirty and a start no longer needs to scan them.</summary>
    private List<Segment>? FindCleanable()
    {
        lock (_gate)
        {
            var youngest = _context.Now - Config.MinCompactionLagMs;
            var closed = _segments.TakeWhile(s => s != _segments[^1] && s.BaseOffset < _flushedSegment.BaseOffset
                && (Config.MinCompactionLagMs == 0 || s.Index.MaxTimestamp < youngest)).ToList();
            var total = closed.Sum(s => s.Size);
            var dirty = closed.Where(s => s.BaseOffset >= _compactedTo).Sum(s => s.Size);
            if (dirty == 0 || dirty < Config.MinCleanableDirtyRatio * total)
            {
                return null;
            }

            if (_checkpointedSegment > closed[^1].BaseOffset)
            {
                return closed;
            }

            // The producers of these segments must stand in a checkpoint first: their batches may go.
            _checkpointDue = true;
            RequestFlush();
            return null;
        }
    }

    /// <summary>Reads the keys of what is new; returns the offset up to which they are all known.</summary>
    private long Collect(List<Segment> closed, CompactionMap map, Func<bool> cancelled)
    {
        var end = _compactedTo;
        foreach (var segment in closed.Where(s => s.BaseOffset >= _compactedTo))
        {
            using var scanner = new BatchScanner(segment.File, 0, segment.Size);
            while (!cancelled() && scanner.TryNext(out var batch))
            {
                if (!TryCollect(segment, scanner.Position, batch, map))
                {
                    return end;
                }

                end = batch.NextOffset;
            }
        }

        return end;
    }

    private static bool TryCollect(Segment segment, long position, in RecordBatch batch, CompactionMap map)
    {
        var bytes = new byte[batch.Size];
        if (RandomAccess.Read(segment.File, bytes, position) != bytes.Length)
        {
            throw new IOException($"'{segment.Path}' ends within a batch");
        }

        if (BatchBody.TryOpen(bytes, batch) is not { } body)
        {
            return true;
        }

        var records = new RecordReader(body.Span);
        while (records.TryNext())
        {
            if (records.KeyLength >= 0 && !map.TryAdd(records.Key, batch.BaseOffset + records.OffsetDelta))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Small neighbours become one segment, or a slowly written topic would gather files for ever.</summary>
    private IEnumerable<List<Segment>> Neighbours(List<Segment> closed)
    {
        var group = new List<Segment>();
        foreach (var segment in closed)
        {
            if (group.Count > 0 && group.Sum(s => s.Size) + segment.Size > Config.SegmentBytes)
            {
                yield return group;
                group = [];
            }

            group.Add(segment);
        }

        yield return group;
    }

    /// <summary>
    /// Puts the rewritten segment in the place of those it replaces; its size, or null when there is none.
    /// </summary>
    private long? Replace(List<Segment> group, Segment? rewritten, Compactor compactor)
    {
        if (rewritten is null)
        {
            return null;
        }

        lock (_gate)
        {
            if (_closed)
            {
                rewritten.Release(); // the swap file is finished by the next start
                return null;
            }

            var first = _segments.IndexOf(group[0]);
            _segments = [.. _segments[..first], rewritten, .. _segments[(first + group.Count)..]];
        }

        compactor.Finish(group);
        return rewritten.Size;
    }
}
