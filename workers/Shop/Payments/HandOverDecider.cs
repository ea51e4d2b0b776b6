using CardShop.Contracts;
using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Payments;

/// <summary>
/// What operators hand to buyers: the text of manual goods, and what replaces a faulty key. A text is a key that is sold the
/// moment it exists: sealed, counted as imported and sold, shown under the same rule as keys from stock. Pure.
/// </summary>
internal static class HandOverDecider
{
    /// <summary>A paid order of manual goods: an operator has the product's time, then a person is told.</summary>
    public static DeliverySaga Awaited(OrderPlaced placed, Facts facts, DateTimeOffset now)
    {
        var until = now + (placed.WaitSeconds > 0 ? TimeSpan.FromSeconds(placed.WaitSeconds) : facts.Settings.ManualWithin);
        return new(
            placed.OrderId, DeliveryStatus.Manual, placed.Sku, placed.Quantity, placed.Region, false, now, [], null, until, until);
    }

    public static string? AgainstHandOver(OrderCase order, PaymentSaga saga) =>
        saga.Order is not { Kind: ProductKind.Manual }
            ? "These are no manual goods: keys come from stock, 'shopctl review deliver' delivers them"
            : OperatorDecider.AgainstAnyDelivery(order, saga);

    public static Decision HandOver(OrderCase order, PaymentMessage.OperatorHandOver m, DateTimeOffset now)
    {
        var saga = order.Payment!;
        var placed = saga.Order!;
        var delivered = (order.Delivery ?? new(
            saga.Id, DeliveryStatus.Manual, placed.Sku, placed.Quantity, placed.Region, false, now, [], null, null, null))
            with
        {
            Status = DeliveryStatus.Delivered,
            Keys = [m.Text.Key.Id],
            DeliveredAt = now,
            WaitUntil = null,
            Due = null,
        };
        var paid = ReviewCases.Close(saga, _ => true, $"Delivered by {m.By.Operator}", now) with
        {
            Status = PaymentStatus.Paid,
            Reason = $"Handed over by {m.By.Operator}",
        };
        return new(
            new(paid, delivered),
            [
                Imported(placed, m.Text, now),
                new OrderDelivered(
                    saga.Id, placed.Sku, placed.Quantity, placed.Amount, placed.Currency, now, delivered.Keys, 0),
            ],
            new(Imported: 1, Sold: 1));
    }

    public static string? AgainstReplacement(
        OrderCase order, PaymentSaga saga, PaymentMessage.OperatorReplace m, Facts facts)
    {
        if (order.Delivery is not { Status: DeliveryStatus.Delivered } delivery)
        {
            return "The order is not delivered";
        }

        if (!delivery.Keys.Contains(m.KeyId))
        {
            return $"Key {m.KeyId} is none of the order's, or was replaced before";
        }

        if (saga.Status is PaymentStatus.Refunding or PaymentStatus.Refunded)
        {
            return "All of its money is given back, or about to be";
        }

        return saga.Order is { Kind: ProductKind.Manual } == m.Text is null
            ? m.Text is null ? "These are manual goods: say the text that replaces the old one" : "Its keys come from stock, not from a text"
            : m.Text is not null ? null
            : facts.Available < 1 ? "No unit is available: import keys, then say it again"
            : facts.Keys is not [var next, ..] ? "Others are taking the keys in stock just now: say it again in a moment"
            : KeyVault.IsSameText(next, m.KeyId)
                ? "The next unit in stock is the same text: void what is left of it, import another key, then say it again"
            : null;
    }

    /// <summary>The old key becomes void and stays with its order; the new one is sold in its place.</summary>
    public static Decision Replace(OrderCase order, PaymentMessage.OperatorReplace m, Facts facts, DateTimeOffset now)
    {
        var (saga, delivery) = (order.Payment!, order.Delivery!);
        var fresh = m.Text?.Key.Id ?? facts.Keys[0];
        object[] import = m.Text is { } text ? [Imported(saga.Order!, text, now)] : [];
        return new(
            order with { Delivery = delivery with { Keys = [.. delivery.Keys.Select(k => k == m.KeyId ? fresh : k)] } },
            [.. import, new KeyReplaced(saga.Id, delivery.Sku, m.KeyId, fresh, now, 0)],
            m.Text is null ? StockDelta.Discard(1) : new(Imported: 1, Void: 1));
    }

    /// <summary>
    /// The text goes to the log with all other keys, so that what was handed over survives the database. Its batch is
    /// noted by the same transaction: the fleet that meets the record finds it done.
    /// </summary>
    private static KeysImported Imported(OrderPlaced placed, SealedText text, DateTimeOffset now) => new(
        $"manual-{placed.OrderId}-{text.Key.Id:N}", placed.Sku, placed.Region, text.KeyEncryptionKey, now, [text.Key]);
}
