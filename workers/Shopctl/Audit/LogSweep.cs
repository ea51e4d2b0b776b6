using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Shopctl.Audit;

/// <summary>Reads topics once, from their beginnings to the ends that they have at the start.</summary>
public sealed class LogSweep(ILog log, TimeProvider time)
{
    /// <summary>Silence after which the broker is taken for gone.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private long _seen;

    /// <returns>The ends up to which was read.</returns>
    public async Task<IReadOnlyDictionary<PartitionKey, long>> RunAsync(
        IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, CancellationToken cancellation)
    {
        var ends = await log.EndsAsync(topics, cancellation);
        var unread = ends.Where(e => e.Value > 0).Select(e => e.Key).ToHashSet();
        if (unread.Count == 0)
        {
            return ends;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = log.FollowAsync(
            topics,
            record =>
            {
                Interlocked.Increment(ref _seen);
                if (record.Offset < ends[record.Partition])
                {
                    onRecord(record);
                }

                if (record.Offset + 1 >= ends[record.Partition] && unread.Remove(record.Partition) && unread.Count == 0)
                {
                    stop.Cancel();
                }
            },
            stop.Cancel,
            stop.Token);
        await WatchAsync(reading, stop);
        cancellation.ThrowIfCancellationRequested();
        return ends;
    }

    private async Task WatchAsync(Task reading, CancellationTokenSource stop)
    {
        while (!reading.IsCompleted)
        {
            var before = Interlocked.Read(ref _seen);
            await Task.WhenAny(reading, Task.Delay(Patience, time, stop.Token));
            if (!stop.IsCancellationRequested && !reading.IsCompleted && before == Interlocked.Read(ref _seen))
            {
                await stop.CancelAsync();
                await reading;
                throw new PlaceException("Kafka gave no record for 15 s before the end of its topics was reached");
            }

            if (stop.IsCancellationRequested)
            {
                await reading;
            }
        }

        await reading;
    }
}
