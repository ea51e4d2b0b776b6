using System.Threading.Channels;

namespace CardShop.Pipeline.Batches;

/// <summary>Cuts a stream of messages into batches.</summary>
public sealed class BatchCollector(BatchOptions options, TimeProvider time)
{
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

            if (!await WaitAsync(input, left, cancellation))
            {
                return batch;
            }
        }
    }

    private async Task<bool> WaitAsync(ChannelReader<Incoming> input, TimeSpan left, CancellationToken cancellation)
    {
        using var aged = new CancellationTokenSource(left, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aged.Token, cancellation);
        try
        {
            return await input.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
