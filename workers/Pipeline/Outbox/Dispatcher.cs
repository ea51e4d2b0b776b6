using System.Collections.Concurrent;
using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Telemetry;
using Microsoft.Extensions.Logging;

namespace CardShop.Pipeline.Outbox;

/// <summary>
/// Sends what a committed transaction wants sent: first the records, and when Kafka has them, the commands.
/// A row that cannot be sent now stays in the table; the sweeper comes back to it.
/// </summary>
public sealed class Dispatcher(
    IOutboxStore store, ILog log, IBus bus, DispatchOptions options, TimeProvider time, Random random,
    ILogger<Dispatcher> logger)
{
    private const int MaxTries = 6;

    private readonly SemaphoreSlim _slots = new(options.Concurrency);
    private readonly ConcurrentDictionary<long, TaskCompletionSource> _recordsLeaving = new();

    /// <summary>True while this process is sending the row.</summary>
    public bool IsSending(long number) => _recordsLeaving.ContainsKey(number);

    /// <summary>Waits for a free slot, then sends in the background. A full house is the back-pressure on batches.</summary>
    public async Task PostAsync(OutboxRow row, CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        if (!_recordsLeaving.TryAdd(row.Number, new(TaskCreationOptions.RunContinuationsAsynchronously)))
        {
            _slots.Release();
            return;
        }

        _ = SendInSlotAsync(row, cancellation);
    }

    /// <summary>One try, in no slot: what cannot leave must not keep what can from leaving.</summary>
    /// <returns>False where something of the row is still unsent.</returns>
    public async Task<bool> TryAsync(OutboxRow row, CancellationToken cancellation)
    {
        if (!_recordsLeaving.TryAdd(row.Number, new(TaskCreationOptions.RunContinuationsAsynchronously)))
        {
            return true;
        }

        return await SendOrLeaveAsync(row, tries: 0, cancellation);
    }

    /// <summary>Waits until nothing is being sent.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < options.Concurrency; i++)
        {
            await _slots.WaitAsync(cancellation);
        }

        _slots.Release(options.Concurrency);
    }

    private async Task SendInSlotAsync(OutboxRow row, CancellationToken cancellation)
    {
        try
        {
            await SendOrLeaveAsync(row, MaxTries, cancellation);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<bool> SendOrLeaveAsync(OutboxRow row, int tries, CancellationToken cancellation)
    {
        try
        {
            await SendAsync(row, tries, cancellation);
            PipelineMeter.Dispatched("sent");
            return true;
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            PipelineMeter.Dispatched("left");
            PipelineLog.DispatchLeft(logger, row.Number, e.Message);
            return false;
        }
        finally
        {
            Left(row.Number);
        }
    }

    /// <summary>Sends a row, with its own retries; throws a place failure when it has to stay.</summary>
    internal Task SendAsync(OutboxRow row, CancellationToken cancellation) => SendAsync(row, MaxTries, cancellation);

    private async Task SendAsync(OutboxRow row, int tries, CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2));
        var left = row;
        while (true)
        {
            try
            {
                // What is left shrinks with every try: what was taken or parked is not sent again.
                await WaitForEarlierAsync(left, cancellation);
                (left, var reason) = await SendRecordsAsync(left, cancellation);
                ThrowIfLeft(left.Records.Count, reason);
                Left(row.Number);
                (left, reason) = await SendCommandsAsync(left, cancellation);
                ThrowIfLeft(left.Commands.Count, reason);
                return;
            }
            catch (Exception e) when (
                Failures.IsPlace(e) && backoff.Failures < tries && !cancellation.IsCancellationRequested)
            {
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private void Left(long number)
    {
        if (_recordsLeaving.TryRemove(number, out var leaving))
        {
            leaving.TrySetResult();
        }
    }

    /// <summary>
    /// The events of one order leave in order: earlier rows of the same documents go first. So do commands alone: what a
    /// provider is called for stands in the log by then, whatever becomes of the database.
    /// </summary>
    private async Task WaitForEarlierAsync(OutboxRow row, CancellationToken cancellation)
    {
        if (row.Waits.Count == 0)
        {
            return;
        }

        var deadline = time.GetUtcNow() + options.WaitForEarlier;
        foreach (var leaving in row.Waits.Select(n => _recordsLeaving.GetValueOrDefault(n)).OfType<TaskCompletionSource>())
        {
            var left = deadline - time.GetUtcNow();
            if (left > TimeSpan.Zero)
            {
                await Task.WhenAny(EndAsync(leaving.Task), Task.Delay(left, time, cancellation));
            }
        }

        var unsent = await store.UnsentAsync(row.Waits, cancellation);
        while (unsent.Count > 0 && time.GetUtcNow() < deadline)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellation);
            unsent = await store.UnsentAsync(row.Waits, cancellation);
        }

        await SendEarlierAsync(unsent, [row.Number], cancellation);
    }

    /// <summary>
    /// The end of a task that continues elsewhere, as one that continues where it is awaited: WhenAny would leave the
    /// caller's scheduler.
    /// </summary>
    private static async Task EndAsync(Task task) => await task;

    /// <summary>An earlier row may wait for earlier ones itself: those go before it.</summary>
    private async Task SendEarlierAsync(
        IReadOnlyList<long> numbers, HashSet<long> visited, CancellationToken cancellation)
    {
        foreach (var earlier in await store.ReadAsync([.. numbers.Where(visited.Add)], cancellation))
        {
            await SendEarlierAsync(await store.UnsentAsync(earlier.Waits, cancellation), visited, cancellation);
            var (left, reason) = await SendRecordsAsync(earlier, cancellation);
            ThrowIfLeft(left.Records.Count, reason);
        }
    }

    private static void ThrowIfLeft(int count, string? reason)
    {
        if (count > 0)
        {
            throw new PlaceException($"{count} messages unsent: {reason}");
        }
    }

    /// <returns>The row as far as it is unsent, in the table too; and why.</returns>
    private async Task<(OutboxRow Left, string? Reason)> SendRecordsAsync(OutboxRow row, CancellationToken cancellation)
    {
        if (row.Records.Count == 0)
        {
            return (row, null);
        }

        var records = row.Records.Select(r => ToLogRecord(r, row.Commit)).ToList();
        var failures = await log.ProduceAllAsync(records, cancellation);
        if (failures.Count == 0)
        {
            var sent = row with { Records = [] };
            await store.RecordsSentAsync(sent, cancellation);
            return (sent, null);
        }

        // Each message leaves the row in the transaction that parks it, not before.
        var left = row with { Records = [.. failures.Select(f => row.Records[f.Index])] };
        foreach (var failure in failures.Where(f => f.Permanent))
        {
            var record = row.Records[failure.Index];
            PipelineLog.Parked(logger, row.Number, record.Type, failure.Reason);
            PipelineMeter.MessageParked();
            left = left with { Records = [.. left.Records.Where(r => !ReferenceEquals(r, record))] };
            await store.ParkAsync(left, record.OrderId, record.Type, record.Body, failure.Reason, cancellation);
        }

        if (left.Records.Count == row.Records.Count)
        {
            return (left, failures[0].Reason);
        }

        if (left.Records.Count > 0)
        {
            await store.RewriteAsync(left, cancellation);
        }
        else
        {
            await store.RecordsSentAsync(left, cancellation);
        }

        return (left, failures[0].Reason);
    }

    /// <returns>The row as far as it is unsent, in the table too; and why.</returns>
    private async Task<(OutboxRow Left, string? Reason)> SendCommandsAsync(OutboxRow row, CancellationToken cancellation)
    {
        if (row.Commands.Count == 0)
        {
            return (row, null);
        }

        var failures = await bus.SendAllAsync(row.Commands, row.Commit, cancellation);
        var left = row with { Commands = [.. failures.Select(f => row.Commands[f.Index])] };
        if (failures.Count > 0)
        {
            await store.RewriteAsync(left, cancellation);
            return (left, failures[0].Reason);
        }

        await store.DeleteAsync(row, cancellation);
        return (left, null);
    }

    private static LogRecord ToLogRecord(OutRecord record, long commit)
    {
        var commitBytes = Encoding.ASCII.GetBytes(commit.ToString(System.Globalization.CultureInfo.InvariantCulture));
        List<LogHeader> headers = record.EventId is null
            ? [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(record.Type)), new(RecordHeaders.Commit, commitBytes)]
            :
            [
                new(CloudEventHeaders.SpecVersion, "1.0"u8.ToArray()),
                new(CloudEventHeaders.Id, Encoding.UTF8.GetBytes(record.EventId)),
                new(CloudEventHeaders.Type, Encoding.UTF8.GetBytes(record.Type)),
                new(CloudEventHeaders.Source, "/cardshop"u8.ToArray()),
                new(CloudEventHeaders.Subject, Encoding.UTF8.GetBytes(record.Key)),
                new(CloudEventHeaders.Time, Encoding.ASCII.GetBytes(
                    record.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture))),
                new(CloudEventHeaders.ContentType, "application/json"u8.ToArray()),
                new(RecordHeaders.Commit, commitBytes),
            ];
        if (record is { EventId: not null, Sequence: { } sequence })
        {
            headers.Add(new(CloudEventHeaders.Sequence, Encoding.ASCII.GetBytes(CloudEventHeaders.ToText(sequence))));
        }

        if (record.TraceParent is { } parent)
        {
            headers.Add(new(Traces.Header, Encoding.ASCII.GetBytes(parent)));
        }

        return new(record.Topic, record.Partition, Encoding.UTF8.GetBytes(record.Key), record.Body, headers);
    }
}

/// <param name="Concurrency">Rows in flight at once.</param>
/// <param name="WaitForEarlier">How long a row waits for earlier rows of its documents before it sends them itself.</param>
public sealed record DispatchOptions(int Concurrency, TimeSpan WaitForEarlier)
{
    public static readonly DispatchOptions Default = new(8, TimeSpan.FromSeconds(2));
}
