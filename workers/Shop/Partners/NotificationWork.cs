using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Pipeline.Telemetry;
using CardShop.Shop.Mail;
using CardShop.Shop.Store;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CardShop.Shop.Partners;

/// <summary>
/// What the notifications fleet does with a batch: events become deliveries to the webhooks that want them, and mails to
/// buyers, requests become replays, in the transaction that moves the group's progress. Nothing is sent here.
/// </summary>
/// <param name="mails">Null where mail is off.</param>
/// <param name="group">Whose positions it moves.</param>
public sealed class NotificationWork(
    NpgsqlDataSource database, WebhookStore webhooks, MailStore? mails, RollbackFence fence, TimeProvider time,
    ILogger<NotificationWork> logger, string group = FleetGroups.Notifications) : IBatchWork
{
    public string Name => group;

    public object Decode(Incoming message)
    {
        var record = (LogIncoming)message;
        if (record.Partition.Topic == Topics.Deliveries.Name)
        {
            return PartnerEvent.Read(record) ?? throw new PoisonMessageException($"A record of type '{record.Type}' is no event");
        }

        try
        {
            return (record.Type == MessageTypes.WebhookReplayRequested && record.Value is { } body
                ? JsonSerializer.Deserialize(body, ContractsJson.Default.WebhookReplayRequested)
                : null) ?? throw new PoisonMessageException($"Records of type '{record.Type}' are not known here");
        }
        catch (JsonException e)
        {
            throw new PoisonMessageException($"A {record.Type} that is no valid JSON: {e.Path} at {e.BytePositionInLine}");
        }
    }

    public string? OrderOf(Incoming message) => (message.Message as PartnerEvent)?.OrderId;

    public async Task<OutboxRow?> RunAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation)
    {
        using var trace = BatchTrace.Start(Name, batch);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (opening, fresh) = await OpenAsync(connection, batch, cancellation);
        if (fresh.Messages.Count == 0)
        {
            return null;
        }

        foreach (var message in trace is null ? [] : fresh.Messages)
        {
            trace!.Follow(message, (message as LogIncoming)?.Type ?? "record", OrderOf(message), null);
        }

        var subscriptions = await WebhookStore.SubscriptionsAsync(connection, cancellation);
        var events = fresh.Messages.Select(m => m.Message).OfType<PartnerEvent>().ToList();
        var now = time.GetUtcNow();
        var disabled = await webhooks.AddAsync(
            connection, [.. from e in events from s in subscriptions where s.Wants(e) select (s.Webhook, e)], now, cancellation);
        if (mails is not null)
        {
            await mails.AddAsync(connection, events, now, cancellation);
        }

        foreach (var record in fresh.Messages.OfType<LogIncoming>().Where(r => r.Message is WebhookReplayRequested))
        {
            await WebhookReplays.RequestAsync(
                connection, $"{record.Partition.Topic}-{record.Partition.Partition}-{record.Offset}",
                (WebhookReplayRequested)record.Message!, cancellation);
        }

        var commit = await CloseAsync(connection, opening, fresh, [], cancellation);
        trace?.Saved();
        foreach (var message in fresh.Messages)
        {
            message.Outcome = message.Message is PartnerEvent e && subscriptions.Any(s => s.Wants(e))
                ? MessageOutcome.Changed
                : MessageOutcome.Repeat;
        }

        fence.Committed(Name, fresh.Moves, commit);
        foreach (var webhook in disabled)
        {
            ShopLog.WebhookDisabled(logger, webhook, "too many undelivered events");
        }

        return null;
    }

    public async Task<OutboxRow?> GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (opening, fresh) = await OpenAsync(connection, [message], cancellation);
        if (fresh.Messages.Count == 0)
        {
            return null;
        }

        message.Outcome = MessageOutcome.GivenUp;
        OutRecord[] letter = [ShopWork.DeadLetterOf(message, failure, null, time.GetUtcNow())];
        var commit = await CloseAsync(connection, opening, fresh, letter, cancellation);
        fence.Committed(Name, fresh.Moves, commit);
        return new(opening.OutboxNumber, commit, letter, [], []);
    }

    public void Committed(IReadOnlyList<Incoming> batch)
    {
        // Nobody waits for this group: its work is found by the sender's scan.
    }

    private async Task<(Opening Opening, FreshMessages Fresh)> OpenAsync(
        NpgsqlConnection connection, IReadOnlyList<Incoming> batch, CancellationToken cancellation)
    {
        var partitions = batch.OfType<LogIncoming>().Select(r => r.Partition).ToHashSet();
        await using var open = new NpgsqlBatch(connection);
        TransactionFrame.AddOpening(open, Name, partitions);
        Opening opening;
        await using (var reader = await open.ExecuteReaderAsync(cancellation))
        {
            opening = await TransactionFrame.ReadOpeningAsync(reader, partitions, cancellation);
        }

        // Events carry the commit numbers of the transactions that sent them.
        fence.Require(Name, opening, batch.Max(m => m.Commit));
        var fresh = new PositionFilter(opening.Progress).Take(batch);
        foreach (var (record, expected) in fresh.Gaps)
        {
            ShopLog.Gap(logger, Name, record.Partition.Topic, record.Partition.Partition, record.Offset, expected);
            record.Reader?.Reposition(record.Partition);
        }

        return (opening, fresh);
    }

    private async Task<long> CloseAsync(
        NpgsqlConnection connection, Opening opening, FreshMessages fresh, IReadOnlyList<OutRecord> records,
        CancellationToken cancellation)
    {
        await using var close = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TransactionFrame.Expect(
                    TransactionFrame.MoveProgress(Name, fresh.Moves), fresh.Moves.Count, "a partition has another owner"),
                TransactionFrame.Close(opening.OutboxNumber, records, [], []),
            },
        };
        return await TransactionFrame.CommitAsync(close, cancellation);
    }
}
