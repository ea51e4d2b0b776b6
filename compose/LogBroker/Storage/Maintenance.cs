using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// Every few seconds: retention and compaction of every partition. A failure is logged and tried again.
/// </summary>
internal sealed class Maintenance(TopicStore topics, TimeSpan every, ILogger logger)
{
    public async Task Run(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(every);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await Task.Run(() => RunOnce(stopping), CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            // the broker stops
        }
    }

    public void RunOnce(CancellationToken stopping)
    {
        foreach (var log in topics.All.SelectMany(t => t.Partitions))
        {
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            try
            {
                log.ApplyRetention();
                log.Compact(stopping);
            }
            catch (Exception failure) when (
                failure is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                logger.MaintenanceFailed(log.Directory, failure.Message);
            }
        }
    }
}
