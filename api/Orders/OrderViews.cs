using CardShop.Api.Payments;
using CardShop.Api.Tables;
using CardShop.Contracts;
using CardShop.Shop.Channels.UnionPay;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>From an order's documents to what its buyer sees. Pure.</summary>
public static class OrderViews
{
    /// <param name="place">The order's place in the queue; null once it is processed, or where the token says none.</param>
    /// <param name="publicUrl">Before the path of a page of ours; null: the path alone.</param>
    /// <returns>Null when there is no such order (only possible for a token without an offset).</returns>
    public static OrderView? Of(string orderId, OrderToken token, StoredOrder? stored, QueuePlace? place, string? publicUrl)
    {
        if (stored is not { Payment.Order: { } order })
        {
            // A tombstone of a cancel that came first is not an order yet.
            return stored is null && token.Offset < 0 ? null
                : stored is { Payment.Status: PaymentStatus.Review } ? new(orderId, token.Sku, "review")
                : new(orderId, token.Sku, "queued", Queue: place ?? new(0, 0));
        }

        var status = StatusOf(stored);
        var view = new OrderView(
            orderId, order.Sku, status, order.Quantity, new(order.Currency, order.Amount), order.AcceptedAt);
        if (stored.Keys is { } keys)
        {
            // What was shown stays: money that was given back afterwards takes no key out of a buyer's hands.
            view = view with
            {
                Delivery = new(stored.Delivery!.DeliveredAt!.Value, [.. keys.Select(k => new KeyView(k.Number, k.Secret))]),
            };
        }

        return status switch
        {
            "queued" => view with { Queue = place ?? new(0, 0) },
            "awaiting-payment" when stored.Payment.Attempts is [.., { Link: { } link } attempt] => view with
            {
                Payment = new(attempt.Channel, LinkOf(attempt.Number, link, publicUrl), attempt.Qr, attempt.ExpiresAt),
            },
            _ => view,
        };
    }

    /// <summary>A page that opens by a posted form alone has a form of ours as its link.</summary>
    private static string LinkOf(string number, string link, string? publicUrl) =>
        UnionPayPage.Split(link) is null ? link : publicUrl + FormEndpoint.Path + number;

    /// <summary>What the two sagas come to for the buyer.</summary>
    private static string StatusOf(StoredOrder stored) => stored.Payment.Status switch
    {
        PaymentStatus.Reserved => "queued",
        PaymentStatus.AwaitingPayment => "awaiting-payment",
        PaymentStatus.Paid when stored.Keys is not null => "delivered",
        PaymentStatus.Paid when stored.Delivery is { Status: DeliveryStatus.Review or DeliveryStatus.Failed } => "review",
        PaymentStatus.Paid => "paid",
        PaymentStatus.Refunding => "refunding",
        PaymentStatus.Refunded => "refunded",
        PaymentStatus.SoldOut => "sold-out",
        PaymentStatus.Refused => "refused",
        PaymentStatus.Expired => "expired",
        PaymentStatus.Cancelled => "cancelled",
        PaymentStatus.Review when stored.Keys is not null => "delivered",
        PaymentStatus.Review => "review",
        _ => throw new ArgumentOutOfRangeException(nameof(stored), stored.Payment.Status, "Unknown status."),
    };
}
