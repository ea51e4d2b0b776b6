using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;

namespace CardShop.Tests.Unit.Orders;

/// <summary>An order in every state, reached by the messages that lead there.</summary>
internal static class An
{
    public const string Id = "abcdefghijklmnopqrstuvwxyz";
    public const string Number = Id + "01";
    public const int Quantity = 2;
    public const long Amount = 2_000;

    public static readonly DateTimeOffset Start = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    public static readonly DateTimeOffset Expiry = Start + TimeSpan.FromMinutes(15);

    public static readonly Guid[] TwoKeys = [new(1, 0, 0, new byte[8]), new(2, 0, 0, new byte[8])];

    public static OrderPlaced Order(
        string id = Id, HoldPolicy hold = HoldPolicy.Order, int waitSeconds = 0, int quantity = Quantity, string sku = "S",
        DateTimeOffset? acceptedAt = null, ProductKind kind = ProductKind.Unique) => new(
        id, sku, quantity, 1_000, 1_000 * quantity, "CNY", "Card", hold, 900, waitSeconds, 1, "alipay", "a",
        acceptedAt ?? Start, "hash", "contact", "contacthash", Kind: kind);

    /// <summary>What an operator wrote, sealed.</summary>
    public static SealedText Text(int id = 7) => new(new(new(id, 0, 0, new byte[8]), [1, 2, 3]), "kek-1");

    /// <summary>A paid order of manual goods.</summary>
    public static OrderCase Manual(int waitSeconds = 0) =>
        Paid(Order(waitSeconds: waitSeconds, kind: ProductKind.Manual));

    public static PaymentMessage Placed(OrderPlaced? order = null) => new PaymentMessage.Placed(order ?? Order());

    public static PaymentMessage Cancel(string id = Id) => new PaymentMessage.Cancel(new(id, "S", Start));

    public static PaymentNotification Notification(
        string id = Id, string? number = null, string notifyId = "n1", NotifiedStatus status = NotifiedStatus.Paid,
        long amount = Amount, DateTimeOffset? at = null) => new(
        id, "alipay", "default", "serial", number ?? id + "01", "trade", notifyId, "merchant", status, amount, "CNY",
        at ?? Start, at ?? Start, "application/x-www-form-urlencoded", []);

    public static PaymentMessage Notified(PaymentNotification? notification = null) =>
        new PaymentMessage.Notified(notification ?? Notification());

    public static PaymentMessage Linked(string id = Id) => new PaymentMessage.Requested(
        id, id + "01", new(ChannelResult.Done, Link: "https://pay.example/" + id));

    public static PaymentMessage Requested(ChannelResult result) =>
        new PaymentMessage.Requested(Id, Number, new(result, Code: "CODE"));

    public static PaymentMessage Checked(ChannelResult result) => new PaymentMessage.Checked(Id, Number, new(result));

    public static PaymentMessage Checked(
        TradeStatus status, long amount = Amount, string? number = null, string currency = "CNY") =>
        new PaymentMessage.Checked(
            Id, number ?? Number,
            new(ChannelResult.Done, Trade: new(number ?? Number, "trade", status, amount, currency, Start)));

    public static PaymentMessage CloseAnswered(ChannelResult result) =>
        new PaymentMessage.CloseAnswered(Id, Number, new(result));

    public static PaymentMessage RefundAnswered(ChannelResult result, string number = Number) =>
        new PaymentMessage.RefundAnswered(Id, number, number + "R1", new(result, Code: "CODE"));

    /// <param name="second">When it was asked for.</param>
    public static PaymentMessage Switch(string channel, string id = Id, int second = 0) =>
        new PaymentMessage.SwitchChannel(new(id, "S", channel, Start.AddSeconds(second)));

    public static OperatorAct By(string commandId = "c1") => new(commandId, "ann", Start);

    public static PaymentMessage Found(StatementFault fault, string number = Number, string id = "f1") =>
        new PaymentMessage.StatementFinding(
            Id, id, fault, "alipay", "default", number, "trade", Amount, "CNY", "line 7", Start);

    public static PaymentMessage PaymentDue => new PaymentMessage.Due(Id);

