using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Store;

/// <summary>
/// The decisions of one batch, in memory: each message sees what the ones before it did to documents, stock and keys.
/// No effects; what it comes to is one <see cref="SaveRequest"/>.
/// </summary>
internal sealed class BatchRun(
    LoadedBatch loaded, IReadOnlyList<string> waiting, ShopSettings settings, DateTimeOffset now,
    IReadOnlySet<string>? down = null)
{
    private readonly OpenOrderCounts _open = new();
    private readonly Dictionary<string, OrderCase> _cases = [];
    private readonly Dictionary<StockKey, StockDelta> _stock = [];
    private readonly Dictionary<StockKey, Queue<Guid>> _keys = [];
    private readonly Dictionary<KeysImported, int> _imports = [];
    private readonly List<Guid> _picked = [];
    private readonly HashSet<string> _recorded = [];
    private readonly List<KeySale> _sales = [];
    private readonly List<KeySale> _replaced = [];
    private readonly List<HandedOver> _handedOver = [];
    private readonly List<OutCommand> _commands = [];

    /// <summary>Stock as it was read; the batch's own changes are added to it.</summary>
    public IReadOnlyDictionary<StockKey, StockCount> Stock { get; set; } = new Dictionary<StockKey, StockCount>();

    /// <summary>Unpaid orders as they were counted; the batch's own orders are added to them.</summary>
    public OpenOrders Open { set => _open.Counted = value; }

    /// <summary>Picked keys, handed out in order.</summary>
    public IReadOnlyDictionary<StockKey, IReadOnlyList<Guid>> Keys
    {
        set
        {
            foreach (var (key, ids) in value)
            {
                _keys[key] = new(ids);
                _picked.AddRange(ids);
            }
        }
    }

    public List<OutRecord> Records { get; } = [];

    /// <summary>Notes what imports came to.</summary>
    public void Import(IReadOnlyList<KeysImported> imports, IReadOnlyList<int> fresh)
    {
        for (var i = 0; i < imports.Count; i++)
        {
            _imports[imports[i]] = fresh[i];
        }
    }

    /// <summary>All keys picked for this batch's deliveries, whether they were handed out or not.</summary>
    public IReadOnlyCollection<Guid> Picked => _picked;

    /// <summary>How many units a void may take, after all decisions.</summary>
    public int Voidable(KeysVoided order)
    {
        var key = new StockKey(order.Sku, order.Region);
        return (int)Math.Clamp(
            Stock.GetValueOrDefault(key).Available + _stock.GetValueOrDefault(key).Available, 0, int.MaxValue);
    }

    /// <summary>Notes what a void came to.</summary>
    public MessageOutcome Void(KeysVoided order, int count)
    {
        var key = new StockKey(order.Sku, order.Region);
        _stock[key] = _stock.GetValueOrDefault(key) + StockDelta.Discard(count);
        return Outcome(count > 0);
    }

    /// <summary>Products whose available units a decision may look at.</summary>
    public HashSet<StockKey> StockNeeded(IReadOnlyList<Incoming> messages)
    {
        var needed = new HashSet<StockKey>();
        foreach (var message in messages)
        {
            switch (message.Message)
            {
                case PaymentMessage.Placed { Order: var order }:
                    needed.Add(new(order.Sku, order.Region));
                    break;
                case KeysImported import:
                    needed.Add(new(import.Sku, import.Region));
                    break;
                case KeysVoided order:
                    needed.Add(new(order.Sku, order.Region));
                    break;
                case PaymentMessage m when loaded.Payments.GetValueOrDefault(m.OrderId) is { Reserved: false, Order: { } o }:
                    needed.Add(new(o.Sku, o.Region));
                    break;
                case DeliveryMessage m when loaded.Deliveries.GetValueOrDefault(m.OrderId) is
                { Status: DeliveryStatus.WaitingStock } saga:
                    needed.Add(new(saga.Sku, saga.Region));
                    break;
                default:
                    break;
            }
        }

        return needed;
    }

    /// <summary>New orders that the limits of unpaid orders apply to.</summary>
    public IReadOnlyList<OrderPlaced> Limited(IReadOnlyList<Incoming> messages) =>
    [
        .. messages.Select(m => m.Message).OfType<PaymentMessage.Placed>().Select(m => m.Order)
            .Where(o => o.NetworkHash is not null && !loaded.Payments.ContainsKey(o.OrderId)),
    ];

    /// <summary>How many keys of each product the batch's deliveries need.</summary>
    public Dictionary<StockKey, int> KeysNeeded(IReadOnlyList<Incoming> messages)
    {
        var demand = new Dictionary<StockKey, int>();
        var counted = new HashSet<string>();
        foreach (var message in messages)
        {
            if (message.Message is DeliveryMessage m
                && loaded.Deliveries.GetValueOrDefault(m.OrderId) is { } saga
                && DeliveryDecider.Demand(new(null, saga), m, now) is > 0 and var count
                && counted.Add(m.OrderId))
            {
                Add(saga, count);
            }
            else if (message.Message is PaymentMessage.OperatorReplace r
                && loaded.Deliveries.GetValueOrDefault(r.OrderId) is { } delivery)
            {
                Add(delivery, Demand(delivery, r));
            }
        }

        void Add(DeliverySaga saga, int count)
        {
            var key = new StockKey(saga.Sku, saga.Region);
            if (count > 0)
            {
                demand[key] = demand.GetValueOrDefault(key) + count;
            }
        }

        return demand;
    }

    public MessageOutcome Decide(object message)
    {
        switch (message)
        {
            case PaymentMessage m when !loaded.Archived.Contains(m.OrderId):
                var paid = CaseOf(m.OrderId);
                return Outcome(Apply(m.OrderId, paid, PaymentDecider.Decide(paid, m, FactsOf(m, paid), now)));
            case DeliveryMessage m when !loaded.Archived.Contains(m.OrderId):
                return Outcome(Deliver(m));
            case PaymentMessage or DeliveryMessage:
                return MessageOutcome.Archived;
            case KeysImported import:
                return Outcome(Stocked(import));
            default:
                return MessageOutcome.None;
        }
    }

    /// <summary>Why an operator's decision is not allowed; null where it is, where it is a repeat, and for other messages.</summary>
    public string? ObjectionTo(PaymentMessage message)
    {
        var order = CaseOf(message.OrderId);
        return OperatorDecider.ActOf(message) is not { } by || OperatorDecider.IsRepeat(order.Payment, by.CommandId)
            ? null
            : OperatorDecider.Objection(order, message, FactsOf(message, order));
    }

    /// <summary>Puts an order into review.</summary>
    public void Review(string orderId, string reason)
    {
        var order = CaseOf(orderId);
        if (ReviewCases.Poison(orderId, order.Payment, reason, now) is { } review)
        {
            var after = order with { Payment = review };
            Apply(orderId, order, new(after, [new SagaFact()]));
        }
    }

    public SaveRequest ToSave(string group, IReadOnlyList<ProgressMove> moves)
    {
        var payments = new List<Changed<PaymentSaga>>();
        var deliveries = new List<Changed<DeliverySaga>>();
        foreach (var (id, order) in _cases)
        {
            var payment = loaded.Payments.GetValueOrDefault(id);
            if (order.Payment is { } p && !ReferenceEquals(p, payment))
            {
                payments.Add(new(p with { Outbox = OutboxOf(id, p.Outbox) }, payment?.Version ?? 0));
            }

            var delivery = loaded.Deliveries.GetValueOrDefault(id);
            if (order.Delivery is { } d && !ReferenceEquals(d, delivery))
            {
                deliveries.Add(new(d with { Outbox = OutboxOf(id, d.Outbox) }, delivery?.Version ?? 0));
            }
        }

        return new(
            group, loaded.Opening, payments, deliveries, _sales,
            _stock.Where(s => s.Value != default).ToDictionary(s => s.Key, s => s.Value),
            moves, Records, _commands, loaded.Waits, now)
        {
            Replaced = _replaced,
            HandedOver = _handedOver,
        };
    }

    /// <summary>
    /// A document names this batch's row only when its order has a record in it: an earlier row that is still unsent
    /// must stay named, or keys would be shown before their event is durable.
    /// </summary>
    private long OutboxOf(string orderId, long earlier) =>
        _recorded.Contains(orderId) ? loaded.Opening.OutboxNumber : earlier;

    /// <summary>New keys become available; waiting orders, oldest first, take theirs before anybody else.</summary>
    private bool Stocked(KeysImported import)
    {
        var fresh = _imports.GetValueOrDefault(import);
        if (fresh == 0)
        {
            return false;
        }

        var key = new StockKey(import.Sku, import.Region);
        _stock[key] = _stock.GetValueOrDefault(key) + StockDelta.Import(fresh);
        foreach (var id in waiting)
        {
            if (loaded.Deliveries.GetValueOrDefault(id) is { } saga && saga.Sku == import.Sku && saga.Region == import.Region)
            {
                Deliver(new DeliveryMessage.StockArrived(id));
            }
        }

        return true;
    }

    private bool Deliver(DeliveryMessage message)
    {
        var order = CaseOf(message.OrderId);
        if (order.Delivery is not { } saga)
        {
            return false;
        }

        var key = new StockKey(saga.Sku, saga.Region);
        var demand = DeliveryDecider.Demand(order, message, now);
        var keys = demand > 0 ? Take(key, demand) : [];
        var decision = DeliveryDecider.Decide(order, message, FactsOf(key, keys), now);
        var changed = Apply(message.OrderId, order, decision);
        if (decision.Case.Delivery is { Status: DeliveryStatus.Delivered } && saga.Status != DeliveryStatus.Delivered)
        {
            _sales.AddRange(keys.Select(k => new KeySale(k, message.OrderId)));
        }

        return changed;
    }

    /// <summary>Whole or not at all.</summary>
    private List<Guid> Take(StockKey key, int count)
    {
        if (!_keys.TryGetValue(key, out var queue) || queue.Count < count)
        {
            return [];
        }

        var taken = new List<Guid>(count);
        while (taken.Count < count)
        {
            taken.Add(queue.Dequeue());
        }

        return taken;
    }

    private OrderCase CaseOf(string id) => _cases.TryGetValue(id, out var order)
        ? order
        : new(loaded.Payments.GetValueOrDefault(id), loaded.Deliveries.GetValueOrDefault(id));

    private static StockKey? KeyOf(PaymentMessage message, OrderCase order) =>
        (message is PaymentMessage.Placed placed ? placed.Order : order.Payment?.Order) is { } o
            ? new(o.Sku, o.Region)
            : null;

    /// <summary>A replacement looks at the key that it would take; its sale takes it.</summary>
    private Facts FactsOf(PaymentMessage message, OrderCase order)
    {
        var key = KeyOf(message, order);
        return message is PaymentMessage.OperatorReplace m && order.Delivery is { } saga && Demand(saga, m) > 0
            && _keys.TryGetValue(new(saga.Sku, saga.Region), out var queue) && queue.TryPeek(out var next)
            ? FactsOf(key, [next])
            : FactsOf(key, [], (message as PaymentMessage.Placed)?.Order);
    }

    private static int Demand(DeliverySaga saga, PaymentMessage.OperatorReplace message) =>
        saga.Status == DeliveryStatus.Delivered && message.Text is null && saga.Keys.Contains(message.KeyId) ? 1 : 0;

    private Facts FactsOf(StockKey? key, IReadOnlyList<Guid> keys, OrderPlaced? placed = null)
    {
        var (count, change) = key is { } k
            ? (Stock.GetValueOrDefault(k), _stock.GetValueOrDefault(k))
            : default;
        return new(
            count.Available + change.Available, keys, settings, count.Held + change.Held,
            _open.OfContact(placed), _open.OfNetwork(placed), down);
    }

    private static MessageOutcome Outcome(bool changed) => changed ? MessageOutcome.Changed : MessageOutcome.Repeat;

    /// <returns>False where the decision changes and sends nothing.</returns>
    private bool Apply(string orderId, OrderCase before, Decision decision)
    {
        if (ReferenceEquals(before, decision.Case) && decision.Sends.Count == 0)
        {
            return false;
        }

        _cases[orderId] = decision.Case;
        _open.Note(before.Payment, decision.Case.Payment);
        if (decision.Stock != default && decision.Case.Payment?.Order is { } placed)
        {
            var key = new StockKey(placed.Sku, placed.Region);
            _stock[key] = _stock.GetValueOrDefault(key) + decision.Stock;
        }

        foreach (var send in decision.Sends)
        {
            Move(orderId, send);
            if (OrderMessages.ToRecord(send, decision.Case, now) is { } record)
            {
                Records.Add(record);
                _recorded.Add(orderId);
            }
            else if (OrderMessages.ToCommand(send, decision.Case, now) is { } command)
            {
                _commands.Add(command);
            }
        }

        return true;
    }

    /// <summary>What a decision of an operator does to keys.</summary>
    private void Move(string orderId, object send)
    {
        switch (send)
        {
            case KeysImported text:
                _handedOver.Add(new(text, orderId));
                break;
            case KeyReplaced r:
                _replaced.Add(new(r.ReplacedKeyId, orderId));
                if (_keys.TryGetValue(KeyOf(orderId), out var queue) && queue.TryPeek(out var next) && next == r.KeyId)
                {
                    _sales.Add(new(queue.Dequeue(), orderId));
                }

                break;
            default:
                break;
        }
    }

    private StockKey KeyOf(string orderId) => CaseOf(orderId).Delivery is { } saga ? new(saga.Sku, saga.Region) : default;
}
