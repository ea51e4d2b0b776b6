namespace CardShop.LogBroker.Storage;

/// <summary>What one log has received and not yet put on the disk, all in one segment, held open until released.</summary>
internal readonly record struct Run(PartitionLog Log, Segment Segment, long Start, int Length, long End)
{
    /// <summary>The segment's position behind the run.</summary>
    public long EndPosition => Start + Length;
}

/// <summary>The entries of one write to the journal, as they are gathered from the segments' pages.</summary>
internal sealed class CommitGroup
{
    /// <summary>
    /// A longer run is worth a sync of its own segment: it costs less than to write all of its bytes twice.
    /// </summary>
    public const int LongestRun = 64 * 1024;

    private const int Capacity = 512 * 1024;

    private readonly byte[] _buffer = new byte[Capacity + JournalFile.PageSize];
    private readonly List<Run> _runs = [];

    public IReadOnlyList<Run> Runs => _runs;

    public int Length { get; private set; }

    public Span<byte> Buffer => _buffer;

    /// <summary>Takes a run in; false when it does not fit any more.</summary>
    public bool TryAdd(in Run run)
    {
        var size = JournalEntry.HeaderSize + run.Length;
        if (Length + size > Capacity)
        {
            return false;
        }

        var batches = _buffer.AsSpan(Length + JournalEntry.HeaderSize, run.Length);
        for (var read = 0; read < batches.Length;)
        {
            var got = RandomAccess.Read(run.Segment.File, batches[read..], run.Start + read);
            read += got > 0 ? got : throw new IOException($"'{run.Segment.Path}' became shorter");
        }

        _runs.Add(run);
        Length += size;
        return true;
    }

    /// <summary>Writes the headers of all entries.</summary>
    public void Seal(long epoch)
    {
        var at = 0;
        foreach (var run in _runs)
        {
            var size = JournalEntry.HeaderSize + run.Length;
            JournalEntry.Seal(_buffer.AsSpan(at, size), epoch, run.Log.Id);
            at += size;
        }
    }

    public void Clear()
    {
        foreach (var run in _runs)
        {
            run.Segment.Release();
        }

        _runs.Clear();
        Length = 0;
    }
}
