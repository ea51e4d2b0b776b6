using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Outbox;

/// <summary>Sends again what a dead or cut-off worker left in the outbox.</summary>
/// <param name="mayWork">Asked after the rows were read: the rollback fence.</param>
public sealed class Sweeper(
    IOutboxStore store, Dispatcher dispatcher, Func<CancellationToken, Task<bool>> mayWork, TimeProvider time, Random random,
    ILogger<Sweeper> logger)
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private const int Limit = 50;
    private const int AtOnce = 4;

    /// <summary>More than these are not remembered, and are tried with every round.</summary>
    private const int MostLeft = 10_000;

    /// <summary>
    /// Rows that could not leave, by number: those of a region that is away, say. They are passed over for a while, or the
    /// oldest of them would be all that is ever looked at.
    /// </summary>
    private readonly Dictionary<long, (DateTimeOffset NotBefore, TimeSpan Pause)> _left = [];

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
        var now = time.GetUtcNow();
        var numbers = await store.LeftBehindAsync(
            Age, Limit, [.. _left.Where(l => l.Value.NotBefore > now).Select(l => l.Key)], cancellation);
        var rows = await store.ReadAsync([.. numbers.Where(n => !dispatcher.IsSending(n))], cancellation);
        if (rows.Count > 0 && !await mayWork(cancellation))
        {
            return;
        }

        foreach (var some in rows.Chunk(AtOnce))
        {
            var sent = await Task.WhenAll(some.Select(row => SendAsync(row, cancellation)));
            foreach (var (row, isSent) in some.Zip(sent))
            {
                Note(row.Number, isSent);
            }
        }

        // Another process may have sent the others.
        foreach (var (number, _) in _left.Where(l => l.Value.NotBefore + LongestPause < now).ToList())
        {
            _left.Remove(number);
        }
    }

    private Task<bool> SendAsync(OutboxRow row, CancellationToken cancellation)
    {
        PipelineLog.Swept(logger, row.Number, row.Records.Count, row.Commands.Count);
        return dispatcher.TryAsync(row, cancellation);
    }

    private void Note(long number, bool isSent)
    {
        var pause = _left.Remove(number, out var before) ? before.Pause * 2 : FirstPause;
        if (!isSent && _left.Count < MostLeft)
        {
            pause = pause < LongestPause ? pause : LongestPause;
            _left[number] = (time.GetUtcNow() + pause, pause);
        }
    }
}
