using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Telemetry;

/// <summary>
/// For how long the oldest unprocessed record of each group has been there. Who looks often needs to read nothing: a record
/// beyond the progress was appended between the last look at which the log's end lay at or below that progress and the next
/// one. Where these two lie far apart, or there is no earlier one, the record itself is asked for its time.
/// </summary>
public sealed class QueueAges(ILogRanges log)
{
    /// <summary>Looks remembered per partition.</summary>
    private const int MaxLooks = 1_000;

    /// <summary>Two looks no further apart date what came between them well enough.</summary>
    private static readonly TimeSpan Near = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<PartitionKey, Looks> _looks = [];

    /// <param name="ends">Next offsets of the log.</param>
    /// <param name="watched">A partition is watched for one group.</param>
    /// <param name="progress">Next offsets to process; absent = 0.</param>
    /// <returns>Seconds by group; 0 for a group that has nothing left.</returns>
    public async Task<IReadOnlyDictionary<string, double>> LookAsync(
        DateTimeOffset now, IReadOnlyDictionary<PartitionKey, long> ends, IReadOnlyList<(string Group, PartitionKey Partition)> watched,
        IReadOnlyDictionary<(string Group, PartitionKey Partition), long> progress, CancellationToken cancellation)
    {
        Dictionary<PartitionKey, long> undated;
        lock (_lock)
        {
            foreach (var (partition, end) in ends)
            {
                LooksAt(partition).Add(now, end);
            }

            undated = watched.Where(w => !LooksAt(w.Partition).IsDated(progress.GetValueOrDefault(w)))
                .ToDictionary(w => w.Partition, w => progress.GetValueOrDefault(w));
        }

        var times = await TimesAsync(undated, cancellation);
        lock (_lock)
        {
            foreach (var record in times)
            {
                LooksAt(record.Partition).Told(record.Offset, record.Timestamp);
            }

            return watched.GroupBy(w => w.Group).ToDictionary(
                g => g.Key,
                g => g.Max(w => Math.Max(0, (now - LooksAt(w.Partition).SinceWhen(progress.GetValueOrDefault(w)) ?? default).TotalSeconds)));
        }
    }

    /// <summary>Without an answer the time since the first look is told, which is too little.</summary>
    private async Task<IReadOnlyList<LogIncoming>> TimesAsync(Dictionary<PartitionKey, long> positions, CancellationToken cancellation)
    {
        try
        {
            return positions.Count == 0 ? [] : await log.FirstAsync(positions, Patience, cancellation);
        }
        catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
        {
            return [];
        }
    }

    private Looks LooksAt(PartitionKey partition)
    {
        if (!_looks.TryGetValue(partition, out var looks))
        {
            _looks[partition] = looks = new();
        }

        return looks;
    }

    /// <summary>What one partition's end was, and when: both grow.</summary>
    private sealed class Looks
    {
        private readonly List<(DateTimeOffset First, DateTimeOffset Last, long End)> _all = [];

        public void Add(DateTimeOffset now, long end)
        {
            if (_all.Count > 0 && _all[^1].End > end)
            {
                // The log was made anew.
                _all.Clear();
            }

            // Looks at an unchanged end tell no more than the first and the last of them.
            if (_all.Count > 0 && _all[^1].End == end)
            {
                _all[^1] = _all[^1] with { Last = now };
            }
            else
            {
                _all.Add((now, now, end));
            }

            Bound();
        }

        /// <summary>The record at this offset was appended then: as if somebody had looked just before, and just after.</summary>
        public void Told(long offset, DateTimeOffset at)
        {
            var upper = _all.FindIndex(l => l.End > offset);
            if (upper < 0)
            {
                return;
            }

            var (low, high) = (upper == 0 ? DateTimeOffset.MinValue : _all[upper - 1].Last, _all[upper].First);
            var when = at < low ? low : at > high ? high : at;
            _all.InsertRange(upper, [(when, when, offset), (when, when, offset + 1)]);
            Bound();
        }

        /// <summary>True also where nothing waits.</summary>
        public bool IsDated(long next) =>
            _all.FindIndex(l => l.End > next) is var upper && (upper < 0 || (upper > 0 && _all[upper].First - _all[upper - 1].Last <= Near));

        /// <summary>Since when the record at this offset is there, as far as it is known; null where there is none.</summary>
        public DateTimeOffset? SinceWhen(long next) => _all.FindIndex(l => l.End > next) switch
        {
            < 0 => null,
            var upper when IsDated(next) => _all[upper - 1].Last,
            var upper => _all[upper].First,
        };

        private void Bound() => _all.RemoveRange(0, Math.Max(0, _all.Count - MaxLooks));
    }
}
