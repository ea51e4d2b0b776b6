using System.Runtime.CompilerServices;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Recovery;

/// <summary>Reads planned ranges to their ends, a bounded number of records at a time.</summary>
public sealed class RangeSweep(ILogRanges ranges)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <param name="most">Records in memory at once.</param>
    public async IAsyncEnumerable<IReadOnlyList<LogIncoming>> ReadAsync(
        IEnumerable<PlannedRange> planned, int most, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var ends = planned.Where(r => r.Records > 0).ToDictionary(r => r.Partition, r => (r.From, r.End));
        var open = ends.ToDictionary(r => r.Key, r => r.Value.From);
        while (open.Count > 0)
        {
            var records = await ranges.ReadAsync(open, most, Patience, cancellation);
            foreach (var record in records)
            {
                open[record.Partition] = record.Offset + 1;
            }

            var wanted = records.Where(r => r.Offset < ends[r.Partition].End).ToList();
            if (wanted.Count > 0)
            {
                yield return wanted;
            }

            // Of a compacted topic the last offsets may be gone.
            open = records.Count == 0
                ? []
                : open.Where(o => o.Value < ends[o.Key].End).ToDictionary(o => o.Key, o => o.Value);
        }
    }
}
