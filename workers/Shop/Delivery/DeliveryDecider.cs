using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Delivery;

/// <summary>Everything that can happen to an order's delivery.</summary>
public abstract record DeliveryMessage(string OrderId)
{
    /// <summary>Hand over what was paid: a command, or a due time that stands for a lost one.</summary>
    public sealed record Deliver(string OrderId) : DeliveryMessage(OrderId);

    /// <summary>The due time has come.</summary>
    public sealed record Due(string OrderId) : DeliveryMessage(OrderId);

    /// <summary>Keys of the product were imported.</summary>
    public sealed record StockArrived(string OrderId) : DeliveryMessage(OrderId);
}

/// <summary>
/// The delivery saga: allocating → delivered, or waiting-stock, manual, withdrawn, failed, review. An order's keys are
/// allocated whole or not at all. Pure.
/// </summary>
public static class DeliveryDecider
{
    private const int MaxShortPicks = 5;

    /// <summary>
    /// An import wakes those who wait when it is processed. An order that began to wait at the same moment, that is larger than
    /// what the import brought, or for which units are given back, finds them at its next look.
    /// </summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMinutes(1);

    /// <summary>When an order that waits for stock looks for it again.</summary>
    /// <param name="until">The end of its wait.</param>
    public static DateTimeOffset NextLook(DateTimeOffset until, DateTimeOffset now) =>
        until < now + BetweenLooks ? until : now + BetweenLooks;

    /// <summary>How many keys the order needs picked for this message; 0 where none.</summary>
    public static int Demand(OrderCase order, DeliveryMessage message, DateTimeOffset now) =>
        order.Delivery is { Status: DeliveryStatus.Allocating, Reserved: true } saga
            && (message is DeliveryMessage.Deliver || (message is DeliveryMessage.Due && saga.Due <= now))
            ? saga.Quantity
            : 0;

    public static Decision Decide(OrderCase order, DeliveryMessage message, Facts facts, DateTimeOffset now)
    {
        var decision = (order.Delivery?.Status, message) switch
        {
            (DeliveryStatus.Allocating, DeliveryMessage.Deliver) => Allocate(order, facts, now),
            (DeliveryStatus.Allocating, DeliveryMessage.Due) when order.Delivery!.Due <= now => Allocate(order, facts, now),
            (DeliveryStatus.WaitingStock, DeliveryMessage.StockArrived) => Reserve(order, facts, now),
            (DeliveryStatus.WaitingStock, DeliveryMessage.Due) when order.Delivery!.Due <= now => Look(order, facts, now),
            (DeliveryStatus.Manual, DeliveryMessage.Due) when order.Delivery!.Due <= now => Overdue(order, now),
            _ => Decision.NoChange(order),
        };
        return decision.Stamped(order);
    }

    private static Decision Allocate(OrderCase order, Facts facts, DateTimeOffset now)
    {
        var saga = order.Delivery!;
        if (facts.Keys.Count < saga.Quantity)
        {
            return Short(order, saga, now);
        }

        var delivered = saga with
        {
            Status = DeliveryStatus.Delivered,
            Reserved = false,
            Keys = [.. facts.Keys.Take(saga.Quantity)],
            DeliveredAt = now,
            Due = null,
        };
        var placed = order.Payment!.Order!;
        return new(
            order with { Delivery = delivered },
            [
                new OrderDelivered(
                    saga.Id, saga.Sku, saga.Quantity, placed.Amount, placed.Currency, now, delivered.Keys, 0),
            ],
            StockDelta.Sell(saga.Quantity));
    }

    /// <summary>Fewer keys than the reservation promises: another transaction holds them for a moment, or rows are wrong.</summary>
    private static Decision Short(OrderCase order, DeliverySaga saga, DateTimeOffset now)
    {
        var picks = saga.ShortPicks + 1;
        if (picks < MaxShortPicks)
        {
            return new(
                order with { Delivery = saga with { ShortPicks = picks, Due = now + TimeSpan.FromSeconds(1) } }, []);
        }

        const string Reason = "Fewer keys than reserved, five times";
        return new(
            InReview(order, saga with { ShortPicks = picks }, ReviewKind.ShortPick, Reason, now),
            [new DeliveryFailed(saga.Id, saga.Sku, saga.Quantity, Reason, now, 0), new SagaFact()]);
    }

    /// <summary>Nobody has handed the goods over: they still can be, and the money can go back.</summary>
    private static Decision Overdue(OrderCase order, DateTimeOffset now)
    {
        const string Reason = "No operator has handed it over in time";
        var saga = order.Delivery!;
        return new(
            InReview(order, saga, ReviewKind.ManualOverdue, Reason, now),
            [new DeliveryFailed(saga.Id, saga.Sku, saga.Quantity, Reason, now, 0), new SagaFact()]);
    }

    private static OrderCase InReview(
        OrderCase order, DeliverySaga saga, ReviewKind kind, string reason, DateTimeOffset now) => new(
        order.Payment is { } payment ? ReviewCases.Open(payment, kind, reason, now) : null,
        saga with { Status = DeliveryStatus.Review, Due = null });

    private static Decision Reserve(OrderCase order, Facts facts, DateTimeOffset now)
    {
        var saga = order.Delivery!;
        return facts.Available < saga.Quantity
            ? Decision.NoChange(order)
            : new(
                order with
                {
                    Delivery = saga with
                    {
                        Status = DeliveryStatus.Allocating,
                        Reserved = true,
                        WaitUntil = null,
                        Due = now + facts.Settings.ResendAfter,
                    },
                },
                [new DeliverOrder(saga.Id, 0)],
                StockDelta.Reserve(saga.Quantity));
    }

    /// <summary>What is there now is delivered; else it waits on, and when the wait is over the money goes back.</summary>
    private static Decision Look(OrderCase order, Facts facts, DateTimeOffset now)
    {
        var saga = order.Delivery!;
        if (facts.Available >= saga.Quantity)
        {
            return Reserve(order, facts, now);
        }

        if (saga.WaitUntil is { } until && now < until)
        {
            return new(order with { Delivery = saga with { Due = NextLook(until, now) } }, []);
        }

        var covering = order.Payment is { } payment ? RefundDecider.Covering(payment) : null;
        return covering is null || RefundDecider.Left(covering) != covering.Amount
            ? new(InReview(order, saga, ReviewKind.ShortPick, "It waits for stock, but no payment stands behind it", now), [new SagaFact()])
            : RefundDecider.RefundUndelivered(order, covering.Number, "No stock came in time", now, default);
    }
}
