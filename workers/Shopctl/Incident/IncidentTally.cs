using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shopctl.Audit;

namespace CardShop.Shopctl.Incident;

/// <summary>One line of the time line.</summary>
public sealed record IncidentEvent(DateTimeOffset At, string What, string About);

/// <summary>Sums of one row of the table.</summary>
public sealed class IncidentRow
{
    public long Accepted { get; set; }

    public long Delivered { get; set; }

    public long Failed { get; set; }

    public long Refunded { get; set; }

    public long Expired { get; set; }
}

/// <summary>
/// What is kept of the records of a span: counts, and bounded lists of what a person wants to see. Records may come in any
/// order and more than once. What did not fit is counted.
/// </summary>
public sealed class IncidentTally(IncidentSpan span)
{
    public const int MaxOrders = 100;
    private const int MaxEventsPerKind = 200;
    private const int MaxRemembered = 500_000;

    private readonly Dictionary<string, List<IncidentEvent>> _events = [];
    private readonly Dictionary<string, long> _eventCounts = [];
    private readonly SortedDictionary<string, SortedSet<string>> _orders = new(StringComparer.Ordinal);
    private readonly HashSet<UInt128> _affected = [];
    private readonly HashSet<UInt128> _seen = [];
    private readonly Dictionary<string, (long Amount, RefundState State)> _refunds = [];
    private readonly List<AuditEntry> _actions = [];

    public IncidentSpan Span => span;

    public IncidentRow[] Rows { get; } = [.. Enumerable.Range(0, span.Rows).Select(_ => new IncidentRow())];

    /// <summary>What could not be read, or not be counted to the end.</summary>
    public Collection<string> Notes { get; } = [];

    /// <summary>In the order of their times.</summary>
    public IEnumerable<IncidentEvent> Events => _events.Values.SelectMany(e => e).OrderBy(e => e.At);

    /// <summary>Kinds of events of which there were more than are listed, and how many.</summary>
    public IEnumerable<(string Kind, long More)> Unlisted =>
        _eventCounts.Where(c => c.Value > MaxEventsPerKind).Select(c => (c.Key, c.Value - MaxEventsPerKind));

    /// <summary>Orders with what happened to them; at most 100 of <see cref="AffectedCount"/>.</summary>
    public IEnumerable<(string Order, string What)> Affected => _orders.Select(o => (o.Key, string.Join(", ", o.Value)));

    public long AffectedCount => _affected.Count;

    public IReadOnlyList<AuditEntry> Actions => [.. _actions.OrderBy(a => a.At)];

    public long Paid { get; private set; }

    public long PaidAmount { get; private set; }

    public long Surplus { get; private set; }

    public long SurplusAmount { get; private set; }

    public long DeadLetters { get; private set; }

    public long Reviews { get; private set; }

    public (long Count, long Amount) Refunds(RefundState state) =>
        (_refunds.Values.LongCount(r => r.State == state), _refunds.Values.Where(r => r.State == state).Sum(r => r.Amount));

    /// <summary>Notes a line of the time line.</summary>
    public void Event(DateTimeOffset at, string kind, string about)
    {
        _eventCounts[kind] = _eventCounts.GetValueOrDefault(kind) + 1;
        var list = _events.TryGetValue(kind, out var known) ? known : _events[kind] = [];
        if (list.Count < MaxEventsPerKind)
        {
            list.Add(new(at, kind, about));
        }
    }

    /// <summary>Takes in a record of any topic that is read.</summary>
    public void Take(LogIncoming record)
    {
        try
        {
            TakeKnown(record);
        }
        catch (JsonException)
        {
            Event(record.Timestamp, "unreadable record", $"{record.Partition.Topic}/{record.Partition.Partition} at {record.Offset}");
        }
    }

    private void TakeKnown(LogIncoming record)
    {
        var topic = record.Partition.Topic;
        if (topic == Topics.Orders.Name)
        {
            if (record.Type == MessageTypes.OrderPlaced)
            {
                Count(record.Timestamp, r => r.Accepted++);
            }
        }
        else if (topic == Topics.Deliveries.Name)
        {
            Delivery(record);
        }
        else if (topic == Topics.PaymentNotifications.Name && Read(record, IncidentJson.Default.NotifiedMoney) is { } notified)
        {
            Notified(notified);
        }
        else if (topic == Topics.SagaFacts.Name && Read(record, IncidentJson.Default.SagaPart) is { } saga)
        {
            Saga(saga);
        }
        else if (topic == Topics.Audit.Name && Read(record, ContractsJson.Default.AuditEntry) is { } action)
        {
            Action(action);
        }
        else if (topic == Topics.DeadLetters.Name && Read(record, IncidentJson.Default.DeadLetterHead) is { } letter)
        {
            DeadLetters++;
            Event(letter.At, "dead letter", $"{letter.Topic}/{letter.Partition} at {letter.Offset}: {letter.Reason}");
            Affect(letter.OrderId, "dead letter");
        }
        else if (topic == Topics.Channels.Name && Read(record, ContractsJson.Default.ChannelState) is { } channel)
        {
            Channel(channel);
        }
    }

