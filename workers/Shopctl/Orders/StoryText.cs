using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;

namespace CardShop.Shopctl.Orders;

/// <summary>A record as a line of its order's story. Pure; only fields that are named here are ever shown.</summary>
public static class StoryText
{
    /// <returns>Null where the record is not about the order, or cannot be read.</returns>
    public static StoryLine? Of(LogIncoming record, string orderId)
    {
        if (record.Value is not { } body || (record.Key != orderId && body.AsSpan().IndexOf(Encoding.ASCII.GetBytes(orderId)) < 0))
        {
            return null;
        }

        try
        {
            return Read(record, body, orderId) is var (at, what)
                ? new(at, string.Create(
                    CultureInfo.InvariantCulture, $"{record.Partition.Topic}[{record.Partition.Partition}]@{record.Offset}"), what)
                : null;
        }
        catch (JsonException)
        {
            return record.Key == orderId
                ? new(record.Timestamp, record.Partition.Topic, $"a {record.Type} that cannot be read")
                : null;
        }
    }

    /// <summary>What was accepted, without the buyer.</summary>
    public static string Placed(OrderPlaced o) => Text(
        $"accepted: {o.Quantity} x {o.Sku}, {o.Amount} fen {o.Currency}, by {o.Channel}, {o.HoldSeconds} s to pay, catalog version {o.CatalogVersion}");

    private static (DateTimeOffset At, string What)? Read(LogIncoming record, byte[] body, string orderId) => record.Type switch
    {
        MessageTypes.OrderPlaced when Parse(body, ContractsJson.Default.OrderPlaced) is { } o && o.OrderId == orderId =>
            (o.AcceptedAt, Placed(o)),
        MessageTypes.OrderCancelRequested when Parse(body, ContractsJson.Default.OrderCancelRequested) is { } c
            && c.OrderId == orderId => (c.RequestedAt, "the buyer asks for its end"),
        MessageTypes.ChannelSwitchRequested when Parse(body, ContractsJson.Default.ChannelSwitchRequested) is { } s
            && s.OrderId == orderId => (s.RequestedAt, $"the buyer asks to pay by {s.Channel}"),
        MessageTypes.PaymentNotification when Parse(body, ContractsJson.Default.PaymentNotification) is { } n
            && n.OrderId == orderId => (n.ArrivedAt, Notified(n)),
        MessageTypes.PaymentSaga when Parse(body, ContractsJson.Default.PaymentSaga) is { } saga && saga.Id == orderId =>
            (record.Timestamp, Decided(saga)),
        MessageTypes.DeadLetter when Parse(body, ContractsJson.Default.DeadLetter) is { } letter
            && (letter.OrderId == orderId || letter.Key == orderId) => (letter.At, Dead(letter)),
        MessageTypes.AuditEntry when Parse(body, ContractsJson.Default.AuditEntry) is { } entry
            && entry.Subject.Contains(orderId, StringComparison.Ordinal) => (entry.At, Audited(entry)),
        { } type when record.CloudEvent is { } e && e.Subject == orderId => (record.Timestamp, Event(type, e.Sequence, body)),
        _ => null,
    };

    private static string Notified(PaymentNotification n) => n.RefundNumber is { } refund
        ? Text($"{n.Channel}/{n.Profile} says of refund {refund}: {(n.RefundDone == true ? "done" : "not done")}, {n.RefundAmount} fen, notification {n.NotifyId}")
        : Text($"{n.Channel}/{n.Profile} says of {n.Number}: {Kebab(n.Status)}, {n.Amount} fen {n.Currency}, trade {n.TradeNo}, notification {n.NotifyId}")
            + (n.QueryFirst == true ? "; to be asked first" : "");

    private static string Decided(PaymentSaga saga)
    {
        var text = new StringBuilder(Text($"payment is {Kebab(saga.Status)} (version {saga.Version})"));
        if (saga.Reason is { } reason)
        {
            text.Append(": ").Append(reason);
        }

        if (saga.Attempts is [.., var attempt])
        {
            text.Append(CultureInfo.InvariantCulture, $"; attempt {attempt.Number} by {attempt.Channel}{(attempt.Closed ? ", closed" : attempt.Link is null ? ", no link" : "")}");
        }

        var open = saga.Reviews?.Count(r => r.ClosedAt is null) ?? 0;
        return open > 0 ? text.Append(CultureInfo.InvariantCulture, $"; open cases: {open}").ToString() : text.ToString();
    }

    private static string Dead(DeadLetter letter) =>
        Text($"a dead letter from {letter.Topic}[{letter.Partition}]@{letter.Offset}: {letter.Reason}");

    private static string Audited(AuditEntry entry)
    {
        var text = new StringBuilder($"{entry.Operator}: {entry.Action}");
        if (entry.Outcome is { } outcome)
        {
            text.Append(' ').Append(Kebab(outcome));
        }

        foreach (var (name, value) in new[]
        {
            ("", entry.Reason), ("approved by ", entry.Approver), ("", entry.After), ("", entry.Problem),
        })
        {
            if (!string.IsNullOrEmpty(value))
            {
                text.Append(", ").Append(name).Append(value);
            }
        }

        return text.ToString();
    }

    private static string Event(string type, string? sequence, byte[] body)
    {
        var number = int.TryParse(sequence, CultureInfo.InvariantCulture, out var n) ? n : 0;
        var more = type switch
        {
            MessageTypes.OrderDelivered => Text($", {Parse(body, ContractsJson.Default.OrderDelivered)?.KeyIds.Count} keys"),
            MessageTypes.OrderRefunded => Text($", {Parse(body, ContractsJson.Default.OrderRefunded)?.Amount} fen"),
            MessageTypes.DeliveryFailed => ", " + Parse(body, ContractsJson.Default.DeliveryFailed)?.Reason,
            MessageTypes.KeyReplaced => Text($", key {Parse(body, ContractsJson.Default.KeyReplaced)?.ReplacedKeyId}"),
            _ => "",
        };
        return Text($"partners are told {type}, sequence {number}{more}");
    }

    private static T? Parse<T>(byte[] body, JsonTypeInfo<T> json)
        where T : class => JsonSerializer.Deserialize(body, json);

    internal static string Kebab<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    internal static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
