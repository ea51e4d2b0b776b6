using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Shopctl.Replay;
using CardShop.Shopctl.Servers;
using Npgsql;

namespace CardShop.Shopctl.DeadLetters;

/// <summary>What came of a retry.</summary>
/// <param name="Problem">Why it failed again; null where it is done. Nothing was changed then.</param>
internal sealed record LetterOutcome(MessageOutcome Outcome, string? Problem)
{
    public static LetterOutcome Failed(string problem) => new(MessageOutcome.GivenUp, problem);
}

/// <summary>
/// A letter's record once more through the handler of its topic: the record itself where it lies at its place, else as the
/// letter has it; the same transaction under the fence. Its order leaves the review that the letter put it into in that same
/// transaction, so a record that fails again leaves everything as it was. A command goes back to its queue.
/// </summary>
internal sealed class LetterRetrier(ShopServers servers, RollbackFence fence, Dispatcher dispatcher, TimeProvider time)
{
    private const int MaxReruns = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="othersLeft">Other letters of the order stay open.</param>
    public Task<LetterOutcome> RetryAsync(
        Letter letter, bool othersLeft, string by, CancellationToken cancellation)
    {
        var act = new OperatorAct($"letter-{letter.Place}-{letter.Head.At.UtcTicks}", by, time.GetUtcNow());
        return letter.Head.Topic switch
        {
            "due" => DueAsync(letter.Head, act, othersLeft, cancellation),
            var topic when FleetOf(topic) is { } fleet => RecordAsync(letter, fleet, act, othersLeft, cancellation),
            var queue when Queues.Work.Contains(queue) => CommandAsync(letter, queue, act, othersLeft, cancellation),
            var origin => Task.FromResult(LetterOutcome.Failed(
                $"What came by {origin} is no fleet's: look at it at the provider, then discard it")),
        };
    }

    /// <summary>The fleet that reads a topic; null where none does.</summary>
    private static string? FleetOf(string topic) =>
        FleetGroups.All.FirstOrDefault(g => g.Topics.Any(t => t.Name == topic))?.Name;

    private async Task<LetterOutcome> RecordAsync(
        Letter letter, string fleet, OperatorAct act, bool othersLeft, CancellationToken cancellation)
    {
        if (await DeadLetterBox.FindAsync(servers, letter.Place, cancellation) is not { } whole)
        {
            return LetterOutcome.Failed("The letter itself is not there any more");
        }

        var record = await OriginalAsync(whole, cancellation);
        var group = $"{fleet}-retry-{letter.Head.Topic}-{letter.Head.Partition}-{letter.Head.Offset}";
        var work = new ReplayHandlers(servers).Open(fleet, group, fence);
        try
        {
            record.Message = work.Decode(record);
        }
        catch (PoisonMessageException e)
        {
            return LetterOutcome.Failed(e.Message);
        }

        List<Incoming> batch = [record];
        if (OrderMessages.OrderOf(record.Message) is { } orderId)
        {
            batch.Insert(0, Resume(orderId, act, othersLeft));
        }

        // The handler passes over what lies before its group's position, so the group is put before this one record.
        await PositionAsync(group, new(letter.Head.Topic, letter.Head.Partition), letter.Head.Offset, cancellation);
        var outcome = await RunAsync(work, batch, record, cancellation);
        await ForgetAsync(group, cancellation);
        return outcome;
    }

    private async Task<LetterOutcome> DueAsync(
        DeadLetter letter, OperatorAct act, bool othersLeft, CancellationToken cancellation)
    {
        if (letter.OrderId is not { } orderId)
        {
            return LetterOutcome.Failed("It names no order: the watchdog finds whatever is overdue by itself; discard it");
        }

        var work = new ReplayHandlers(servers).Open("payments", string.Empty, fence);
        var due = Incoming(new PaymentMessage.Due(orderId));
        return await RunAsync(
            work, [Resume(orderId, act, othersLeft), due, Incoming(new DeliveryMessage.Due(orderId))], due, cancellation);
    }

