using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;

namespace CardShop.Tests.Simulation.World;

/// <summary>What must hold when no more faults come and everything has come to rest; and whether it has.</summary>
internal sealed class LastLook(
    Sim sim, SimStore store, SimLog log, SimBus bus, Checker checker, IReadOnlyList<SimProvider> providers,
    IReadOnlySet<string> liedAbout)
{
    private static readonly Topic[] Inputs = [Topics.Orders, Topics.PaymentNotifications, Topics.KeyBatches];

    /// <summary>Why it has not come to rest; null when it has.</summary>
    public string? Unrest()
    {
        var state = store.State;
        foreach (var group in FleetGroups.All.Where(g => g.Topics.Any(Inputs.Contains)))
        {
            foreach (var (partition, entries) in group.Topics.SelectMany(log.Of))
            {
                if (state.Progress.GetValueOrDefault((group.Name, partition)) != entries.Count)
                {
                    return $"{group.Name} has not processed all of {partition.Topic}[{partition.Partition}]";
                }

                if (Said(group.Name, partition) is var said && said != entries.Count)
                {
                    return $"{group.Name} has processed {entries.Count} of {partition.Topic}[{partition.Partition}], and says {said}";
                }
            }
        }

        if (state.Outbox.Count > 0)
        {
            return "the outbox is not empty";
        }

        if (!bus.IsQuiet)
        {
            return "commands are under way";
        }

        return checker.Accepted.Keys.Select(id => Unrest(state, id)).FirstOrDefault(u => u is not null);
    }

    /// <summary>
    /// Money that no order knows yet, of an attempt whose provider will be asked: it will change a picture, whatever else happens.
    /// </summary>
    public bool IsMoneyAwaited => store.State.Payments.Any(p => PaidFor(p.Key).Any(
        t => p.Value.Payments.All(known => known.Number != t.Request.Number) && IsFollowed(p.Value, t)));

    public void Check()
    {
        var state = store.State;
        foreach (var (id, placed) in checker.Accepted)
        {
            if (state.Payments.TryGetValue(id, out var payment))
            {
                CheckMoney(id, placed, payment, state.Deliveries.GetValueOrDefault(id));
                CheckDelivery(id, placed, state);
            }
            else
            {
                sim.Fail($"1: {id} was accepted and has vanished");
            }
        }

        foreach (var notification in checker.Notified.Values)
        {
            CheckNotification(notification, state.Payments.GetValueOrDefault(notification.OrderId));
        }

        foreach (var (stock, row) in state.Stock)
        {
            CheckStock(state, stock, row);
        }

        if (bus.Errors.Count > 0)
        {
            sim.Fail("8: a command was given up: " + bus.Errors[0].Message.MessageId + " " + bus.Errors[0].Failure);
        }

        if (log.Of(Topics.DeadLetters).Any(p => p.Entries.Count > 0))
        {
            sim.Fail("8: a message was given up");
        }
    }

    /// <summary>What the orders came to.</summary>
    public void Mark()
    {
        foreach (var payment in store.State.Payments.Values)
        {
            sim.Mark("order " + payment.Status);
            foreach (var received in payment.Payments)
            {
                sim.Mark("money " + received.Use);
            }

            foreach (var review in payment.Reviews ?? [])
            {
                sim.Mark("review " + review.Kind);
            }

            if (payment.Reason?.StartsWith("Paid late", StringComparison.Ordinal) == true)
            {
                sim.Mark("paid late");
            }

            if (payment.Attempts.Count > 1)
            {
                sim.Mark("attempts opened anew");
            }
        }

        foreach (var delivery in store.State.Deliveries.Values)
        {
            sim.Mark("delivery " + delivery.Status);
        }
    }

    /// <summary>Everything that a repeat of the inputs must leave as it is.</summary>
    public string Picture() => string.Join(
        '\n',
        store.State.Payments.Values.OrderBy(p => p.Id, StringComparer.Ordinal)
            .Select(p => $"{p.Id} {p.Status} {p.Payments.Count} {p.Payments.Sum(r => r.Refunds?.Count ?? 0)}")
            .Concat(store.State.Deliveries.Values.OrderBy(d => d.Id, StringComparer.Ordinal)
                .Select(d => $"{d.Id} {d.Status} {string.Join(' ', d.Keys)}"))
            .Concat(store.State.Stock.OrderBy(s => s.Key).Select(s => $"{s.Key} {s.Value}"))
            .Concat(log.Of(Topics.Deliveries).OrderBy(p => p.Partition).SelectMany(p => p.Entries).Select(e => e.EventId!).Distinct()));

    private long Said(string fleet, PartitionKey partition) =>
        log.Pulses.GetValueOrDefault($"{fleet}/{partition.Topic}/{partition.Partition}")?.NextOffset ?? 0;

    private static string? Unrest(StoreState state, string id)
    {
        if (!state.Payments.TryGetValue(id, out var payment))
        {
            return id + " has no document";
        }

        var delivery = state.Deliveries.GetValueOrDefault(id)?.Status;
        var isOver = payment.Status switch
        {
            PaymentStatus.Reserved or PaymentStatus.AwaitingPayment or PaymentStatus.Refunding => false,
            PaymentStatus.Paid => delivery is DeliveryStatus.Delivered or DeliveryStatus.Review,
            PaymentStatus.Refunded or PaymentStatus.SoldOut or PaymentStatus.Refused or PaymentStatus.Expired
                or PaymentStatus.Cancelled or PaymentStatus.Review => true,
            _ => false,
        };
        var asks = payment.Payments.Any(p => p.Refunds?.Any(r => r.State == RefundState.Asked) == true)
            || payment.Claims?.Any(c => c.NextAt is not null) == true;
        return isOver && !asks ? null : $"{id} is {payment.Status}, its delivery {delivery}, due {payment.Due:mm\\:ss}";
    }

    private void CheckMoney(string id, OrderPlaced placed, PaymentSaga payment, DeliverySaga? delivery)
    {
        CheckTrades(id, payment);
        if (payment.Status == PaymentStatus.Review || ReviewCases.OpenOf(payment).Any())
        {
            // A person decides: but only where something odd has happened.
            if (!liedAbout.Contains(id) && !checker.OperatorRefunds.Contains(id) && !IsUnheard(payment))
            {
                sim.Fail($"5: {id} is before a person without a reason: {payment.Reason} " +
                    string.Join(", ", ReviewCases.OpenOf(payment).Select(r => $"{r.Kind} of {r.Number}")));
            }

            return;
        }

        var kept = checker.Kept(id);
        var isDelivered = delivery?.Status == DeliveryStatus.Delivered;
        var isGivenBack = isDelivered && checker.OperatorRefunds.Contains(id) && payment.Status == PaymentStatus.Refunded;
        var expected = isDelivered && !isGivenBack ? placed.Amount : 0;
        if (kept != expected && !PaidFor(id).Any(t => IsFollowed(payment, t)))
        {
            sim.Fail($"5: {id} is {payment.Status}, its delivery {delivery?.Status}, and its providers hold {kept}, not {expected}");
        }
    }

    /// <summary>
    /// A provider that may take longer than its callers wait can refuse to close, be asked for minutes, and not be heard. What it
    /// says of money after that finds a person at it.
    /// </summary>
    private bool IsUnheard(PaymentSaga payment)
    {
        var open = ReviewCases.OpenOf(payment).ToList();
        return open.All(r => r.Kind is ReviewKind.Unclosable or ReviewKind.PaidInReview)
            && open.Any(r => r.Kind == ReviewKind.Unclosable
                && providers.Any(p => p.Trades.ContainsKey(r.Number!) && 2 * p.Faults.Latency > ResilienceOptions.Default.CallTimeout));
    }

    private void CheckTrades(string id, PaymentSaga payment)
    {
        foreach (var trade in PaidFor(id))
        {
            if (payment.Payments.All(p => p.Number != trade.Request.Number) && !IsFollowed(payment, trade))
            {
                sim.Fail($"3: {trade.Request.Number} was paid, and its order does not know it");
            }

            foreach (var (number, _) in trade.Refunds)
            {
                if (payment.Payments.All(p => p.Refunds?.All(r => r.Number != number) != false))
                {
                    sim.Fail($"3: refund {number} was done, and its order does not know it");
                }
            }
        }
    }

    private IEnumerable<Trade> PaidFor(string id) => providers.SelectMany(p => p.Trades.Values)
        .Where(t => t.PaidAt is not null && t.Request.Number.StartsWith(id, StringComparison.Ordinal));

    /// <summary>Paid when its time was long over, and asked about again at growing intervals.</summary>
    private static bool IsFollowed(PaymentSaga payment, Trade trade) =>
        payment.Attempts.Any(a => a.Number == trade.Request.Number && a.NextAt is not null);

    private void CheckDelivery(string id, OrderPlaced placed, StoreState state)
    {
        var delivery = state.Deliveries.GetValueOrDefault(id);
        var sold = state.Keys.Where(k => k.Value.OrderId == id).Select(k => k.Key).ToHashSet();
        if (delivery?.Status != DeliveryStatus.Delivered)
        {
            if (sold.Count > 0 || checker.Delivered.ContainsKey(id) || checker.WasShown(id))
            {
                sim.Fail($"10: {id} was delivered, and is {delivery?.Status} now");
            }

            return;
        }

        if (!checker.Delivered.TryGetValue(id, out var told))
        {
            sim.Fail($"7: {id} is delivered, and no event says so");
        }
        else if (!told.KeyIds.SequenceEqual(delivery.Keys) || !sold.SetEquals(delivery.Keys) || sold.Count != placed.Quantity)
        {
            sim.Fail($"2: {id} holds {sold.Count} keys, ordered {placed.Quantity}, told {told.KeyIds.Count}");
        }
        else if (state.KeysShown(id) is null)
        {
            sim.Fail($"5: {id} is delivered, and its buyer is shown no key");
        }
    }

    private void CheckNotification(PaymentNotification notification, PaymentSaga? payment)
    {
        if (payment is null)
        {
            sim.Fail($"3: a notification of {notification.OrderId} has vanished");
        }
        else if (notification.Status == NotifiedStatus.Paid
            && payment.Payments.All(p => p.Number != notification.Number)
            && payment.Claims?.Any(c => c.Number == notification.Number) != true)
        {
            sim.Fail($"3: {notification.Number} was notified as paid, and its order knows nothing of it");
        }
    }

    private void CheckStock(StoreState state, StockKey stock, StockRow row)
    {
        long Keys(KeyStatus status) => state.Keys.Values.LongCount(k => k.Stock == stock && k.Status == status);
        var paid = state.Deliveries.Values.Where(d => d.Reserved && d.Sku == stock.Sku).Sum(d => d.Quantity);
        var held = state.Payments.Values.Where(p => p is { Reserved: true, Order: not null } && p.Order.Sku == stock.Sku)
            .Sum(p => p.Order!.Quantity);
        var counted = new StockRow(
            Keys(KeyStatus.Unsold) + Keys(KeyStatus.Sold) + Keys(KeyStatus.Void), Keys(KeyStatus.Unsold) - paid - held,
            paid + held, held, Keys(KeyStatus.Sold), Keys(KeyStatus.Void));
        if (counted != row)
        {
            sim.Fail($"6: {stock.Sku} counts {row}, its rows say {counted}");
        }
    }
}
