using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Store;

/// <summary>A record that does not follow what was processed before it.</summary>
public readonly record struct Gap(LogIncoming Record, long Expected);

/// <param name="Messages">Those that are to be processed, in arrival order.</param>
/// <param name="Moves">Where their partitions go.</param>
/// <param name="Gaps">The first record of each partition that left something out; nothing behind it is processed.</param>
public sealed record FreshMessages(
    IReadOnlyList<Incoming> Messages, IReadOnlyList<ProgressMove> Moves, IReadOnlyList<Gap> Gaps);

/// <summary>
/// Passes over records that are processed already, and everything behind a gap. Our topics have no holes, so a gap
/// means that this process read on from a wrong position.
/// </summary>
public sealed class PositionFilter(IReadOnlyDictionary<PartitionKey, long> progress)
{
    public FreshMessages Take(IReadOnlyList<Incoming> batch)
    {
        var next = new Dictionary<PartitionKey, long>();
        var gaps = new Dictionary<PartitionKey, Gap>();
        var fresh = new List<Incoming>(batch.Count);
        foreach (var message in batch)
        {
            if (message is not LogIncoming record)
            {
                fresh.Add(message);
                continue;
            }

            var expected = next.TryGetValue(record.Partition, out var n) ? n : progress.GetValueOrDefault(record.Partition);
            if (record.Offset > expected)
            {
                gaps.TryAdd(record.Partition, new(record, expected));
            }
            else if (record.Offset == expected)
            {
                next[record.Partition] = expected + 1;
                fresh.Add(record);
            }
        }

        return new(
            fresh,
            [.. next.OrderBy(p => p.Key).Select(p => new ProgressMove(p.Key, progress.GetValueOrDefault(p.Key), p.Value))],
            [.. gaps.Values]);
    }
}
