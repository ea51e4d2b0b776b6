using System.Threading.Channels;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Outbox;
using CardShop.Pipeline.Telemetry;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Batches;

/// <summary>
/// The one loop that all fleets share: gather a batch, run it in one transaction, send, settle.
/// A failure of the place is waited out with the batch in hand; a failure of a message splits the batch until the
/// message stands alone.
/// </summary>
/// <param name="admission">Awaited before each batch; null = batches are taken as they come.</param>
public sealed class BatchLoop(
    IBatchWork work, Dispatcher dispatcher, IBus bus, BatchOptions options, TimeProvider time, Random random,
    ILogger<BatchLoop> logger, Func<CancellationToken, Task>? admission = null)
{
    private const int MaxReruns = 3;

    private readonly BatchCollector _collector = new(options, time);

    public async Task RunAsync(ChannelReader<Incoming> input, CancellationToken cancellation)
    {
        PipelineMeter.Begin(work.Name);
        while (!cancellation.IsCancellationRequested)
        {
            if (admission is not null)
            {
                await admission(cancellation);
            }

            var batch = await _collector.NextAsync(input, cancellation);
            if (batch.Count == 0)
            {
                return;
            }

            await ProcessAsync(batch, cancellation);
        }
    }

    /// <summary>Processes a batch to its end: every message is committed, retried later, or given up.</summary>
    public async Task ProcessAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation)
    {
        var parts = new Stack<IReadOnlyList<Incoming>>();
        foreach (var part in Decode(batch).Reverse())
        {
            parts.Push(part);
        }

        while (parts.TryPop(out var part))
        {
            if (await TryAsync(part, cancellation) is not { } failure)
            {
                continue;
            }

            if (part.Count > 1)
            {
                PipelineLog.Split(logger, work.Name, part.Count, failure.Message);
                PipelineMeter.Split(work.Name);
                var half = part.Count / 2;
                parts.Push([.. part.Skip(half)]);
                parts.Push([.. part.Take(half)]);
            }
            else if (await RetryAsync(part[0], failure, cancellation))
            {
                parts.Push(part);
            }
        }
    }

    /// <summary>Cuts out messages that cannot be decoded, each alone, in arrival order.</summary>
    private IEnumerable<IReadOnlyList<Incoming>> Decode(IReadOnlyList<Incoming> batch)
    {
        var good = new List<Incoming>(batch.Count);
        foreach (var message in batch)
        {
            try
            {
                message.Message ??= work.Decode(message);
            }
            catch (PoisonMessageException e)
            {
                message.Message = e;
            }

            if (message.Message is not PoisonMessageException)
            {
                good.Add(message);
                continue;
            }

            if (good.Count > 0)
            {
                yield return good;
                good = [];
            }

            yield return [message];
        }

        if (good.Count > 0)
        {
            yield return good;
        }
    }

    /// <returns>Null when the part is committed; else why its messages are to blame.</returns>
    private async Task<Exception?> TryAsync(IReadOnlyList<Incoming> part, CancellationToken cancellation)
    {
        if (part is [{ Message: PoisonMessageException poison }])
        {
            return poison;
        }

        var backoff = NewBackoff();
        var reruns = 0;
        while (true)
        {
            var started = time.GetTimestamp();
            try
            {
                var row = await work.RunAsync(part, cancellation);
                Measure("committed", started);
                await FinishAsync(part, row, cancellation);
                return null;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception e) when (Failures.IsConflict(e))
            {
                Measure("conflict", started);
                PipelineLog.Conflict(logger, work.Name, part.Count, e.Message);
                if (++reruns > MaxReruns)
                {
                    return e;
                }
            }
            catch (Exception e) when (Failures.IsPlace(e))
            {
                Measure("place", started);
                PipelineLog.PlaceFailed(logger, work.Name, backoff.Failures, e.Message);
                await backoff.WaitAsync(cancellation);
            }
#pragma warning disable CA1031 // Whatever a message makes the code throw is the message's failure: it is counted and isolated.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Measure("failed", started);
                return e;
            }
        }
    }

    private void Measure(string outcome, long started) =>
        PipelineMeter.Batch(work.Name, outcome, time.GetElapsedTime(started));

    private async Task FinishAsync(IReadOnlyList<Incoming> part, OutboxRow? row, CancellationToken cancellation)
    {
        if (row is not null)
        {
            await dispatcher.PostAsync(row, cancellation);
        }

        work.Committed(part);
        PipelineMeter.Committed(work.Name, part.Count, OldestOf(part));
        await SettleAsync(part);
    }

    private TimeSpan? OldestOf(IReadOnlyList<Incoming> part)
    {
        DateTimeOffset? oldest = null;
        foreach (var message in part)
        {
            if (message is LogIncoming record && (oldest is null || record.Timestamp < oldest))
            {
                oldest = record.Timestamp;
            }
        }

        return time.GetUtcNow() - oldest;
    }

    /// <returns>True when the message is to be tried again now.</returns>
    private async Task<bool> RetryAsync(Incoming message, Exception failure, CancellationToken cancellation)
    {
        using var scope = LogScopes.Order(logger, work.OrderOf(message));
        message.Failures++;
        var rounds = message is BusIncoming bus1 ? bus1.DelayedRounds : (int?)null;
        switch (RetryPolicy.Decide(failure, message.Failures, rounds))
        {
            case RetryAction.Now:
                PipelineMeter.Retry(work.Name, "now");
                return true;
            case RetryAction.Later later:
                PipelineMeter.Retry(work.Name, "later");
                var command = (BusIncoming)message;
                await PersistAsync(() => bus.RetryLaterAsync(command, later.Round, cancellation), cancellation);
                await command.Settlement.AckAsync();
                return false;
            default:
                PipelineMeter.GivenUp(work.Name);
                PipelineLog.GivenUp(logger, failure, work.Name, message.Failures);
                await GiveUpAsync(message, failure, cancellation);
                return false;
        }
    }

    private async Task GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation)
    {
        await PersistAsync(
            async () =>
            {
                var row = await work.GiveUpAsync(message, failure, cancellation);
                if (message is BusIncoming command)
                {
                    await bus.SendToErrorAsync(command, failure, cancellation);
                }

                await FinishAsync([message], row, cancellation);
            },
            cancellation);
    }

    /// <summary>Repeats an idempotent step until it succeeds: its failures are the place's.</summary>
    private async Task PersistAsync(Func<Task> step, CancellationToken cancellation)
    {
        var backoff = NewBackoff();
        while (true)
        {
            try
            {
                await step();
                return;
            }
            catch (Exception e) when (
                (Failures.IsPlace(e) || Failures.IsConflict(e)) && !cancellation.IsCancellationRequested)
            {
                PipelineLog.PlaceFailed(logger, work.Name, backoff.Failures, e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private Backoff NewBackoff() => new(time, random, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5));

    private static async Task SettleAsync(IReadOnlyList<Incoming> part)
    {
        var stored = new HashSet<Log.PartitionKey>();
        for (var i = part.Count - 1; i >= 0; i--)
        {
            if (part[i] is LogIncoming { Reader: { } reader, Unprocessed: false } record && stored.Add(record.Partition))
            {
                reader.Store(record.Partition, record.Offset + 1);
            }
        }

        foreach (var message in part)
        {
            if (message is BusIncoming command)
            {
                await command.Settlement.AckAsync();
            }
        }
    }
}
