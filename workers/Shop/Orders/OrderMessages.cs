using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Delivery;
using CardShop.Shop.Payments;

namespace CardShop.Shop.Orders;

/// <summary>Between the wire and the deciders: what arrives is decoded, what a decision sends is encoded.</summary>
public static class OrderMessages
{
    /// <summary>Throws <see cref="PoisonMessageException"/> for what no fleet understands; the text holds no payload.</summary>
    public static object Decode(Incoming incoming) => incoming switch
    {
        DueIncoming due => due.Due,
        LogIncoming record => DecodeRecord(record),
        BusIncoming command => DecodeCommand(command),
        _ => throw new PoisonMessageException($"Nothing is known about a {incoming.GetType().Name}"),
    };

    /// <summary>The order that a message is about; null where it is none's or cannot be told.</summary>
    public static string? OrderOf(object? message) => message switch
    {
        PaymentMessage m => m.OrderId,
        DeliveryMessage m => m.OrderId,
        _ => null,
    };

    public static OutRecord? ToRecord(object send, OrderCase order, DateTimeOffset now) => send switch
    {
        SagaFact => Record(
            Topics.SagaFacts, order.Payment!.Id, MessageTypes.PaymentSaga, order.Payment,
            ContractsJson.Default.PaymentSaga, now),
        OrderDelivered e => Event(
            e.OrderId, e.Sequence, MessageTypes.OrderDelivered, "delivered", e, ContractsJson.Default.OrderDelivered, now),
        OrderRefunded e => Event(
            e.OrderId, e.Sequence, MessageTypes.OrderRefunded, "refunded", e, ContractsJson.Default.OrderRefunded, now),
        OrderExpired e => Event(
            e.OrderId, e.Sequence, MessageTypes.OrderExpired, "expired", e, ContractsJson.Default.OrderExpired, now),
        DeliveryFailed e => Event(
            e.OrderId, e.Sequence, MessageTypes.DeliveryFailed, $"failed.{e.Sequence}", e, ContractsJson.Default.DeliveryFailed,
            now),
        KeyReplaced e => Event(
            e.OrderId, e.Sequence, MessageTypes.KeyReplaced, $"replaced.{e.ReplacedKeyId}", e, ContractsJson.Default.KeyReplaced,
            now),
        KeysImported k => new OutRecord(
            Topics.KeyBatches.Name, Topics.KeyBatches.PartitionOf(k.Sku), k.Sku, MessageTypes.KeysImported,
            JsonSerializer.SerializeToUtf8Bytes(k, ContractsJson.Default.KeysImported), now, order.Payment!.Id),
        _ => null,
    };

    public static OutCommand? ToCommand(object send, OrderCase order, DateTimeOffset now) => send switch
    {
        RequestPayment m => Command(
            PaymentQueue(order, m.Number), m.OrderId, m.Number, m.SagaVersion, m, CommandsJson.Default.RequestPayment, now),
        CheckPayment m => Command(
            PaymentQueue(order, m.Number), m.OrderId, m.Number, m.SagaVersion, m, CommandsJson.Default.CheckPayment, now),
        ClosePayment m => Command(
            PaymentQueue(order, m.Number), m.OrderId, m.Number, m.SagaVersion, m, CommandsJson.Default.ClosePayment, now),
        RefundPayment m => Command(
            PaymentQueue(order, m.Number), m.OrderId, m.RefundNumber, m.SagaVersion, m, CommandsJson.Default.RefundPayment, now),
        DeliverOrder m => Command(
            Queues.Delivery, m.OrderId, m.OrderId, m.SagaVersion, m, CommandsJson.Default.DeliverOrder, now),
        _ => null,
    };

    /// <summary>A record of ours, keyed by the order.</summary>
    public static OutRecord Record<T>(
        Topic topic, string orderId, string type, T body, JsonTypeInfo<T> json, DateTimeOffset now) => new(
        topic.Name, topic.PartitionOf(orderId), orderId, type, JsonSerializer.SerializeToUtf8Bytes(body, json), now, orderId);

    private static string PaymentQueue(OrderCase order, string number) => Queues.Payments(
        order.Payment!.Attempts.FirstOrDefault(a => a.Number == number)?.Channel
            ?? order.Payment.Claims?.LastOrDefault(c => c.Number == number)?.Channel
            ?? order.Payment.Order!.Channel);

    /// <param name="what">
    /// Names the event within its order, the same however often it is sent: partners know repeats by it. What can happen
    /// to an order more than once says which time it is.
    /// </param>
    private static OutRecord Event<T>(
        string orderId, int sequence, string type, string what, T body, JsonTypeInfo<T> json, DateTimeOffset now) =>
        Record(Topics.Deliveries, orderId, type, body, json, now) with { EventId = $"{orderId}.{what}", Sequence = sequence };

    /// <param name="about">The attempt, refund or order: one decision may send several commands of a kind.</param>
    private static OutCommand Command<T>(
        string queue, string orderId, string about, int version, T body, JsonTypeInfo<T> json, DateTimeOffset now) => new(
        queue, typeof(T).FullName!, $"{about}-{typeof(T).Name}-{version}", orderId,
        JsonSerializer.SerializeToUtf8Bytes(body, json), now);

    private static object DecodeRecord(LogIncoming record) => record.Type switch
    {
        MessageTypes.OrderPlaced => new PaymentMessage.Placed(Read(record, ContractsJson.Default.OrderPlaced)),
        MessageTypes.OrderCancelRequested => new PaymentMessage.Cancel(
            Read(record, ContractsJson.Default.OrderCancelRequested)),
        MessageTypes.ChannelSwitchRequested => new PaymentMessage.SwitchChannel(
            Read(record, ContractsJson.Default.ChannelSwitchRequested)),
        MessageTypes.PaymentNotification => new PaymentMessage.Notified(
            Read(record, ContractsJson.Default.PaymentNotification)),
        MessageTypes.KeysImported => Read(record, ContractsJson.Default.KeysImported),
        MessageTypes.KeysVoided => Read(record, ContractsJson.Default.KeysVoided),
        _ => throw new PoisonMessageException($"Records of type '{record.Type}' are not known on {record.Partition.Topic}"),
    };

    private static object DecodeCommand(BusIncoming command) => command.Type switch
    {
        "CardShop.Contracts.DeliverOrder" => new DeliveryMessage.Deliver(
            Read(command.Body, command.Type, CommandsJson.Default.DeliverOrder).OrderId),
        "CardShop.Contracts.RequestPayment" => Read(command.Body, command.Type, CommandsJson.Default.RequestPayment),
        "CardShop.Contracts.CheckPayment" => Read(command.Body, command.Type, CommandsJson.Default.CheckPayment),
        "CardShop.Contracts.ClosePayment" => Read(command.Body, command.Type, CommandsJson.Default.ClosePayment),
        "CardShop.Contracts.RefundPayment" => Read(command.Body, command.Type, CommandsJson.Default.RefundPayment),
        _ => throw new PoisonMessageException($"Commands of type '{command.Type}' are not known on {command.Queue}"),
    };

    private static T Read<T>(LogIncoming record, JsonTypeInfo<T> json) =>
        Read(record.Value ?? throw new PoisonMessageException($"A {record.Type} without a body"), record.Type!, json);

    private static T Read<T>(byte[] body, string type, JsonTypeInfo<T> json)
    {
        try
        {
            return JsonSerializer.Deserialize(body, json) ?? throw new PoisonMessageException($"A {type} that is null");
        }
        catch (JsonException e)
        {
            throw new PoisonMessageException($"A {type} that is no valid JSON: {e.Path} at {e.BytePositionInLine}");
        }
    }
}
