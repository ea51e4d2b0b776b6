using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;

namespace CardShop.Tests.Simulation.World;

/// <summary>
/// Books of its own: what buyers, providers and readers of the log saw. It holds the design's invariants against them,
/// each at the moment when it could first be broken.
/// </summary>
internal sealed class Checker
{
    private readonly Sim _sim;
    private readonly SimStore _store;
    private readonly SimLog _log;
    private readonly IReadOnlyList<SimProvider> _providers;
    private readonly Dictionary<string, OrderDelivered> _delivered = [];
    private readonly Dictionary<Guid, string> _owners = [];
    private readonly Dictionary<string, IReadOnlyList<Guid>> _shown = [];
    private readonly Dictionary<string, int> _sequences = [];
    private readonly HashSet<string> _events = [];

    public Checker(Sim sim, SimStore store, SimLog log, SimBus bus, IReadOnlyList<SimProvider> providers)
    {
        (_sim, _store, _log, _providers) = (sim, store, log, providers);
        store.OnCommit = Committed;
        log.OnAppend = Appended;
        log.OnStore = Stored;
        bus.OnAck = Acknowledged;
        foreach (var provider in providers)
        {
            provider.OnCall = Called;
            provider.OnRefunded = Refunded;
        }
    }

    /// <summary>Orders that the shop has acknowledged, as they were quoted.</summary>
    public Dictionary<string, OrderPlaced> Accepted { get; } = [];

    /// <summary>Everything that was quoted, acknowledged or not: it may be in the log all the same.</summary>
    public Dictionary<string, OrderPlaced> Quoted { get; } = [];

    /// <summary>Orders that an operator wanted refunded.</summary>
    public HashSet<string> OperatorRefunds { get; } = [];

    /// <summary>Verified notifications that the log has.</summary>
    public Dictionary<string, PaymentNotification> Notified { get; } = [];

    /// <summary>True while the database is older than what the log proves, and nothing has mended that.</summary>
    public bool IsLost { get; private set; }

    public IReadOnlyDictionary<string, OrderDelivered> Delivered => _delivered;

    /// <summary>Whether the log proves now that the database is older than it.</summary>
    public bool ProvesLoss
    {
        get
        {
            var state = _store.State;
            var highest = new[] { Topics.SagaFacts, Topics.Deliveries }.SelectMany(_log.Of).SelectMany(p => p.Entries)
                .Select(e => e.Commit).DefaultIfEmpty(0).Max();
            var ahead = FleetGroups.All.Any(g => _log.Find(g.Name)?.Committed
                .Any(c => c.Value > state.Progress.GetValueOrDefault((g.Name, c.Key))) == true);
            return highest > state.CommitNo || ahead;
        }
    }

    /// <summary>An older database came back: does anything outside prove that it is older?</summary>
    public void Restored()
    {
        IsLost = ProvesLoss;
        _sim.Note("the log proves a loss", IsLost ? "yes" : "no");
    }

    public void Recovered() => IsLost = false;

    /// <summary>What a buyer is shown of an order.</summary>
    public void Shown(string orderId, IReadOnlyList<Guid> keys)
    {
        if (!_delivered.TryGetValue(orderId, out var delivered))
        {
            _sim.Fail($"9: keys of {orderId} are shown before their event is in the log");
            return;
        }

        if (!keys.SequenceEqual(delivered.KeyIds))
        {
            _sim.Fail($"10: {orderId} is shown other keys than its event names");
        }

        if (_shown.TryGetValue(orderId, out var before) && !before.SequenceEqual(keys))
        {
            _sim.Fail($"10: {orderId} is shown other keys than before");
        }

        _shown[orderId] = keys;
    }

    public bool WasShown(string orderId) => _shown.ContainsKey(orderId);

    /// <summary>What of an order's money its providers hold.</summary>
    public long Kept(string orderId) => _providers.SelectMany(p => p.Trades.Values)
        .Where(t => OrderIds.OfProviderNumber(t.Request.Number) == orderId).Sum(t => t.Kept);

    public long AmountOf(string orderId) => Quoted[orderId].Amount;

