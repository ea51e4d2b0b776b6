using CardShop.Contracts;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Orders;

/// <summary>The whole state of one order: what a decision looks at and changes.</summary>
public sealed record OrderCase(PaymentSaga? Payment, DeliverySaga? Delivery)
{
    public static readonly OrderCase None = new(null, null);
}

/// <summary>What a decision may know besides the state.</summary>
/// <param name="Available">Units of the order's product that are neither reserved nor sold.</param>
/// <param name="Keys">Unsold keys picked for the order; empty where none was asked for.</param>
/// <param name="Settings">The shop's settings.</param>
/// <param name="Held">Units of the product that unpaid orders hold.</param>
/// <param name="OpenOfContact">Unpaid orders of the order's contact; counted for a new order alone.</param>
/// <param name="OpenOfNetwork">Unpaid orders of the order's network; the same.</param>
/// <param name="Down">Merchant profiles that do not answer now, as <c>channel/profile</c>; null = all are up.</param>
public sealed record Facts(
    long Available, IReadOnlyList<Guid> Keys, ShopSettings Settings, long Held = 0, int OpenOfContact = 0,
    int OpenOfNetwork = 0, IReadOnlySet<string>? Down = null);

/// <summary>Asks that the PaymentSaga, as it is after the decision, goes to shop.saga-facts.v1.</summary>
public sealed record SagaFact;

/// <summary>
/// The new state, what is to be sent (commands, events, <see cref="SagaFact"/>, <see cref="KeysImported"/> with a text that is
/// handed over), and the change of stock.
/// </summary>
public sealed record Decision(OrderCase Case, IReadOnlyList<object> Sends, StockDelta Stock = default)
{
    /// <summary>A repeat, or nothing to do.</summary>
    public static Decision NoChange(OrderCase order) => new(order, []);

    /// <summary>
    /// Counts up the versions of what changed, and writes them into commands and events. The sequence of an event is the
    /// sum of both sagas' versions after the decision: it rises with every event of an order.
    /// </summary>
    public Decision Stamped(OrderCase before)
    {
        if (ReferenceEquals(Case, before) && Sends.Count == 0)
        {
            return this;
        }

        var payment = ReferenceEquals(Case.Payment, before.Payment) || Case.Payment is null
            ? Case.Payment
            : Case.Payment with { Version = (before.Payment?.Version ?? 0) + 1 };
        var delivery = ReferenceEquals(Case.Delivery, before.Delivery) || Case.Delivery is null
            ? Case.Delivery
            : Case.Delivery with { Version = (before.Delivery?.Version ?? 0) + 1 };
        var version = payment?.Version ?? 0;
        var sequence = version + (delivery?.Version ?? 0);
        return new(new(payment, delivery), [.. Sends.Select(s => Stamp(s, version, sequence))], Stock);
    }

    private static object Stamp(object send, int version, int sequence) => send switch
    {
        RequestPayment m => m with { SagaVersion = version },
        CheckPayment m => m with { SagaVersion = version },
        ClosePayment m => m with { SagaVersion = version },
        RefundPayment m => m with { SagaVersion = version },
        DeliverOrder m => m with { SagaVersion = version },
        OrderDelivered e => e with { Sequence = sequence },
        OrderRefunded e => e with { Sequence = sequence },
        OrderExpired e => e with { Sequence = sequence },
        DeliveryFailed e => e with { Sequence = sequence },
        KeyReplaced e => e with { Sequence = sequence },
        SagaFact or KeysImported => send,
        _ => throw new ArgumentOutOfRangeException(nameof(send), send.GetType(), "Not a message that orders send."),
    };
}