    public static DeliveryMessage Deliver => new DeliveryMessage.Deliver(Id);

    public static DeliveryMessage DeliveryDue => new DeliveryMessage.Due(Id);

    public static DeliveryMessage StockArrived => new DeliveryMessage.StockArrived(Id);

    public static OrderCase Reserved(OrderPlaced? order = null) =>
        Scenario.Given(OrderCase.None).At(Start).When(Placed(order)).Decision.Case;

    public static OrderCase AwaitingPayment(OrderPlaced? order = null) =>
        Scenario.Given(Reserved(order)).When(Linked()).Decision.Case;

    public static OrderCase Paid(OrderPlaced? order = null) =>
        Scenario.Given(AwaitingPayment(order)).When(Notified()).Decision.Case;

    public static OrderCase Delivered(OrderPlaced? order = null) =>
        Scenario.Given(Paid(order)).WithKeys(TwoKeys).When(Deliver).Decision.Case;

    public static OrderCase Expired(OrderPlaced? order = null) =>
        Scenario.Given(AwaitingPayment(order)).At(Expiry).When(CloseAnswered(ChannelResult.Done)).Decision.Case;

    public static OrderCase Cancelled(OrderPlaced? order = null) =>
        Scenario.Given(AwaitingPayment(order)).When(Cancel()).Decision.Case;

    public static OrderCase SoldOut(OrderPlaced? order = null) =>
        Scenario.Given(OrderCase.None).With(available: 1).When(Placed(order)).Decision.Case;

    public static OrderCase Refused()
    {
        var order = SoldOut();
        return order with { Payment = order.Payment! with { Status = PaymentStatus.Refused } };
    }

    /// <summary>Paid late, with nothing left: the delivery is withdrawn and the refund asked for.</summary>
    public static OrderCase Refunding() => Scenario.Given(Expired()).With(available: 0).When(Notified()).Decision.Case;

    public static OrderCase Refunded() =>
        Scenario.Given(Refunding()).When(RefundAnswered(ChannelResult.Done)).Decision.Case;

    public static OrderCase InReview() =>
        Scenario.Given(AwaitingPayment()).When(Notified(Notification(amount: 1))).Decision.Case;

    /// <summary>Paid late, nothing left, and the product lets buyers wait.</summary>
    public static OrderCase WaitingStock() => Scenario.Given(Expired(Order(waitSeconds: 3_600))).With(available: 0)
        .At(Expiry + TimeSpan.FromMinutes(1)).When(Notified()).Decision.Case;

    public static OrderCase DeliveryInReview()
    {
        var scenario = Scenario.Given(Paid());
        for (var i = 0; i < 5; i++)
        {
            scenario = scenario.When(Deliver).Then;
        }

        return scenario.Order;
    }

    /// <summary>The order with its delivery set to a state that only operators reach.</summary>
    public static OrderCase WithDelivery(DeliveryStatus status)
    {
        var order = Paid();
        return order with { Delivery = order.Delivery! with { Status = status, Reserved = false, Due = null } };
    }

    public static OrderCase In(PaymentStatus status) => status switch
    {
        PaymentStatus.Reserved => Reserved(),
        PaymentStatus.AwaitingPayment => AwaitingPayment(),
        PaymentStatus.Paid => Paid(),
        PaymentStatus.Refunding => Refunding(),
        PaymentStatus.Refunded => Refunded(),
        PaymentStatus.SoldOut => SoldOut(),
        PaymentStatus.Refused => Refused(),
        PaymentStatus.Expired => Expired(),
        PaymentStatus.Cancelled => Cancelled(),
        PaymentStatus.Review => InReview(),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A state without a sample."),
    };

    public static OrderCase In(DeliveryStatus status) => status switch
    {
        DeliveryStatus.Allocating => Paid(),
        DeliveryStatus.Delivered => Delivered(),
        DeliveryStatus.WaitingStock => WaitingStock(),
        DeliveryStatus.Manual => Manual(),
        DeliveryStatus.Withdrawn => Refunding(),
        DeliveryStatus.Failed => WithDelivery(DeliveryStatus.Failed),
        DeliveryStatus.Review => DeliveryInReview(),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A state without a sample."),
    };
}
