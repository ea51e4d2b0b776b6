using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Outbox;

/// <summary>Sends again what a dead or cut-off worker left in the outbox.</summary>
/// <param name="mayWork">Asked after the rows were read: the rollback fence.</param>
public sealed class Sweeper(
    IOutboxStore store, Dispatcher dispatcher, Func<CancellationToken, Task<bool>> mayWork, TimeProvider time, Random random,
    ILogger<Sweeper> logger)
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);
    private const int Limit = 50;

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(cancellation);
                backoff.Reset();
                await Task.Delay(TimeSpan.FromSeconds(2), time, cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                PipelineLog.SweepFailed(logger, e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellation)
    {
        var numbers = await store.LeftBehindAsync(Age, Limit, cancellation);
        var rows = await store.ReadAsync([.. numbers.Where(n => !dispatcher.IsSending(n))], cancellation);
        if (rows.Count > 0 && !await mayWork(cancellation))
        {
            return;
        }

        foreach (var row in rows)
        {
            PipelineLog.Swept(logger, row.Number, row.Records.Count, row.Commands.Count);
            await dispatcher.PostAsync(row, cancellation);
        }
    }
}