    private void Committed(SaveRequest save, StoreState before, string process)
    {
        if (IsLost)
        {
            _sim.Fail($"10: {process} commits while the database is older than the log");
        }

        foreach (var (delivery, _) in save.Deliveries)
        {
            var was = before.Deliveries.GetValueOrDefault(delivery.Id);
            if (delivery.Status != DeliveryStatus.Delivered || was?.Status == DeliveryStatus.Delivered)
            {
                continue;
            }

            var payment = save.Payments.Select(p => p.Document).FirstOrDefault(p => p.Id == delivery.Id)
                ?? before.Payments.GetValueOrDefault(delivery.Id);
            if (payment is null || RefundDecider.Covering(payment) is not { } covering
                || RefundDecider.Left(covering) != covering.Amount)
            {
                _sim.Fail($"4: {delivery.Id} is delivered without a payment, or although its money is asked back");
            }
            else if (Kept(delivery.Id) < AmountOf(delivery.Id))
            {
                _sim.Fail($"4: {delivery.Id} is delivered, and its providers hold {Kept(delivery.Id)} of {AmountOf(delivery.Id)}");
            }
        }
    }

    private void Appended(PartitionKey partition, LogEntry entry)
    {
        if (partition.Topic == Topics.PaymentNotifications.Name)
        {
            var notification = JsonSerializer.Deserialize(entry.Value, ContractsJson.Default.PaymentNotification)!;
            Notified[notification.NotifyId] = notification;
        }
        else if (partition.Topic == Topics.Deliveries.Name)
        {
            Told(entry);
        }
    }

    private void Told(LogEntry entry)
    {
        var sequence = JsonDocument.Parse(entry.Value).RootElement.GetProperty("sequence").GetInt32();
        if (_events.Add(entry.EventId!))
        {
            if (_sequences.TryGetValue(entry.Key, out var last) && sequence <= last)
            {
                _sim.Fail($"7: {entry.EventId} has sequence {sequence}, an event before it {last}");
            }

            _sequences[entry.Key] = sequence;
        }

        if (entry.Type != MessageTypes.OrderDelivered)
        {
            return;
        }

        var told = JsonSerializer.Deserialize(entry.Value, ContractsJson.Default.OrderDelivered)!;
        if (_delivered.TryGetValue(told.OrderId, out var before))
        {
            if (!before.KeyIds.SequenceEqual(told.KeyIds))
            {
                _sim.Fail($"7: {told.OrderId} was delivered twice, with other keys");
            }

            return;
        }

        _delivered[told.OrderId] = told;
        if (told.KeyIds.Distinct().Count() != Quoted[told.OrderId].Quantity || told.KeyIds.Count != told.Quantity)
        {
            _sim.Fail($"2: {told.OrderId} got {told.KeyIds.Count} keys, ordered {Quoted[told.OrderId].Quantity}");
        }

        foreach (var key in told.KeyIds)
        {
            if (!_owners.TryAdd(key, told.OrderId))
            {
                _sim.Fail($"2: key {key} went to {_owners[key]} and to {told.OrderId}");
            }
        }
    }

    private void Stored(string group, PartitionKey partition, long next)
    {
        if (next > _store.MaxProgress.GetValueOrDefault((group, partition)))
        {
            _sim.Fail($"1: {group} calls {partition.Topic}[{partition.Partition}] processed up to {next}, before it is");
        }
    }

    private void Acknowledged(SimProcess process, BusMessage message, long handedOverAt)
    {
        if (_store.Concluded.GetValueOrDefault((process.Id, message.ConversationId), -1) < handedOverAt)
        {
            _sim.Fail($"1: {message.MessageId} is acknowledged before it was worked on");
        }
    }

    private void Called(string call, PaymentRequest request, string? refundNumber)
    {
        if (IsLost)
        {
            _sim.Fail($"10: a provider is called ({call} {request.Number}) while the database is older than the log");
        }

        if (call == "create" && !_log.Facts.Contains(request.Number))
        {
            _sim.Fail($"10: attempt {request.Number} is opened at its provider before the log has it");
        }

        if (refundNumber is not null && !_log.Facts.Contains(refundNumber))
        {
            _sim.Fail($"10: refund {refundNumber} is asked for before the log has it");
        }

        if (call == "create" && OrderIds.OfProviderNumber(request.Number) is { } id
            && (!Quoted.TryGetValue(id, out var quoted) || quoted.Amount != request.AmountMinor))
        {
            _sim.Fail($"4: {request.Number} is asked for {request.AmountMinor}, quoted was {(Quoted.GetValueOrDefault(id)?.Amount)}");
        }
    }

    private void Refunded(Trade trade, string refundNumber)
    {
        if (OrderIds.OfProviderNumber(trade.Request.Number) is { } id && _delivered.ContainsKey(id)
            && !OperatorRefunds.Contains(id) && Kept(id) < AmountOf(id))
        {
            _sim.Fail($"4: {refundNumber} gives back what pays the delivered order {id}");
        }
    }
}
