namespace CardShop.LogBroker.Storage;

/// <summary>One place of a segment: a batch's base offset, its position, the highest timestamp before it.</summary>
internal readonly record struct IndexEntry(long Offset, long Position, long MaxTimestampBefore);

/// <summary>A sparse index of one segment: one entry for about every 32 KiB, by offset, position and time.</summary>
internal sealed class SegmentIndex
{
    public const int Interval = 32 * 1024;

    private readonly Lock _gate = new();
    private readonly List<IndexEntry> _entries = [];
    private long _maxTimestamp = -1;

    public long MaxTimestamp
    {
        get
        {
            lock (_gate)
            {
                return _maxTimestamp;
            }
        }
    }

    public static SegmentIndex Restore(IEnumerable<IndexEntry> entries, long maxTimestamp)
    {
        var index = new SegmentIndex();
        index._entries.AddRange(entries);
        index._maxTimestamp = maxTimestamp;
        return index;
    }

    /// <summary>Notes a batch; batches come in the order of the file.</summary>
    public void Add(long offset, long position, long maxTimestamp)
    {
        lock (_gate)
        {
            if (_entries.Count == 0 || position - _entries[^1].Position >= Interval)
            {
                _entries.Add(new IndexEntry(offset, position, _maxTimestamp));
            }

            _maxTimestamp = Math.Max(_maxTimestamp, maxTimestamp);
        }
    }

    public (IndexEntry[] Entries, long MaxTimestamp) Snapshot()
    {
        lock (_gate)
        {
            return ([.. _entries], _maxTimestamp);
        }
    }

    /// <summary>The position from which a search for this offset starts.</summary>
    public long PositionOfOffset(long offset) => Last(entry => entry.Offset <= offset);

    /// <summary>The last known batch start at or before this position.</summary>
    public long PositionAtOrBefore(long position) => Last(entry => entry.Position <= position);

    /// <summary>The position from which a search for the first batch at or after this time starts.</summary>
    public long PositionOfTimestamp(long timestamp) => Last(entry => entry.MaxTimestampBefore < timestamp);

    private long Last(Func<IndexEntry, bool> holds)
    {
        lock (_gate)
        {
            int low = 0, high = _entries.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (holds(_entries[middle]))
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            return low == 0 ? 0 : _entries[low - 1].Position;
        }
    }
}
