using System.Globalization;
using CardShop.LogBroker.Protocol;
using Microsoft.Win32.SafeHandles;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// One file of a partition: `&lt;base offset, 20 digits&gt;.log`. The partition's lock guards its mutable fields; the
/// file stays open until the log and every reader have let go of it, so a slow consumer may finish a deleted segment.
/// </summary>
internal sealed class Segment
{
    private readonly Lock _indexGate = new();
    private readonly SafeFileHandle _file;
    private SegmentIndex? _index;
    private int _references = 1;

    private Segment(string directory, long baseOffset, SafeFileHandle file, long size)
    {
        Path = PathOf(directory, baseOffset);
        BaseOffset = baseOffset;
        _file = file;
        Size = size;
    }

    public string Path { get; }

    public string IndexPath => System.IO.Path.ChangeExtension(Path, ".index");

    public long BaseOffset { get; }

    public SafeFileHandle File => _file;

    public long Size { get; set; }

    /// <summary>True from a write until a sync that began after it.</summary>
    public bool Dirty { get; set; }

    /// <summary>Unix milliseconds of the first append; zero for an empty file.</summary>
    public long FirstAppendAt { get; set; }

    public static string PathOf(string directory, long baseOffset) =>
        System.IO.Path.Combine(directory, baseOffset.ToString("D20", CultureInfo.InvariantCulture) + ".log");

    public static Segment Create(string directory, long baseOffset)
    {
        var file = System.IO.File.OpenHandle(
            PathOf(directory, baseOffset), FileMode.Create, FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete);
        return new Segment(directory, baseOffset, file, 0) { _index = new SegmentIndex() };
    }

    public static Segment Open(string directory, long baseOffset, SegmentIndex? index = null)
    {
        var path = PathOf(directory, baseOffset);
        var file = System.IO.File.OpenHandle(
            path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var segment = new Segment(directory, baseOffset, file, RandomAccess.GetLength(file)) { _index = index };
        if (segment.Size > 0)
        {
            segment.FirstAppendAt = new DateTimeOffset(System.IO.File.GetCreationTimeUtc(path))
                .ToUnixTimeMilliseconds();
        }

        return segment;
    }

    /// <summary>Opens a file that will be given the segment's name later; readers do not notice.</summary>
    public static Segment OpenAs(string path, string directory, long baseOffset)
    {
        var file = System.IO.File.OpenHandle(
            path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        return new Segment(directory, baseOffset, file, RandomAccess.GetLength(file));
    }

    /// <summary>The index; that of a closed segment is read or rebuilt at first use.</summary>
    public SegmentIndex Index
    {
        get
        {
            if (_index is { } ready)
            {
                return ready;
            }

            lock (_indexGate)
            {
                return _index ??= IndexFile.TryRead(IndexPath, Size) ?? Scan();
            }
        }
    }

    /// <summary>Saves the index of a closed segment if that has not been done; it only spares a scan later.</summary>
    public void SaveIndex()
    {
        if (_index is { } index && !System.IO.File.Exists(IndexPath))
        {
            System.IO.File.WriteAllBytes(IndexPath, IndexFile.Encode(index, Size));
        }
    }

    /// <summary>Takes an index built by recovery, which has read the whole file anyway.</summary>
    public void UseIndex(SegmentIndex index) => _index = index;

    public void Append(ReadOnlySpan<byte> bytes, in RecordBatch batch, long baseOffset, long maxTimestamp, long now)
    {
        RandomAccess.Write(_file, bytes, Size);
        Index.Add(baseOffset, Size, maxTimestamp);
        Size += batch.Size;
        Dirty = true;
        if (FirstAppendAt == 0)
        {
            FirstAppendAt = now;
        }
    }

    /// <summary>Cuts what a failed write may have left behind the last whole batch.</summary>
    public void CutBack() => RandomAccess.SetLength(_file, Size);

    public void CutTo(long size)
    {
        RandomAccess.SetLength(_file, size);
        Size = size;
    }

    public void Sync() => NativeFile.Sync(_file);

    /// <summary>Holds the file open for a reader; false when it is closed already.</summary>
    public bool TryAcquire()
    {
        for (var seen = Volatile.Read(ref _references); seen > 0; seen = Volatile.Read(ref _references))
        {
            if (Interlocked.CompareExchange(ref _references, seen + 1, seen) == seen)
            {
                return true;
            }
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            _file.Dispose();
        }
    }

    /// <summary>Removes the files; readers that hold the segment still see its bytes.</summary>
    public void Delete()
    {
        System.IO.File.Delete(Path);
        System.IO.File.Delete(IndexPath);
        Release();
    }

    private SegmentIndex Scan()
    {
        var index = new SegmentIndex();
        using var scanner = new BatchScanner(_file, 0, Size);
        while (scanner.TryNext(out var batch))
        {
            index.Add(batch.BaseOffset, scanner.Position, batch.MaxTimestamp);
        }

        return index;
    }
}
