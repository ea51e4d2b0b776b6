using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Documents;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CardShop.Shop.Housekeeping;

/// <summary>
/// Housekeeping in a fleet: a slow tick, a round each, by the one process that holds the lock. While a round leaves work the
/// next follows soon, so that a backlog goes in the background and never in one go.
/// </summary>
public sealed class HousekeepingLoop(
    Housekeeper housekeeper, NpgsqlDataSource database, RollbackFence fence, HousekeepingOptions options, TimeProvider time,
    Random random, ILogger<HousekeepingLoop> logger)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (options.Every == TimeSpan.Zero)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
        }

        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5));
        // A shop that has just started has better things to do.
        await Task.Delay(Soon, time, cancellation);
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var isOver = fence.Reason is not null || await RoundAsync(cancellation);
                backoff.Reset();
                await Task.Delay(isOver ? options.Every : TimeSpan.FromTicks(Math.Min(Soon.Ticks, options.Every.Ticks)), time, cancellation);
            }
            catch (Exception e) when ((Failures.IsPlace(e) || e is InvalidDataException or InvalidOperationException or UnauthorizedAccessException)
                && !cancellation.IsCancellationRequested)
            {
                ShopLog.HousekeepingFailed(logger, e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private async Task<bool> RoundAsync(CancellationToken cancellation)
    {
        await using var held = await AdvisoryLock.TryTakeAsync(database, Housekeeper.LockId, cancellation);
        if (held is null)
        {
            return true;
        }

        var report = await housekeeper.RoundAsync(cancellation);
        if (report.Trimmed > 0 || report.Archived > 0 || report.Cleaned.Count > 0)
        {
            ShopLog.HouseKept(logger, report.Trimmed, report.Archived, report.Cleaned.Values.Sum());
        }

        return report.IsOver;
    }
}
