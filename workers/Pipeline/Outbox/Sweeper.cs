using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Outbox;

/// <summary>Sends again what a dead or cut-off worker left in the outbox.</summary>
/// <param name="mayWork">Asked after the rows were read: the rollback fence.</param>
public sealed class Sweeper(
    IOutboxStore store, Dispatcher dispatcher, Func<CancellationToken, Task<bool>> mayWork, TimeProvider time, Random random,
    ILogger<Sweeper> logger)
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private const int Limit = 50;
    private const int AtOnce = 4;

    /// <summary>No more are remembered.</summary>
    private const int MostLeft = 10_000;

    /// <summary>Rows that could not leave, by number: while a region is away, say, all that go there.</summary>
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
        // Those that are new first: what cannot leave hides nothing that can.
        await SendAsync(await store.LeftBehindAsync(Age, Limit, _left.Keys, cancellation), cancellation);
        var now = time.GetUtcNow();
        var again = _left.Where(l => l.Value.NotBefore <= now).OrderBy(l => l.Value.NotBefore).Select(l => l.Key).ToList();
        foreach (var some in again.Chunk(AtOnce))
        {
            if (!await SendAsync(some, cancellation))
            {
                return;
            }
        }
    }

    /// <returns>False where one of them could not leave.</returns>
    private async Task<bool> SendAsync(IReadOnlyList<long> numbers, CancellationToken cancellation)
    {
        var rows = await store.ReadAsync([.. numbers.Where(n => !dispatcher.IsSending(n))], cancellation);
        // Another process may have sent the others.
        foreach (var gone in numbers.Except(rows.Select(r => r.Number)))
        {
            _left.Remove(gone);
        }

        if (rows.Count > 0 && !await mayWork(cancellation))
        {
            return false;
        }

        var areSent = true;
        foreach (var some in rows.Chunk(AtOnce))
        {
            var sent = await Task.WhenAll(some.Select(row => TryAsync(row, cancellation)));
            foreach (var (row, isSent) in some.Zip(sent))
            {
                Note(row.Number, isSent);
                areSent &= isSent;
            }
        }

        return areSent;
    }

    private Task<bool> TryAsync(OutboxRow row, CancellationToken cancellation)
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
