using CardShop.Contracts;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;

namespace CardShop.Shop.Recovery;

/// <summary>
/// Rebuilds one order after its database was lost: the highest snapshot of its payment or the restored one, its delivery
/// as events and refunds say, then the inputs that it has not seen, by the same deciders as ever and with their own times.
/// Nothing new is decided about money or stock here: stock and limits are taken for unbounded, and what must be asked of
/// providers is left due. Pure; rebuilding what was rebuilt changes nothing.
/// </summary>
public static class OrderRebuilder
{
    /// <summary>More than any product has: whether there is enough is settled afterwards, for all orders together.</summary>
    private const long Unbounded = 1_000_000_000_000;

    /// <exception cref="RecoveryException">The log names a delivery of an order that it does not know.</exception>
    public static RebuiltOrder Rebuild(OrderEvidence evidence, ShopSettings settings, DateTimeOffset now)
    {
        var facts = new Facts(Unbounded, [], settings);
        var history = DeliveryHistory.Of(evidence);
        var restored = evidence.Restored;
        var isFactNewer = evidence.Fact is { } fact && fact.Version > (restored.Payment?.Version ?? 0);
        var start = new OrderCase(isFactNewer ? evidence.Fact : restored.Payment, restored.Delivery);
        var order = DeliveryRebuilder.Align(Floored(start, history.Sequence), history, restored, facts, now);
        var records = new List<OutRecord>();
        var applied = 0;
        foreach (var input in Merged(evidence.Orders, evidence.Notifications))
        {
            if (IsSeen(order.Payment, input.Message))
            {
                continue;
            }

            var decision = PaymentDecider.Decide(order, input.Message, facts, input.At);
            if (ReferenceEquals(decision.Case, order) && decision.Sends.Count == 0)
            {
                continue;
            }

            applied++;
            records.AddRange(decision.Sends.Where(s => !history.HasTold(s))
                .Select(s => OrderMessages.ToRecord(s, decision.Case, input.At)).OfType<OutRecord>());
            order = DeliveryRebuilder.Align(decision.Case, history, restored, facts, now);
        }

        order = Hastened(Floored(Judged(order, history, now), history.Sequence), now);
        return new(
            Versioned(order, restored), records, history.Sold, [.. history.Replaced.Select(k => new KeySale(k, evidence.OrderId))],
            history.Texts, applied,
            isFactNewer ? PaymentSource.Snapshot : restored.Payment is null ? PaymentSource.Inputs : PaymentSource.Database);
    }

    /// <summary>
    /// Whatever an open order waits for is asked of its provider now: it may have been paid, and an attempt may be there that
    /// the database did not know. The same for refunds, and for money that was only said to have come.
    /// </summary>
    public static PaymentSaga Hastened(PaymentSaga saga, DateTimeOffset now)
    {
        var isOpen = Attempts.IsOpen(saga);
        var attempts = saga.Attempts.Select(a =>
            isOpen && !a.Closed && !Attempts.IsBooked(saga, a.Number) ? a with { NextAt = Earlier(a.NextAt, now) } : a);
        var payments = saga.Payments.Select(p => p.Refunds is { } refunds && refunds.Any(r => r.State == RefundState.Asked)
            ? p with
            {
                Refunds = [.. refunds.Select(
                    r => r.State == RefundState.Asked ? r with { NextAt = Earlier(r.NextAt, now) } : r)],
            }
            : p);
        var claims = saga.Claims?.Select(c => c.NextAt is null ? c : c with { NextAt = Earlier(c.NextAt, now) });
        var hastened = saga with
        {
            Attempts = [.. attempts],
            Payments = [.. payments],
            Claims = claims is null ? null : [.. claims],
        };
        return Same(saga, hastened) ? saga : Schedule.Dated(hastened);
    }

    private static OrderCase Hastened(OrderCase order, DateTimeOffset now)
    {
        var delivery = order.Delivery is { Status: DeliveryStatus.Allocating } d && d.Due != Earlier(d.Due, now)
            ? d with { Due = now }
            : order.Delivery;
        return new(order.Payment is { } payment ? Hastened(payment, now) : null, delivery);
    }

    private static DateTimeOffset Earlier(DateTimeOffset? at, DateTimeOffset now) => at < now ? at.Value : now;

