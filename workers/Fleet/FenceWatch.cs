using CardShop.Pipeline;
using CardShop.Pipeline.Batches;

namespace CardShop.Fleet;

/// <summary>
/// Keeps a process's rollback fence true: asks the server every second who it is, and compares database and log at the
/// start, when the server was started again, and while the fence is closed.
/// </summary>
/// <param name="opened">
/// Called when the fence has opened: the database may have been recovered to other positions than readers began at, and a
/// reader at the end of its partition meets no gap.
/// </param>
public sealed class FenceWatch(
    RollbackFence fence, Action opened, TimeProvider time, Random random, ILogger<FenceWatch> logger)
{
    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await fence.ProbeAsync(cancellation))
                {
                    backoff.Reset();
                    await WaitAsync(cancellation);
                    continue;
                }

                await fence.CheckAsync(cancellation);
                if (fence.Reason is null)
                {
                    opened();
                    continue;
                }
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                // A fence that was open stays so while the database is away: nobody can work on it anyhow.
                FleetLog.FenceUnchecked(logger, e.Message);
            }

            await backoff.WaitAsync(cancellation);
        }
    }

    /// <summary>A second between probes; at once when a transaction has met another server.</summary>
    private async Task WaitAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < 10 && fence.Reason is null; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellation);
        }
    }
}
