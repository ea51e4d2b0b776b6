using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Replay;

/// <summary>
/// Long work under the rollback fence: a database server that was started again is compared with the log; one that is
/// older than the log ends the work.
/// </summary>
internal static class FenceWatch
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <exception cref="ShopctlException">The fence is closed.</exception>
    public static async Task<T> RunAsync<T>(
        RollbackFence fence, TimeProvider time, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = work(stop.Token);
        while (!working.IsCompleted)
        {
            await Task.WhenAny(working, Task.Delay(Every, time, CancellationToken.None));
            if (fence.Reason is null || working.IsCompleted)
            {
                continue;
            }

            try
            {
                await fence.CheckAsync(cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                // A server is away: asked again in a second.
            }

            if (fence.IsFenced)
            {
                await stop.CancelAsync();
                await Task.WhenAny(working);
                throw new ShopctlException(
                    ExitCodes.Failed, $"Fenced: {fence.Reason}. Run 'shopctl recover' first; what was committed stays.");
            }
        }

        return await working;
    }
}
