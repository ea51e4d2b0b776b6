using CardShop.Contracts;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;

namespace CardShop.Shop.Recovery;

/// <summary>An input of one order as the log has it, and when it was appended.</summary>
public sealed record TimedInput(DateTimeOffset At, PaymentMessage Message);

/// <summary>
/// Everything that is known of one order: what the database has, and what the log says since it was backed up.
/// </summary>
/// <param name="Restored">The documents as the database has them now.</param>
/// <param name="Fact">The highest snapshot on shop.saga-facts.v1; null where there is none.</param>
/// <param name="Events">What shop.deliveries.v1 has of it, in order: OrderDelivered, KeyReplaced and the others.</param>
/// <param name="Orders">Inputs of shop.orders.v1 in their order.</param>
/// <param name="Notifications">Inputs of shop.payment-notifications.v1 in their order.</param>
/// <param name="Texts">What operators handed over to it: batches of one key.</param>
public sealed record OrderEvidence(
    string OrderId,
    OrderCase Restored,
    PaymentSaga? Fact,
    IReadOnlyList<object> Events,
    IReadOnlyList<TimedInput> Orders,
    IReadOnlyList<TimedInput> Notifications,
    IReadOnlyList<KeysImported> Texts);

/// <summary>What an order comes to.</summary>
/// <param name="Case">Its documents; the same objects as restored where nothing changed.</param>
/// <param name="Records">
/// Facts and events of inputs that nobody had processed: nobody has been told of them. Commands are not among them: they are
/// due times in the documents.
/// </param>
/// <param name="Sold">Keys that are sold to it.</param>
/// <param name="Replaced">Keys that were sold to it and are void now.</param>
/// <param name="Texts">Texts that are to be stored: those that an event names.</param>
/// <param name="Applied">Inputs that changed something.</param>
/// <param name="Source">Where its payment came from.</param>
public sealed record RebuiltOrder(
    OrderCase Case,
    IReadOnlyList<OutRecord> Records,
    IReadOnlyList<SoldKey> Sold,
    IReadOnlyList<KeySale> Replaced,
    IReadOnlyList<KeysImported> Texts,
    int Applied,
    PaymentSource Source);

/// <summary>A key that an event says was sold.</summary>
public readonly record struct SoldKey(Guid Key, DateTimeOffset At);

/// <summary>Where a rebuilt payment came from.</summary>
public enum PaymentSource
{
    Database,
    Snapshot,

    /// <summary>There was nothing but its OrderPlaced, or another input.</summary>
    Inputs,
}
