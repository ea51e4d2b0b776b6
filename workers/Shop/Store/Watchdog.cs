using System.Threading.Channels;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Store;

/// <summary>A saga that is due.</summary>
public readonly record struct DueSaga(string Id, DateTimeOffset Due);

/// <summary>
/// Sagas of a lane that are due, by due time and id, after <paramref name="after"/> where one is given.
/// </summary>
public delegate Task<IReadOnlyList<DueSaga>> ScanDue(
    string lane, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation);

/// <summary>
/// Business time-outs are due times in documents, found by this scan; they survive the loss of RabbitMQ.
/// Every saga found goes through the fleet's batch like any message. A scan goes on where the last one stopped, so a
/// saga is read once for each time it is due, however many are; every ten seconds it starts from the oldest again, for
/// what came to be due behind it. A lane takes no more than its rate allows, oldest first; the rest stays due.
/// </summary>
/// <param name="lanes">What is scanned separately: one that is far behind holds up no other.</param>
/// <param name="toMessage">The message that says so.</param>
public sealed class Watchdog(
    string name, IReadOnlyList<DueLane> lanes, ScanDue scan, Func<string, object> toMessage, RollbackFence fence,
    ChannelWriter<Incoming> output, TimeProvider time, Random random, ILogger<Watchdog> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (fence.Reason is null)
                {
                    await ScanAsync(cancellation);
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

    /// <summary>One round of all lanes.</summary>
    public async Task ScanAsync(CancellationToken cancellation)
    {
        foreach (var lane in lanes)
        {
            var now = time.GetUtcNow();
            var limit = lane.Limit(now);
            if (limit == 0)
            {
                continue;
            }

            var due = await scan(lane.Name, now, lane.After(now), limit, cancellation);
            foreach (var saga in due)
            {
                await output.WriteAsync(new DueIncoming(toMessage(saga.Id)), cancellation);
                lane.Taken(saga);
            }
        }
    }
}
