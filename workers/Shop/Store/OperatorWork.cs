using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;

namespace CardShop.Shop.Store;

/// <summary>What became of one message.</summary>
public enum OperatorResult
{
    /// <summary>Decided, committed, and handed to the dispatcher.</summary>
    Done,

    /// <summary>It was taken in before, or there was nothing to do.</summary>
    Repeated,

    /// <summary>The order as it stands does not allow it; nothing was written.</summary>
    Refused,
}

/// <param name="Reason">Why it was refused; for people.</param>
/// <param name="Saga">The order's payment afterwards.</param>
public sealed record OperatorOutcome(OperatorResult Result, string? Reason, PaymentSaga? Saga);

/// <summary>
/// One message of an operator or of a reconciliation, by the way that all messages go: load, decide, save in one
/// transaction under the rollback fence; then its row is sent. What cannot be sent now is sent by a fleet's sweeper.
/// </summary>
/// <param name="dispatcher">Null in a process that does not reach RabbitMQ: the sweeper sends the row within seconds.</param>
public sealed class OperatorWork(
    IShopStore store, RollbackFence fence, Dispatcher? dispatcher, ShopSettings settings, TimeProvider time)
{
    private const int MaxReruns = 3;

    /// <param name="against">
    /// What else stands against it, asked with the locked order: an answer that was right before may not be so any more.
    /// Not asked for what was decided before.
    /// </param>
    /// <exception cref="FencedException">PostgreSQL is older than Kafka.</exception>
    /// <exception cref="ConflictException">Others changed the order again and again meanwhile.</exception>
    public async Task<OperatorOutcome> RunAsync(
        PaymentMessage message, CancellationToken cancellation, Func<PaymentSaga?, string?>? against = null)
    {
        for (var reruns = 0; ; reruns++)
        {
            try
            {
                var (outcome, row) = await DecideAsync(message, against, cancellation);
                if (row is not null && dispatcher is not null)
                {
                    await dispatcher.PostAsync(row, cancellation);
                    await dispatcher.DrainAsync(cancellation);
                }

                return outcome;
            }
            catch (ConflictException) when (reruns < MaxReruns)
            {
                // Another transaction was faster: once more, with fresh state.
            }
        }
    }

    private async Task<(OperatorOutcome Outcome, OutboxRow? Row)> DecideAsync(
        PaymentMessage message, Func<PaymentSaga?, string?>? against, CancellationToken cancellation)
    {
        await using var transaction = await store.BeginAsync(cancellation);
        var loaded = await transaction.LoadAsync(
            new(string.Empty, [], [message.OrderId], Deliveries: true), cancellation);
        fence.Require(string.Empty, loaded.Opening, 0);
        var before = loaded.Payments.GetValueOrDefault(message.OrderId);
        if (loaded.Archived.Contains(message.OrderId))
        {
            return (new(OperatorResult.Refused, "The order has ended and is archived", before), null);
        }

        var run = new BatchRun(loaded, [], settings, time.GetUtcNow());
        IReadOnlyList<Incoming> batch = [new DueIncoming(message) { Message = message }];
        if (run.StockNeeded(batch) is { Count: > 0 } needed)
        {
            run.Stock = await transaction.ReadStockAsync(needed, cancellation);
        }

        if (run.KeysNeeded(batch) is { Count: > 0 } demand)
        {
            run.Keys = await transaction.PickAsync(demand, cancellation);
        }

        var isRepeat = OperatorDecider.ActOf(message) is { } by && OperatorDecider.IsRepeat(before, by.CommandId);
        if ((run.ObjectionTo(message) ?? (isRepeat ? null : against?.Invoke(before))) is { } objection)
        {
            return (new(OperatorResult.Refused, objection, before), null);
        }

        run.Decide(message);
        var save = run.ToSave(string.Empty, []);
        if (save is { Payments.Count: 0, Deliveries.Count: 0 })
        {
            return (new(OperatorResult.Repeated, null, before), null);
        }

        var commit = await transaction.SaveAsync(save, cancellation);
        var after = save.Payments.Select(p => p.Document).FirstOrDefault() ?? before;
        return (
            new(OperatorResult.Done, null, after),
            new(save.Opening.OutboxNumber, commit, save.Records, save.Commands, save.Waits));
    }
}
