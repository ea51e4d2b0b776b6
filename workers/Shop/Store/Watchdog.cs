using System.Threading.Channels;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Store;

/// <summary>
/// Business time-outs are due times in documents, found by this scan; they survive the loss of RabbitMQ.
/// Every saga found goes through the fleet's batch like any message.
/// </summary>
/// <param name="scan">Ids that are due, oldest first.</param>
/// <param name="toMessage">The message that says so.</param>
public sealed class Watchdog(
    string name, Func<DateTimeOffset, int, CancellationToken, Task<IReadOnlyList<string>>> scan,
    Func<string, object> toMessage, RollbackFence fence, ChannelWriter<Incoming> output, TimeProvider time, Random random,
    ILogger<Watchdog> logger)
{
    private const int Limit = 500;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        var last = new HashSet<string>();
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (fence.Reason is null)
                {
                    last = await ScanAsync(last, cancellation);
                }

                backoff.Reset();
                await Task.Delay(Every, time, cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.ScanFailed(logger, name, e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    /// <summary>What the last scan found may still be waiting in the fleet: it is passed over once.</summary>
    private async Task<HashSet<string>> ScanAsync(HashSet<string> last, CancellationToken cancellation)
    {
        var due = await scan(time.GetUtcNow(), Limit, cancellation);
        var sent = new HashSet<string>();
        foreach (var id in due)
        {
            if (!last.Contains(id))
            {
                await output.WriteAsync(new DueIncoming(toMessage(id)), cancellation);
                sent.Add(id);
            }
        }

        return sent;
    }
}
