using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;

namespace CardShop.Api.Admin;

/// <summary>From documents to what operators see. Every field is named here: a new one of a document shows nothing by itself.</summary>
public static class AdminOrderViews
{
    private const int MaxKeys = 200;

    private static readonly PaymentSaga Nothing = new(string.Empty, PaymentStatus.Review, null, false, [], [], [], null);

    public static AdminOrder Of(OrderDocuments row)
    {
        var saga = row.Payment ?? Nothing;
        return new(
            row.OrderId, row.Payment?.Status, saga.Reason, saga.Order is { } placed ? PlacedOf(placed) : null, saga.Reserved,
            saga.Due, saga.Version, [.. saga.Attempts.Select(AttemptOf)], [.. saga.Payments.Select(PaymentOf)],
            [.. (saga.Claims ?? []).Select(c => new AdminClaim(c.Number, c.Channel, c.Amount, c.Source, c.NextAt))],
            saga.Reviews ?? [], saga.Notifications.Count, row.Delivery is { } delivery ? DeliveryOf(delivery) : null,
            row.Archived is { } kept ? $"{kept.Status}, in {kept.Place}" : null, row.UnsentRows, row.ParkedMessages);
    }

    public static AdminReview ReviewOf(PaymentSaga saga) => new(
        saga.Id, saga.Status, saga.Order?.Sku, saga.Order is { } order ? new(order.Currency, order.Amount) : null,
        [.. ReviewCases.OpenOf(saga)]);

    private static AdminAttempt AttemptOf(PaymentAttempt attempt) => new(
        attempt.Number, attempt.Channel, attempt.Profile, attempt.Amount, attempt.Currency, attempt.OpenedAt, attempt.ExpiresAt,
        attempt.Closed ? "closed" : attempt.Link is null ? "opening" : "open");

    private static AdminPayment PaymentOf(ReceivedPayment payment) => new(
        payment.Number, payment.TradeNo, payment.Amount, payment.At, payment.Source, payment.Use,
        [.. (payment.Refunds ?? []).Select(r => new AdminRefund(r.Number, r.Amount, r.State, r.AskedAt, r.Reason))]);

    private static AdminPlaced PlacedOf(OrderPlaced order) => new(
        order.Sku, order.ProductName, order.Kind, order.Quantity, new(order.Currency, order.Amount), order.Channel, order.Region,
        order.AcceptedAt);

    private static AdminDelivery DeliveryOf(DeliverySaga saga) => new(
        saga.Status, saga.Reserved, saga.CreatedAt, saga.DeliveredAt, saga.WaitUntil, saga.Due, saga.Version, saga.Keys.Count,
        [.. saga.Keys.Take(MaxKeys)]);
}