    /// <summary>Events of the order that partners know are below every event to come: versions never fall.</summary>
    private static OrderCase Floored(OrderCase order, int sequence) =>
        order.Payment is { } payment && payment.Version + (order.Delivery?.Version ?? 0) < sequence
            ? order with { Payment = payment with { Version = sequence - (order.Delivery?.Version ?? 0) } }
            : order;

    /// <summary>
    /// The two streams in the order of their times, each in its own order. An order's inputs stand in one partition of
    /// each topic, so there are no more than two.
    /// </summary>
    private static IEnumerable<TimedInput> Merged(IReadOnlyList<TimedInput> orders, IReadOnlyList<TimedInput> notifications)
    {
        var (i, j) = (0, 0);
        while (i < orders.Count || j < notifications.Count)
        {
            var first = j == notifications.Count || (i < orders.Count && orders[i].At <= notifications[j].At);
            yield return first ? orders[i++] : notifications[j++];
        }
    }

    /// <summary>
    /// Notifications are known by their ids and cancels by what they end. A switch leaves another attempt: what was asked for
    /// before that was opened has been answered, and what was asked for before the order was there has been dropped.
    /// </summary>
    private static bool IsSeen(PaymentSaga? saga, PaymentMessage message) =>
        message is PaymentMessage.SwitchChannel { Request.RequestedAt: var at } && saga is not null
            && (at < saga.Order?.AcceptedAt || saga.Attempts.Skip(1).Any(a => at <= a.OpenedAt));

    /// <summary>What the events say and no snapshot does.</summary>
    private static OrderCase Judged(OrderCase order, DeliveryHistory history, DateTimeOffset now)
    {
        if (order.Payment is not { } payment)
        {
            return history.Delivered is { } e
                ? throw new RecoveryException(
                    $"Order {e.OrderId} was delivered, but neither the order nor a snapshot of it is in the log: " +
                    "the log does not reach back far enough.")
                : order;
        }

        const string Unpaid = "It was delivered, but no payment is on record";
        var judged = payment;
        if (history.IsExpired && Attempts.IsOpen(payment))
        {
            // Partners were told so, and its provider had closed it before.
            judged = payment with { Status = PaymentStatus.Expired, Reserved = false };
        }
        else if (history.Delivered is not null && RefundDecider.Covering(payment) is null)
        {
            judged = ReviewCases.Open(payment, ReviewKind.Poison, Unpaid, now) with
            {
                Status = PaymentStatus.Review,
                Reserved = false,
                Reason = Unpaid,
            };
        }

        return Same(judged, payment) ? order : order with { Payment = judged with { Version = payment.Version + 1 } };
    }

    /// <summary>Each document that changed has a higher version than the database has; one that did not is the same object.</summary>
    private static OrderCase Versioned(OrderCase order, OrderCase restored)
    {
        var payment = order.Payment is null || Same(order.Payment, restored.Payment)
            ? restored.Payment
            : order.Payment with
            {
                Version = Math.Max(order.Payment.Version, (restored.Payment?.Version ?? 0) + 1),
                Outbox = restored.Payment?.Outbox ?? 0,
            };
        var delivery = order.Delivery is null || Same(order.Delivery, restored.Delivery)
            ? restored.Delivery
            : order.Delivery with
            {
                Version = Math.Max(order.Delivery.Version, (restored.Delivery?.Version ?? 0) + 1),
                Outbox = restored.Delivery?.Outbox ?? 0,
            };
        return new(payment, delivery);
    }

    internal static bool Same(PaymentSaga a, PaymentSaga? b) =>
        b is not null && (ReferenceEquals(a, b) || Json(a with { Outbox = 0 }) == Json(b with { Outbox = 0 }));

    internal static bool Same(DeliverySaga a, DeliverySaga? b) =>
        b is not null && (ReferenceEquals(a, b) || Json(a with { Outbox = 0 }) == Json(b with { Outbox = 0 }));

    private static string Json(PaymentSaga saga) =>
        System.Text.Json.JsonSerializer.Serialize(saga, ContractsJson.Default.PaymentSaga);

    private static string Json(DeliverySaga saga) =>
        System.Text.Json.JsonSerializer.Serialize(saga, ContractsJson.Default.DeliverySaga);
}
