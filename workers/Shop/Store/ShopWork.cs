using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Pipeline.Telemetry;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Shop.Telemetry;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Store;

/// <summary>
/// What every fleet does with a batch: load, decide, save in one transaction. Fleets differ only in what they read.
/// </summary>
/// <param name="group">The fleet's consumer group.</param>
/// <param name="deliveries">Whether delivery documents are loaded: all but the orders fleet.</param>
/// <param name="down">Merchant profiles that do not answer now, as <c>channel/profile</c>; null = nobody watches them.</param>
public sealed class ShopWork(
    string group, bool deliveries, IShopStore store, RollbackFence fence, ShopSettings settings, IBatchObserver observer,
    TimeProvider time, ILogger<ShopWork> logger, Func<IReadOnlySet<string>>? down = null) : IBatchWork
{
    /// <summary>Keys that one transaction allocates: their ids stand in documents and in events, so this bounds its size.</summary>
    public const int MaxKeys = 20_000;

    /// <summary>Waiting orders that one transaction reserves for: as many as the largest batch of an import has keys.</summary>
    private const int MaxWaiting = 5_000;

    public string Name => group;

    /// <returns>A <see cref="ForeignInput"/> for what another region processes: of a notification the record's key says so.</returns>
    public object Decode(Incoming message)
    {
        if (message is not LogIncoming record)
        {
            return OrderMessages.Decode(message);
        }

        var named = record.Partition.Topic == Topics.PaymentNotifications.Name ? Regions.OfId(record.Key) : null;
        if (Regions.Foreign(named, settings.Region) is { } other)
        {
            return new ForeignInput(other);
        }

        var decoded = OrderMessages.Decode(message);
        return Regions.Foreign(Regions.Of(decoded), settings.Region) is { } region ? new ForeignInput(region) : decoded;
    }

    public string? OrderOf(Incoming message) => OrderMessages.OrderOf(message.Message) ?? OrderOfRaw(message);

    public async Task<OutboxRow?> RunAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation)
    {
        using var trace = BatchTrace.Start(group, batch);
        await using var transaction = await store.BeginAsync(cancellation);
        var imports = batch.Select(m => m.Message).OfType<KeysImported>().ToList();
        var waiting = await WaitingAsync(transaction, imports, batch.Count, cancellation);
        var orders = batch.Select(m => OrderMessages.OrderOf(m.Message)).OfType<string>().Concat(waiting).ToHashSet();
        var loaded = await transaction.LoadAsync(
            new(group, PartitionsOf(batch), orders, deliveries), cancellation);
        fence.Require(group, loaded.Opening, batch.Max(m => m.Commit));

        var fresh = new PositionFilter(loaded.Opening.Progress).Take(batch);
        foreach (var gap in fresh.Gaps)
        {
            ShopLog.Gap(logger, group, gap.Record.Partition.Topic, gap.Record.Partition.Partition, gap.Record.Offset, gap.Expected);
            gap.Record.Reader?.Reposition(gap.Record.Partition);
        }

        Follow(trace, fresh.Messages, loaded);
        var run = new BatchRun(loaded, waiting, settings, time.GetUtcNow(), down?.Invoke());
        var toImport = fresh.Messages.Select(m => m.Message).OfType<KeysImported>().ToList();
        if (toImport.Count > 0)
        {
            run.Import(toImport, await transaction.ImportAsync(toImport, cancellation));
        }

        if (run.StockNeeded(fresh.Messages) is { Count: > 0 } needed)
        {
            run.Stock = await transaction.ReadStockAsync(needed, cancellation);
        }

        if (run.Limited(fresh.Messages) is { Count: > 0 } limited)
        {
            run.Open = await transaction.CountOpenAsync(
                [.. limited.Select(o => o.ContactHash).Distinct()], [.. limited.Select(o => o.NetworkHash!).Distinct()],
                settings.MaxOpenPerContact, settings.MaxOpenPerNetwork, cancellation);
        }

        if (run.KeysNeeded(fresh.Messages) is { Count: > 0 } demand)
        {
            RequireBounded(fresh.Messages.Count, demand);
            run.Keys = await transaction.PickAsync(demand, cancellation);
        }

        foreach (var message in fresh.Messages)
        {
            message.Outcome = run.Decide(message.Message!);
        }

        // Last: a void takes what is available after everybody else of the batch.
        foreach (var message in fresh.Messages.Where(m => m.Message is KeysVoided))
        {
            var order = (KeysVoided)message.Message!;
            message.Outcome = run.Void(
                order, await transaction.VoidAsync(order, run.Voidable(order), run.Picked, cancellation));
        }

        return await SaveAsync(
            transaction, loaded, run.ToSave(group, fresh.Moves) with { Foreign = ForeignOf(fresh.Messages) }, trace, cancellation);
    }

    /// <summary>What a replay passes over again is counted already.</summary>
    private List<PassedInputs> ForeignOf(IReadOnlyList<Incoming> messages) =>
    [
        .. messages.OfType<LogIncoming>().Where(m => m.Message is ForeignInput && FleetGroups.All.Any(g => g.Name == group))
            .GroupBy(m => (((ForeignInput)m.Message!).Region, m.Partition.Topic))
            .Select(g => new PassedInputs(g.Key.Region, g.Key.Topic, g.Count()))
            .OrderBy(p => p.Region, StringComparer.Ordinal).ThenBy(p => p.Topic, StringComparer.Ordinal),
    ];

    /// <summary>Each message's span stands in the trace that its order was placed in.</summary>
    private static void Follow(BatchTrace? trace, IReadOnlyList<Incoming> messages, LoadedBatch loaded)
    {
        if (trace is null)
        {
            return;
        }

        foreach (var message in messages)
        {
            var id = OrderMessages.OrderOf(message.Message);
            trace.Follow(
                message, message.Message!.GetType().Name, id,
                id is null ? null : loaded.Payments.GetValueOrDefault(id)?.Order?.Trace);
        }
    }

    /// <exception cref="BatchTooLargeException">
    /// The deliveries are halved until they fit; one alone always does, for an order has a most of its own.
    /// </exception>
    internal static void RequireBounded(int messages, IReadOnlyDictionary<StockKey, int> demand)
    {
        var keys = demand.Values.Sum(n => (long)n);
        if (keys > MaxKeys && messages > 1)
        {
            throw new BatchTooLargeException($"{messages} messages want {keys} keys");
        }
    }

    /// <summary>
    /// Orders that wait for what is imported, oldest first per product. Every one of them takes a key at least, so no more
    /// are looked at than keys come; one behind others that want more than came finds what is left at its next look.
    /// </summary>
    private static async Task<IReadOnlyList<string>> WaitingAsync(
        IShopTransaction transaction, List<KeysImported> imports, int messages, CancellationToken cancellation)
    {
        if (imports.Count == 0)
        {
            return [];
        }

        var limits = imports.GroupBy(i => i.Sku).ToDictionary(g => g.Key, g => g.Sum(i => i.Keys.Count));
        var waiting = await transaction.WaitingAsync(limits, cancellation);
        return waiting.Count > MaxWaiting && messages > 1
            ? throw new BatchTooLargeException($"{waiting.Count} orders wait for what {messages} messages bring")
            : waiting;
    }

    public async Task<OutboxRow?> GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation)
    {
        var orderId = OrderMessages.OrderOf(message.Message) ?? OrderOfRaw(message);
        try
        {
            return await GiveUpAsync(message, failure, orderId, orderId, cancellation);
        }
        catch (Exception e) when (orderId is not null && !Failures.IsPlace(e) && !Failures.IsConflict(e))
        {
            // This version cannot read the order's documents: they stay as they are, for one that can. What the watchdog
            // found it finds again; what came by Kafka or RabbitMQ is kept as a dead letter.
            return message is DueIncoming ? null : await GiveUpAsync(message, failure, orderId, documents: null, cancellation);
        }
    }

    private async Task<OutboxRow?> GiveUpAsync(
        Incoming message, Exception failure, string? orderId, string? documents, CancellationToken cancellation)
    {
        await using var transaction = await store.BeginAsync(cancellation);
        var loaded = await transaction.LoadAsync(
            new(group, PartitionsOf([message]), documents is null ? [] : [documents], deliveries), cancellation);
        fence.Require(group, loaded.Opening, message.Commit);
        var fresh = new PositionFilter(loaded.Opening.Progress).Take([message]);
        if (message is LogIncoming && fresh.Messages.Count == 0)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var run = new BatchRun(loaded, [], settings, now);
        if (documents is not null && !loaded.Archived.Contains(documents))
        {
            run.Review(documents, $"A message could not be processed: {failure.GetType().Name}");
        }

        message.Outcome = MessageOutcome.GivenUp;
        run.Records.Add(DeadLetterOf(message, failure, orderId, now));
        return await SaveAsync(transaction, loaded, run.ToSave(group, fresh.Moves), null, cancellation);
    }

    public void Committed(IReadOnlyList<Incoming> batch) => observer.Committed(batch);

    private async Task<OutboxRow?> SaveAsync(
        IShopTransaction transaction, LoadedBatch loaded, SaveRequest save, BatchTrace? trace, CancellationToken cancellation)
    {
        if (trace is not null)
        {
            save = save with { Records = trace.Carry(save.Records), Commands = trace.Carry(save.Commands) };
        }

        if (save is { Payments.Count: 0, Deliveries.Count: 0, Progress.Count: 0, Records.Count: 0, Commands.Count: 0 })
        {
            return null;
        }

        var commit = await transaction.SaveAsync(save, cancellation);
        trace?.Saved();
        foreach (var passed in save.Foreign)
        {
            ShopMeter.PassedOver(passed);
        }

        fence.Committed(group, save.Progress, commit);
        observer.Stock(save.Stock.Keys);
        observer.Saved(loaded, save);
        return save is { Records.Count: 0, Commands.Count: 0 }
            ? null
            : new(save.Opening.OutboxNumber, commit, save.Records, save.Commands, save.Waits);
    }

    private static HashSet<PartitionKey> PartitionsOf(IReadOnlyList<Incoming> batch) =>
        batch.OfType<LogIncoming>().Select(r => r.Partition).ToHashSet();

    private static string? OrderOfRaw(Incoming message)
    {
        var text = message switch
        {
            LogIncoming record => record.Key,
            BusIncoming command => command.ConversationId,
            _ => null,
        };
        return OrderIds.IsValid(text) ? text : null;
    }

    internal static OutRecord DeadLetterOf(Incoming message, Exception failure, string? orderId, DateTimeOffset now)
    {
        var reason = $"{failure.GetType().Name}: {(failure is PoisonMessageException ? failure.Message : "see the log")}";
        var letter = message switch
        {
            LogIncoming r => new DeadLetter(
                r.Partition.Topic, r.Partition.Partition, r.Offset, r.Key, r.Type, reason, orderId, now, r.Value ?? []),
            BusIncoming c => new DeadLetter(c.Queue, 0, 0, c.MessageId, c.Type, reason, orderId, now, c.Body),
            _ => new DeadLetter("due", 0, 0, orderId, message.Message?.GetType().Name, reason, orderId, now, []),
        };
        return new(
            Topics.DeadLetters.Name, Topics.DeadLetters.PartitionOf(letter.Topic), letter.Topic, MessageTypes.DeadLetter,
            JsonSerializer.SerializeToUtf8Bytes(letter, ContractsJson.Default.DeadLetter), now, orderId);
    }
}

/// <summary>Told after each commit: for counters and advisory topics. Must not throw.</summary>
public interface IBatchObserver
{
    void Committed(IReadOnlyList<Incoming> batch);

    void Stock(IEnumerable<StockKey> changed);

    /// <summary>What the batch changed: the documents as they were loaded, and as they were saved.</summary>
    void Saved(LoadedBatch before, SaveRequest after)
    {
    }
}