    private async Task<LetterOutcome> CommandAsync(
        Letter letter, string queue, OperatorAct act, bool othersLeft, CancellationToken cancellation)
    {
        var body = await DeadLetterBox.FindAsync(servers, letter.Place, cancellation);
        if (body is not { Type: { } type, OrderId: { } orderId })
        {
            return LetterOutcome.Failed("It names no order or no type: no fleet would understand it");
        }

        var resume = Resume(orderId, act, othersLeft);
        var outcome = await RunAsync(
            new ReplayHandlers(servers).Open("payments", string.Empty, fence), [resume], resume, cancellation);
        if (outcome.Problem is not null)
        {
            return outcome;
        }

        var failures = await servers.Bus.SendAllAsync(
            [new(queue, type, body.Key ?? act.CommandId, orderId, body.Body, time.GetUtcNow())], 0, cancellation);
        return failures.Count == 0
            ? new(MessageOutcome.Changed, null)
            : throw new PlaceException($"RabbitMQ did not take the command for {queue}: {failures[0].Reason}");
    }

    /// <summary>One batch, as the loop runs it: reruns on conflicts; a place's failure is thrown, a message's is told.</summary>
    private async Task<LetterOutcome> RunAsync(
        IBatchWork work, IReadOnlyList<Incoming> batch, Incoming asked, CancellationToken cancellation)
    {
        for (var reruns = 0; ; reruns++)
        {
            try
            {
                var row = await work.RunAsync(batch, cancellation);
                if (row is not null)
                {
                    await dispatcher.PostAsync(row, cancellation);
                    await dispatcher.DrainAsync(cancellation);
                }

                return new(asked.Outcome, null);
            }
            catch (Exception e) when (Failures.IsConflict(e) && reruns < MaxReruns)
            {
                // Another transaction was faster: once more, with fresh state.
            }
#pragma warning disable CA1031 // Whatever the record makes the code throw is the record's failure: the operator is told.
            catch (Exception e) when (!Failures.IsPlace(e))
#pragma warning restore CA1031
            {
                return LetterOutcome.Failed($"{e.GetType().Name}: {e.Message}");
            }
        }
    }

    /// <summary>
    /// The record itself, with its headers; from the letter where its topic no longer keeps it, or has another one there:
    /// after a takeover the topic is a copy, with offsets of its own.
    /// </summary>
    private async Task<LogIncoming> OriginalAsync(DeadLetter letter, CancellationToken cancellation)
    {
        var partition = new PartitionKey(letter.Topic, letter.Partition);
        try
        {
            var records = await servers.Ranges.ReadAsync(
                new Dictionary<PartitionKey, long> { [partition] = letter.Offset }, 1, Patience, cancellation);
            if (records.Count > 0 && records[0].Offset == letter.Offset && Letter.IsAbout(letter, records[0]))
            {
                return records[0];
            }
        }
        catch (TrimmedException)
        {
            // The letter has its body.
        }

        return new(
            partition, letter.Offset, letter.Key ?? string.Empty, letter.Body, letter.Type, 0, letter.At, reader: null);
    }

    private async Task PositionAsync(string group, PartitionKey partition, long offset, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            """
            INSERT INTO shop.progress (grp, topic, partition, next_offset) VALUES ($1, $2, $3, $4)
            ON CONFLICT (grp, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
            """);
        command.Parameters.AddRange(new NpgsqlParameter[]
        {
            new() { Value = group }, new() { Value = partition.Topic }, new() { Value = partition.Partition },
            new() { Value = offset },
        });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task ForgetAsync(string group, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand("DELETE FROM shop.progress WHERE grp = $1");
        command.Parameters.Add(new() { Value = group });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static DueIncoming Resume(string orderId, OperatorAct act, bool othersLeft) =>
        Incoming(new PaymentMessage.OperatorResume(orderId, act, othersLeft));

    private static DueIncoming Incoming(object message) => new(message) { Message = message };
}
