using System.Threading.Channels;

namespace CardShop.Pipeline.Batches;

/// <summary>Cuts a stream of messages into batches.</summary>
public sealed class BatchCollector(BatchOptions options, TimeProvider time)
{
    /// <summary>
    /// A batch that is not full is looked at a few times until it is old enough. Being woken by every message of a stream costs
    /// more than what is done with the message.
    /// </summary>
    private const int Looks = 4;

    /// <summary>A timer of less than this does not wait at all.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private readonly TimeSpan _look = options.MaxAge / Looks;

    /// <summary>
    /// Waits for a first message, then takes more until the batch is full or as old as allowed.
    /// </summary>
    /// <returns>The batch; empty when the input has ended.</returns>
    public async Task<List<Incoming>> NextAsync(ChannelReader<Incoming> input, CancellationToken cancellation)
    {
        var batch = new List<Incoming>();
        if (!await input.WaitToReadAsync(cancellation))
        {
            return batch;
        }

        var started = time.GetTimestamp();
        var bytes = 0;
        while (true)
        {
            while (batch.Count < options.MaxMessages && bytes < options.MaxBytes && input.TryRead(out var message))
            {
                batch.Add(message);
                bytes += message.Size;
            }

            var left = options.MaxAge - time.GetElapsedTime(started);
            if (batch.Count >= options.MaxMessages || bytes >= options.MaxBytes || left <= TimeSpan.Zero)
            {
                return batch;
            }

            if (input.Completion.IsCompleted)
            {
                return batch;
            }

            var wait = left < _look ? left : _look;
            await Task.Delay(wait < Shortest ? Shortest : wait, time, cancellation);
        }
    }
}
