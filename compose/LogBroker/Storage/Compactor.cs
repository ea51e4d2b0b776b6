using System.Globalization;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Rewrites closed segments so that only the last record of each key remains. Offsets do not change. Batches whose
/// codec the framework cannot read (all but none and gzip) are kept as they are.
/// </summary>
internal sealed class Compactor(string directory, CompactionMap map, long tombstonesBelow, Func<bool> cancelled)
{
    private const string CleanedExtension = ".cleaned";
    private const string SwapExtension = ".swap";

    /// <summary>
    /// Removes unfinished files of an earlier run, and puts a finished one in the place of the segments it replaces.
    /// The swap file stands until those are gone, so a crash at any point is finished here.
    /// </summary>
    public static void FinishInterrupted(string directory)
    {
        foreach (var unfinished in Directory.GetFiles(directory, "*" + CleanedExtension))
        {
            File.Delete(unfinished);
        }

        foreach (var swap in Directory.GetFiles(directory, "*" + SwapExtension))
        {
            var first = long.Parse(Path.GetFileNameWithoutExtension(swap), CultureInfo.InvariantCulture);
            var next = EndOf(swap, first);
            foreach (var replaced in Directory.GetFiles(directory, "*.log"))
            {
                var segment = long.Parse(Path.GetFileNameWithoutExtension(replaced), CultureInfo.InvariantCulture);
                if (segment > first && segment < next)
                {
                    File.Delete(replaced);
                }
            }

            File.Move(swap, Segment.PathOf(directory, first), overwrite: true);
            NativeFile.SyncDirectory(directory);
        }
    }

    /// <summary>
    /// Writes the records of these neighbouring segments that are still wanted into one, durable under its swap name;
    /// null when nothing would change.
    /// </summary>
    public Segment? Rewrite(IReadOnlyList<Segment> group, DateTimeOffset tombstoneHorizon)
    {
        var path = Path.ChangeExtension(group[0].Path, CleanedExtension);
        var newest = group.Max(s => File.GetLastWriteTimeUtc(s.Path));
        long size;
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite))
        {
            size = 0;
            foreach (var segment in group)
            {
                var old = File.GetLastWriteTimeUtc(segment.Path) < tombstoneHorizon.UtcDateTime;
                size = Copy(segment, file, size, old);
            }

            if (cancelled() || (group.Count == 1 && size == group[0].Size))
            {
                size = -1;
            }
            else
            {
                NativeFile.Sync(file);
            }
        }

        if (size < 0)
        {
            File.Delete(path);
            return null;
        }

        File.SetLastWriteTimeUtc(path, newest);
        var swap = Path.ChangeExtension(path, SwapExtension);
        File.Move(path, swap);
        NativeFile.SyncDirectory(directory);
        return Segment.OpenAs(swap, directory, group[0].BaseOffset);
    }

    /// <summary>Gives the rewritten segment its name, after the others that it replaces are gone.</summary>
    public void Finish(IReadOnlyList<Segment> group)
    {
        foreach (var replaced in group.Skip(1))
        {
            replaced.Delete();
        }

        File.Delete(group[0].IndexPath);
        File.Move(Path.ChangeExtension(group[0].Path, SwapExtension), group[0].Path, overwrite: true);
        NativeFile.SyncDirectory(directory);
        group[0].Release();
    }

    private static long EndOf(string path, long first)
    {
        using var file = File.OpenHandle(path);
        using var scanner = new BatchScanner(file, 0, RandomAccess.GetLength(file));
        var next = first;
        while (scanner.TryNext(out var batch))
        {
            next = batch.NextOffset;
        }

        return next;
    }

    private long Copy(Segment segment, Microsoft.Win32.SafeHandles.SafeFileHandle to, long position, bool old)
    {
        using var scanner = new BatchScanner(segment.File, 0, segment.Size);
        while (!cancelled() && scanner.TryNext(out var batch))
        {
            var bytes = new byte[batch.Size];
            if (RandomAccess.Read(segment.File, bytes, scanner.Position) != bytes.Length)
            {
                throw new IOException($"'{segment.Path}' ends within a batch");
            }

            if (BatchBody.TryOpen(bytes, batch) is { } body)
            {
                bytes = Filter(bytes, batch, body.Span, old);
            }

            RandomAccess.Write(to, bytes, position);
            position += bytes.Length;
        }

        return position;
    }

    /// <summary>The batch without the records that are not wanted any more; empty when none is left.</summary>
    private byte[] Filter(byte[] bytes, in RecordBatch batch, ReadOnlySpan<byte> body, bool old)
    {
        var kept = new MemoryStream();
        var count = 0;
        var maxTimestamp = -1L;
        var records = new RecordReader(body);
        while (records.TryNext())
        {
            if (IsWanted(records, batch.BaseOffset + records.OffsetDelta, old))
            {
                kept.Write(body.Slice(records.Start, records.Size));
                maxTimestamp = Math.Max(maxTimestamp, batch.BaseTimestamp + records.TimestampDelta);
                count++;
            }
        }

        return count == batch.Count ? bytes
            : count == 0 ? []
            : BatchBody.Rebuild(bytes, batch, kept.ToArray(), count,
                batch.LogAppendTime ? batch.MaxTimestamp : maxTimestamp);
    }

    private bool IsWanted(RecordReader record, long offset, bool old) =>
        record.KeyLength < 0
        || (!map.Supersedes(record.Key, offset) && !(record.ValueLength < 0 && old && offset < tombstonesBelow));
}
