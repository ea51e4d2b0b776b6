using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Replay;

/// <summary>How far a pass is.</summary>
/// <param name="Records">Behind it, of the whole range; those of earlier runs included.</param>
/// <param name="Now">Behind it in this run.</param>
public readonly record struct ReplayStep(long Records, long Now);

/// <summary>
/// One pass over a range: reads a part, has it processed batch by batch at the pace that is allowed, and goes on from the
/// positions that the batches' transactions have moved. Stopped or killed, the next run goes on from there.
/// </summary>
/// <param name="room">Waits until those who get what this sends have room for more.</param>
/// <param name="hint">Told the positions after each part.</param>
public sealed class Replayer(
    ILogRanges log, IReplayPositions positions, BatchLoop loop, ReplayTally tally, ReplayPace pace,
    Func<CancellationToken, Task> room, Func<IReadOnlyDictionary<PartitionKey, long>, Task> hint, TimeProvider time, Random random)
{
    /// <summary>Of one batch: what a fleet takes.</summary>
    private const int MaxBytes = 4 * 1024 * 1024;
    private const int MaxMessages = 500;
    private const int MaxTries = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="stop">Asks for an end after the batch in hand.</param>
    /// <param name="cancellation">Gives up the batch in hand; what was committed stays.</param>
    /// <returns>True where the range is behind it; false where it was stopped.</returns>
    /// <exception cref="PlaceException">Kafka could not be read, again and again.</exception>
    public async Task<bool> RunAsync(
        ReplayJob job, Action<ReplayStep> told, CancellationToken stop, CancellationToken cancellation)
    {
        var now = 0L;
        var counted = tally.Counted;
        while (!stop.IsCancellationRequested)
        {
            var next = await positions.ReadAsync(cancellation);
            var open = job.Ends.Where(e => next.GetValueOrDefault(e.Key) < e.Value)
                .ToDictionary(e => e.Key, e => next.GetValueOrDefault(e.Key));
            var before = job.DoneAt(next);
            told(new(before, now));
            if (open.Count == 0)
            {
                return true;
            }

            var part = (await ReadAsync(open, job.Topic.MostAtOnce, cancellation))
                .Where(r => r.Offset < job.Ends[r.Partition]).ToList();
            var inPart = 0;
            foreach (var batch in BatchesOf(part))
            {
                if (stop.IsCancellationRequested)
                {
                    return false;
                }

                await room(cancellation);
                await pace.WaitAsync(batch.Count, cancellation);
                await loop.ProcessAsync(batch, cancellation);
                if (batch.Exists(m => m is LogIncoming { Unprocessed: true }))
                {
                    // Somebody else moved its positions: they are read anew.
                    break;
                }

                inPart += batch.Count;
                now += batch.Count;
                if (tally.Counted != counted)
                {
                    counted = tally.Counted;
                    await positions.NoteAsync(tally.Report, cancellation);
                }

                told(new(before + inPart, now));
            }

            await hint(await positions.ReadAsync(cancellation));
        }

        return false;
    }

    /// <summary>A part of the range; never empty.</summary>
    private async Task<IReadOnlyList<LogIncoming>> ReadAsync(
        Dictionary<PartitionKey, long> open, int most, CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));
        while (true)
        {
            try
            {
                var part = await log.ReadAsync(open, most, Patience, cancellation);
                return part.Count > 0 ? part : throw new PlaceException("Kafka gave no record of a range that it has");
            }
            catch (Exception e) when (
                Failures.IsPlace(e) && backoff.Failures < MaxTries && !cancellation.IsCancellationRequested)
            {
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private static IEnumerable<List<Incoming>> BatchesOf(List<LogIncoming> part)
    {
        var batch = new List<Incoming>();
        var bytes = 0;
        foreach (var record in part)
        {
            batch.Add(record);
            bytes += record.Size;
            if (batch.Count >= MaxMessages || bytes >= MaxBytes)
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