    private void Delivery(LogIncoming record)
    {
        switch (record.Type)
        {
            case MessageTypes.OrderDelivered:
                Count(record.Timestamp, r => r.Delivered++);
                break;
            case MessageTypes.OrderExpired:
                Count(record.Timestamp, r => r.Expired++);
                break;
            case MessageTypes.DeliveryFailed when Read(record, ContractsJson.Default.DeliveryFailed) is { } failed:
                Count(record.Timestamp, r => r.Failed++);
                Event(failed.FailedAt, "delivery failed", $"{failed.OrderId} ({failed.Sku}): {failed.Reason}");
                Affect(failed.OrderId, "delivery failed");
                break;
            case MessageTypes.OrderRefunded when Read(record, ContractsJson.Default.OrderRefunded) is { } refunded:
                Count(record.Timestamp, r => r.Refunded++);
                Affect(refunded.OrderId, "refunded");
                break;
            default:
                break;
        }
    }

    private void Notified(NotifiedMoney money)
    {
        if (money.Status == NotifiedStatus.Paid && money.RefundNumber is null && First('n', money.Number, money.NotifyId))
        {
            Paid++;
            PaidAmount += money.Amount;
        }
    }

    /// <summary>A snapshot repeats what earlier ones said: only what lies in the span counts, and once.</summary>
    private void Saga(SagaPart saga)
    {
        foreach (var review in (saga.Reviews ?? []).Where(r => span.Holds(r.OpenedAt)))
        {
            if (First('r', saga.Id, string.Create(CultureInfo.InvariantCulture, $"{review.Kind}{review.OpenedAt.UtcTicks}{review.Number}")))
            {
                Reviews++;
                Event(review.OpenedAt, "review opened", $"{saga.Id}: {review.Reason}");
            }

            Affect(saga.Id, "review");
        }

        foreach (var payment in saga.Payments ?? [])
        {
            if (payment.Use == PaymentUse.Surplus && span.Holds(payment.At) && First('s', saga.Id, payment.Number + payment.TradeNo))
            {
                Surplus++;
                SurplusAmount += payment.Amount;
                Affect(saga.Id, "surplus payment");
            }

            foreach (var refund in (payment.Refunds ?? []).Where(r => span.Holds(r.AskedAt)))
            {
                Refund(saga.Id, refund);
            }
        }
    }

    private void Refund(string order, PaymentRefund refund)
    {
        if (_refunds.ContainsKey(refund.Number) || _refunds.Count < MaxRemembered)
        {
            // Asked may come after done where partitions are read side by side; an end stays an end.
            if (!_refunds.TryGetValue(refund.Number, out var known) || known.State == RefundState.Asked)
            {
                _refunds[refund.Number] = (refund.Amount, refund.State);
            }
        }

        Affect(order, "refund");
    }

    private void Action(AuditEntry action)
    {
        if (_actions.Count < MaxEventsPerKind)
        {
            _actions.Add(action);
        }

        if (action.Outcome is not AuditOutcome.Started)
        {
            // What was begun and came to its end is one event; its beginning stands in the list of actions.
            Event(action.At, "operator", $"{action.Operator}: {action.Action} {action.Subject}" +
                (action.Outcome is AuditOutcome.Refused or AuditOutcome.Failed or AuditOutcome.Waiting
                    ? $" ({action.Outcome.Value.ToString().ToLowerInvariant()})" : string.Empty));
        }
    }

    private void Channel(ChannelState state)
    {
        if (span.Holds(state.Since) && First('c', state.Channel, state.Since.UtcTicks.ToString(CultureInfo.InvariantCulture) + state.Up + state.By))
        {
            Event(
                state.Since, state.By is null ? "payment channel" : "payment channel switched",
                $"{state.Channel} is {(state.Up ? "up" : "DOWN")}" + (state.Down is { Count: > 0 } down ? $" ({string.Join(", ", down)} down)" : string.Empty)
                    + (state.Why is { } why ? ": " + why : string.Empty));
        }
    }

    private void Affect(string? order, string what)
    {
        if (order is null)
        {
            return;
        }

        if (_affected.Count < MaxRemembered)
        {
            _affected.Add(Digest.Of(order));
        }

        if (_orders.TryGetValue(order, out var known))
        {
            known.Add(what);
        }
        else if (_orders.Count < MaxOrders)
        {
            _orders[order] = new(StringComparer.Ordinal) { what };
        }
    }

    private void Count(DateTimeOffset at, Action<IncidentRow> add)
    {
        if (span.RowOf(at) is >= 0 and var row)
        {
            add(Rows[row]);
        }
    }

    /// <summary>False for what was counted before. Past the bound everything counts: the sums are then upper ones.</summary>
    private bool First(char kind, string one, string other) =>
        _seen.Count >= MaxRemembered ? !_seen.Contains(Digest.Of(kind, one, other)) : _seen.Add(Digest.Of(kind, one, other));

    private static T? Read<T>(LogIncoming record, JsonTypeInfo<T> json)
        where T : class =>
        record.Value is null ? null : JsonSerializer.Deserialize(record.Value, json);
}
