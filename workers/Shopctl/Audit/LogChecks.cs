using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;

namespace CardShop.Shopctl.Audit;

/// <summary>
/// Compares Kafka with the snapshot. The snapshot was taken first, so each comparison has a bound that the snapshot
/// itself names, and a running shop gives no false alarm:
/// inputs (orders, notifications) are compared below the snapshot's progress, which moved in the transactions that saved
/// their sagas; what stands above is queued. Events of the snapshot's delivered orders have left for Kafka unless the
/// snapshot's outbox still holds them, and ends read later include whatever was acknowledged before. An event that is
/// newer than the snapshot carries a commit number above the snapshot's.
/// </summary>
/// <param name="region">Whose ids are processed here; null: all.</param>
public sealed class LogChecks(AuditMemory memory, AuditReport report, string? region = null)
{
    private readonly Dictionary<PartitionKey, long> _first = [];
    private IReadOnlyDictionary<PartitionKey, long> _ends = new Dictionary<PartitionKey, long>();

    /// <summary>Orders whose event names other keys than their document: those with replacements, and violations.</summary>
    private readonly Dictionary<UInt128, (string OrderId, KeySet Keys)> _told = [];
    private long _queuedOrders;
    private long _queuedNotifications;
    private long _unreadable;
    private long _foreignOrders;
    private long _foreignNotifications;

    public async Task RunAsync(LogSweep sweep, CancellationToken cancellation)
    {
        // Dead letters first: they say which inputs were given up.
        await sweep.RunAsync([Topics.DeadLetters], DeadLetter, cancellation);
        var ends = await sweep.RunAsync(
            [Topics.Orders, Topics.PaymentNotifications, Topics.Deliveries], OnRecord, cancellation);
        _ends = ends;
        CompareKeys();
        Behind(ends, "orders", Topics.Orders, report.Orders);
        Behind(ends, "payments", Topics.PaymentNotifications, report.Notifications);
        Say(report.Orders, _queuedOrders, "queued: not processed yet");
        Say(report.Orders, _unreadable, "no readable input, dead-lettered");
        Say(report.Notifications, _queuedNotifications, "queued: not processed yet");
        Say(report.Orders, _foreignOrders, "for other regions: kept, not processed here");
        Say(report.Notifications, _foreignNotifications, "for other regions: kept, not processed here");
    }

    /// <summary>True where records of the partition were deleted: what is missing in it may have been among them.</summary>
    public bool IsTrimmed(int partition)
    {
        var key = new PartitionKey(Topics.Deliveries.Name, partition);
        return _first.TryGetValue(key, out var first) ? first > 0 : _ends.GetValueOrDefault(key) > 0;
    }

    private static void Say(InvariantCheck check, long count, string what)
    {
        if (count > 0)
        {
            check.Note(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}"));
        }
    }

