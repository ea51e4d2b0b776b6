using CardShop.Pipeline.Log;

namespace CardShop.Shop.Replay;

/// <summary>What a replay reads: from each start up to, and without, each end.</summary>
/// <param name="Trimmed">Wanted records that are no longer kept.</param>
/// <param name="Unprocessed">Wanted records that the fleet has not come to yet: they are left to it.</param>
public sealed record ReplayRange(
    IReadOnlyDictionary<PartitionKey, long> Starts, IReadOnlyDictionary<PartitionKey, long> Ends, long Trimmed,
    long Unprocessed)
{
    public long Records => Starts.Sum(s => Ends[s.Key] - s.Value);

    /// <summary>
    /// Only what the fleet has behind it is replayed: records before it would be processed out of their turn.
    /// </summary>
    /// <param name="from">Per partition the first wanted offset.</param>
    /// <param name="to">Per partition the first one that is not wanted.</param>
    /// <param name="bounds">Per partition what the log keeps.</param>
    /// <param name="progress">How far the fleet is; absent = 0.</param>
    public static ReplayRange Of(
        IReadOnlyDictionary<PartitionKey, long> from, IReadOnlyDictionary<PartitionKey, long> to,
        IReadOnlyDictionary<PartitionKey, (long First, long Next)> bounds, IReadOnlyDictionary<PartitionKey, long> progress,
        IReadOnlySet<int> partitions)
    {
        var starts = new SortedDictionary<PartitionKey, long>();
        var ends = new Dictionary<PartitionKey, long>();
        long trimmed = 0, unprocessed = 0;
        foreach (var (partition, (first, next)) in bounds.Where(b => partitions.Contains(b.Key.Partition)))
        {
            var wantedEnd = Math.Min(to[partition], next);
            var wantedStart = Math.Min(from[partition], wantedEnd);
            var start = Math.Clamp(first, wantedStart, wantedEnd);
            var end = Math.Max(start, Math.Min(wantedEnd, progress.GetValueOrDefault(partition)));
            trimmed += start - wantedStart;
            unprocessed += wantedEnd - end;
            if (end > start)
            {
                starts[partition] = start;
                ends[partition] = end;
            }
        }

        return new(starts, ends, trimmed, unprocessed);
    }
}
