using CardShop.Pipeline.Log;

namespace CardShop.Shop.Telemetry;

/// <summary>
/// For how long the oldest unprocessed record of each group has been there, without reading it: a record beyond the progress
/// was appended after the last look at which the log's end lay at or below that progress. Right to within the time
/// between two looks; a new watcher counts from its first look. Pure but for what it remembers.
/// </summary>
public sealed class QueueAges
{
    /// <summary>Looks remembered per partition; of an older queue this much age is told.</summary>
    private const int MaxLooks = 1_000;

    private readonly Dictionary<PartitionKey, LinkedList<(DateTimeOffset First, DateTimeOffset Last, long End)>> _looks = [];

    /// <param name="ends">Next offsets of the log.</param>
    /// <param name="progress">Next offsets to process; absent = 0.</param>
    /// <returns>Seconds by group; 0 for a group that has nothing left.</returns>
    public IReadOnlyDictionary<string, double> Look(
        DateTimeOffset now, IReadOnlyDictionary<PartitionKey, long> ends, IReadOnlyList<(string Group, PartitionKey Partition)> watched,
        IReadOnlyDictionary<(string Group, PartitionKey Partition), long> progress)
    {
        foreach (var (partition, end) in ends)
        {
            if (!_looks.TryGetValue(partition, out var looks))
            {
                _looks[partition] = looks = new();
            }

            // Looks at an unchanged end tell no more than the first and the last of them.
            var first = now;
            if (looks.Last is { Value: var last } && last.End == end)
            {
                first = last.First;
                looks.RemoveLast();
            }

            looks.AddLast((first, now, end));
            if (looks.Count > MaxLooks)
            {
                looks.RemoveFirst();
            }
        }

        return watched.GroupBy(w => w.Group).ToDictionary(
            g => g.Key, g => g.Max(w => AgeOf(now, w.Partition, progress.GetValueOrDefault(w))));
    }

    private double AgeOf(DateTimeOffset now, PartitionKey partition, long next)
    {
        if (!_looks.TryGetValue(partition, out var looks) || looks.Last!.Value.End <= next)
        {
            return 0;
        }

        var since = looks.First!.Value.First;
        foreach (var (_, at, end) in looks)
        {
            if (end > next)
            {
                break;
            }

            since = at;
        }

        return Math.Max(0, (now - since).TotalSeconds);
    }
}