    /// <summary>Progress beyond the end means that Kafka has lost what PostgreSQL has processed.</summary>
    private void Behind(IReadOnlyDictionary<PartitionKey, long> ends, string group, Topic topic, InvariantCheck check)
    {
        foreach (var ((name, partition), progress) in memory.Progress)
        {
            var end = ends.GetValueOrDefault(partition);
            if (name == group && partition.Topic == topic.Name && progress > end)
            {
                check.Violate(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{partition.Topic}[{partition.Partition}] ends at {end}, processed up to {progress}"));
            }
        }
    }

    private void DeadLetter(LogIncoming record)
    {
        if (record.Type == MessageTypes.DeadLetter && Read(record, ContractsJson.Default.DeadLetter) is { } letter)
        {
            memory.Mark(Digest.Of(letter.Topic, letter.Partition, letter.Offset));
        }
    }

    private void OnRecord(LogIncoming record)
    {
        _first.TryAdd(record.Partition, record.Offset);
        if (record.Partition.Topic == Topics.Orders.Name)
        {
            Order(record);
        }
        else if (record.Partition.Topic == Topics.PaymentNotifications.Name)
        {
            Notification(record);
        }
        else if (record.Type == MessageTypes.OrderDelivered)
        {
            Delivered(record);
        }
        else if (record.Type == MessageTypes.KeyReplaced)
        {
            Replaced(record);
        }
        else if (record.Type == MessageTypes.OrderRefunded)
        {
            Refunded(record);
        }
    }

    private bool IsProcessed(string group, LogIncoming record) =>
        record.Offset < memory.Progress.GetValueOrDefault((group, record.Partition));

    private bool IsDeadLettered(LogIncoming record) =>
        memory.Has(Digest.Of(record.Partition.Topic, record.Partition.Partition, record.Offset));

    private void Order(LogIncoming record)
    {
        if (!IsProcessed("orders", record))
        {
            _queuedOrders++;
            return;
        }

        report.Orders.Saw();
        var orderId = record.Type is MessageTypes.OrderPlaced or MessageTypes.OrderCancelRequested
                or MessageTypes.ChannelSwitchRequested
            ? Read(record, AuditJson.Default.OrderHead)?.OrderId
            : null;
        if (orderId is null)
        {
            Unreadable(record, report.Orders);
        }
        else if (Regions.Foreign(Regions.OfId(orderId), region) is not null)
        {
            _foreignOrders++;
        }
        else if (record.Type != MessageTypes.ChannelSwitchRequested
            && (memory.TraitsOf(orderId) & (OrderTraits.HasPayment | OrderTraits.Archived)) == 0)
        {
            // A switch makes no order: one that was refused has a token too, and whoever was accepted has a record of that.
            report.Orders.Violate($"{orderId}: processed, but has no saga ({Place(record)})");
        }
    }

    private void Notification(LogIncoming record)
    {
        if (!IsProcessed("payments", record))
        {
            _queuedNotifications++;
            return;
        }

        if (Regions.Foreign(Regions.OfId(record.Key), region) is not null)
        {
            _foreignNotifications++;
            return;
        }

        report.Notifications.Saw();
        if (record.Type != MessageTypes.PaymentNotification
            || Read(record, AuditJson.Default.NotificationHead) is not { OrderId: not null } head)
        {
            Unreadable(record, report.Notifications);
            return;
        }

        var traces = new NotificationTraces(
            memory.TraitsOf(head.OrderId),
            memory.Has(Digest.Of('n', head.OrderId, head.NotifyId)),
            memory.Has(Digest.Of('p', head.OrderId, head.Number)),
            memory.Has(Digest.Of('a', head.OrderId, head.Number)),
            IsDeadLettered(record));
        if (NotificationRule.Check(head, traces) is { } violation)
        {
            report.Notifications.Violate($"{violation} ({Place(record)})");
        }
    }

    private void Delivered(LogIncoming record)
    {
        if (Read(record, ContractsJson.Default.OrderDelivered) is not { OrderId: not null } sent)
        {
            report.Events.Violate($"an OrderDelivered that cannot be read ({Place(record)})");
            return;
        }

        ref var order = ref memory.Find(Digest.Of(sent.OrderId));
        if (Unsafe.IsNullRef(ref order) || !order.Is(OrderTraits.Delivered))
        {
            var archived = !Unsafe.IsNullRef(ref order) && order.Is(OrderTraits.Archived);
            if (!archived && record.Commit > 0 && record.Commit <= memory.CommitNo)
            {
                report.Events.Violate($"{sent.OrderId}: an OrderDelivered, but the order is not delivered");
            }

            return;
        }

        var digest = Digest.Of(record.Value);
        if (!order.Is(OrderTraits.EventSeen))
        {
            order.Traits |= OrderTraits.EventSeen;
            order.Event = digest;
            var told = KeySet.Of(sent.KeyIds ?? []);
            if (told != order.Named)
            {
                _told[Digest.Of(sent.OrderId)] = (sent.OrderId, told);
            }
        }
        else if (order.Event != digest)
        {
            order.Traits |= OrderTraits.EventsDiffer;
        }
    }

    /// <summary>Each replacement counts once, however often its event was sent, and not where it is newer than the snapshot.</summary>
    private void Replaced(LogIncoming record)
    {
        if (record.Commit > memory.CommitNo || Read(record, ContractsJson.Default.KeyReplaced) is not { OrderId: not null } sent)
        {
            return;
        }

        var order = Digest.Of(sent.OrderId);
        var fact = Digest.Of('r', sent.OrderId, sent.ReplacedKeyId.ToString());
        if (_told.TryGetValue(order, out var told) && !memory.Has(fact))
        {
            memory.Mark(fact);
            _told[order] = (told.OrderId, told.Keys.Without(sent.ReplacedKeyId).With(sent.KeyId));
        }
    }

    private void CompareKeys()
    {
        foreach (var (digest, (orderId, told)) in _told)
        {
            var order = memory.Orders[digest];
            if (told != order.Named && !order.Is(OrderTraits.EventUnderWay))
            {
                report.Events.Violate($"{orderId}: its OrderDelivered names other keys than its document");
            }
        }
    }

    private void Refunded(LogIncoming record)
    {
        if (Read(record, ContractsJson.Default.OrderRefunded) is not { OrderId: not null } refund)
        {
            return;
        }

        ref var order = ref memory.Find(Digest.Of(refund.OrderId));
        if (!Unsafe.IsNullRef(ref order) && order.Is(OrderTraits.Delivered)
            && OrderRules.IsRefundedBefore(order.DeliveredAtMs, refund.RefundedAt))
        {
            report.Payments.Violate($"{refund.OrderId}: delivered, though its payment had been refunded");
        }
    }

    private void Unreadable(LogIncoming record, InvariantCheck check)
    {
        if (IsDeadLettered(record))
        {
            _unreadable++;
        }
        else
        {
            check.Violate($"an unreadable record that is no dead letter ({Place(record)})");
        }
    }

    private static T? Read<T>(LogIncoming record, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
        where T : class
    {
        try
        {
            return record.Value is null ? null : JsonSerializer.Deserialize(record.Value, json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Place(LogIncoming record) => string.Create(
        CultureInfo.InvariantCulture, $"{record.Partition.Topic}[{record.Partition.Partition}] offset {record.Offset}");
}
