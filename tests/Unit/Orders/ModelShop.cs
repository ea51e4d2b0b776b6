using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;

namespace CardShop.Tests.Unit.Orders;

/// <summary>
/// A shop in memory: documents, one product's stock row and its keys. Messages go through the same batch run as in the
/// fleets; what a save would do is done to the model, and what PostgreSQL would refuse is a violation.
/// </summary>
internal sealed class ModelShop
{
    private static readonly StockKey Row = new("S", "a");

    private readonly HashSet<Guid> _keys = [];
    private readonly Dictionary<Guid, string> _sold = [];
    private readonly HashSet<Guid> _void = [];
    private int _outbox;

    public Dictionary<string, PaymentSaga> Payments { get; } = [];

    public Dictionary<string, DeliverySaga> Deliveries { get; } = [];

    public StockDelta Stock { get; private set; }

    /// <summary>Orders whose covering payment was given back, in the order of events.</summary>
    public HashSet<string> Withdrawn { get; } = [];

    /// <summary>True while an operator decides, who may reopen what was withdrawn.</summary>
    public bool Reopens { get; set; }

    /// <summary>All that was decided to be sent: commands and events.</summary>
    public List<object> Sent { get; } = [];

    public Dictionary<string, int> LastSequence { get; } = [];

    /// <summary>Runs a batch; returns the commands it sends.</summary>
    public IReadOnlyList<object> Run(DateTimeOffset now, params object[] messages)
    {
        var loaded = new LoadedBatch(
            new(An.Start, 0, ++_outbox, new Dictionary<PartitionKey, long>()),
            new Dictionary<string, PaymentSaga>(Payments), new Dictionary<string, DeliverySaga>(Deliveries), [],
            new HashSet<string>());
        var batch = messages.Select(m => (Incoming)new DueIncoming(m) { Message = m }).ToList();
        var imports = messages.OfType<KeysImported>().ToList();
        var waiting = imports.Count == 0 ? [] : Deliveries.Values.Where(d => d.Status == DeliveryStatus.WaitingStock)
            .OrderBy(d => d.CreatedAt).Select(d => d.Id).ToList();
        var run = new BatchRun(loaded, waiting, ShopSettings.Default, now);
        foreach (var import in imports)
        {
            run.Import([import], [import.Keys.Count(k => _keys.Add(k.Id))]);
        }

        run.Stock = run.StockNeeded(batch).ToDictionary(k => k, _ => new StockCount(Stock.Available, Stock.Held));
        var demand = run.KeysNeeded(batch).GetValueOrDefault(Row);
        var unsold = _keys.Where(k => !_sold.ContainsKey(k) && !_void.Contains(k)).Order().Take(demand).ToList();
        run.Keys = new Dictionary<StockKey, IReadOnlyList<Guid>> { [Row] = unsold };
        foreach (var message in batch)
        {
            run.Decide(message.Message!);
        }

        return Save(run.ToSave("test", []));
    }

    /// <summary>What must hold after every step. Throws with what does not.</summary>
    public void Check()
    {
        var s = Stock;
        Require(s is { Available: >= 0, Reserved: >= 0, Held: >= 0, Sold: >= 0, Void: >= 0 }, $"a counter is negative: {s}");
        Require(s.Held <= s.Reserved, $"more is held than reserved: {s}");
        Require(s.Available + s.Reserved + s.Sold + s.Void == s.Imported, $"stock does not add up: {s}");
        var held = Payments.Values.Where(p => p.Reserved).Sum(p => p.Order!.Quantity);
        var reserved = held + Deliveries.Values.Where(d => d.Reserved).Sum(d => d.Quantity);
        Require(s.Held == held, $"{s.Held} are held, the orders say {held}");
        Require(s.Reserved == reserved, $"{s.Reserved} are reserved, the orders say {reserved}");
        Require(s.Sold == _sold.Count, $"{s.Sold} are sold, the keys say {_sold.Count}");
        Require(s.Void == _void.Count, $"{s.Void} are void, the keys say {_void.Count}");
        Require(s.Imported == _keys.Count, $"{s.Imported} were imported, there are {_keys.Count} keys");
        foreach (var delivery in Deliveries.Values)
        {
            CheckDelivery(delivery);
        }
    }

    /// <summary>Everything that a repeat must not change.</summary>
    public string Snapshot() => string.Join('\n', Payments.Values.OrderBy(p => p.Id).Select(
            p => $"{p.Id} {p.Status} {p.Reserved} {string.Join(',', p.Payments.Select(m => $"{m.Number}:{m.Amount}:{m.Use}:{RefundsOf(m)}"))}")
        .Concat(Deliveries.Values.OrderBy(d => d.Id).Select(d => $"{d.Id} {d.Status} {string.Join(',', d.Keys)}"))
        .Append(Stock.ToString()));

    /// <summary>Recorded as it was; or, where it was only said to have come, as the provider says when asked about that trade.</summary>
    public static bool IsKept(ReceivedPayment before, ReceivedPayment after) =>
        before.Number == after.Number && (before.Amount == after.Amount
            || (Attempts.IsHearsay(before) && before.TradeNo == after.TradeNo && after.Source == "query"));

    private static string RefundsOf(ReceivedPayment payment) =>
        string.Join('+', (payment.Refunds ?? []).Select(r => $"{r.Number}={r.Amount} {r.State}"));

    private void CheckDelivery(DeliverySaga delivery)
    {
        var own = _sold.Where(k => k.Value == delivery.Id).Select(k => k.Key).ToHashSet();
        if (delivery.Status != DeliveryStatus.Delivered)
        {
            Require(own.Count == 0, $"{delivery.Id} is {delivery.Status} and has keys");
            return;
        }

        var units = Payments[delivery.Id].Order!.Kind == ProductKind.Manual ? 1 : delivery.Quantity;
        Require(delivery.Keys.Count == units && own.SetEquals(delivery.Keys),
            $"{delivery.Id} was delivered {delivery.Keys.Count} of {delivery.Quantity} keys, {own.Count} are marked sold");
        Require(!Withdrawn.Contains(delivery.Id), $"{delivery.Id} was withdrawn and is delivered");
        var payment = Payments[delivery.Id];
        Require(
            payment.Payments.Count(p => p.Use == PaymentUse.Order && p.Amount == payment.Order!.Amount
                && (p.Refunds ?? []).All(r => r.State == RefundState.Rejected || r.AskedAt >= delivery.DeliveredAt)) == 1,
            $"{delivery.Id} is delivered without one full payment that stood then");
    }

    private List<object> Save(SaveRequest save)
    {
        foreach (var (document, version) in save.Payments)
        {
            Require((Payments.GetValueOrDefault(document.Id)?.Version ?? 0) == version, $"version of {document.Id}");
            Require(document.Version > version, $"{document.Id} changed and kept version {version}");
            CheckMoney(Payments.GetValueOrDefault(document.Id), document);
            Payments[document.Id] = document;
        }

        foreach (var (document, version) in save.Deliveries)
        {
            Require((Deliveries.GetValueOrDefault(document.Id)?.Version ?? 0) == version, $"version of {document.Id}");
            Require(document.Version > version, $"{document.Id} changed and kept version {version}");
            Deliveries[document.Id] = document;
            if (document.Status == DeliveryStatus.Withdrawn)
            {
                Withdrawn.Add(document.Id);
            }
            else if (Reopens)
            {
                Withdrawn.Remove(document.Id);
            }
        }

        SaveKeys(save);
        Stock += save.Stock.GetValueOrDefault(Row);
        CheckEvents(save);
        var commands = save.Commands.Select(c => OrderMessages.Decode(
            new BusIncoming(c.Queue, c.MessageId, c.Type, c.ConversationId, 0, 0, c.Body, null!, null!))).ToList();
        foreach (var refund in commands.OfType<RefundPayment>())
        {
            var order = Payments[refund.OrderId];
            Require(
                order.Payments.First(p => p.Refunds?.Any(r => r.Number == refund.RefundNumber) == true).Use != PaymentUse.Order
                    || Deliveries[refund.OrderId].Status is DeliveryStatus.Withdrawn or DeliveryStatus.Delivered,
                $"{refund.OrderId} is refunded before its delivery was withdrawn");
        }

        Sent.AddRange(commands);
        return commands;
    }

    private void SaveKeys(SaveRequest save)
    {
        foreach (var (import, orderId) in save.HandedOver)
        {
            Require(_keys.Add(import.Keys[0].Id), "a text was handed over twice");
            _sold[import.Keys[0].Id] = orderId;
        }

        foreach (var (key, orderId) in save.Replaced)
        {
            Require(_sold.Remove(key, out var owner) && owner == orderId && _void.Add(key), $"key {key} was replaced wrongly");
        }

        foreach (var sale in save.Sales)
        {
            Require(_keys.Contains(sale.Key), "a key was sold that does not exist");
            Require(_sold.TryAdd(sale.Key, sale.OrderId), $"key {sale.Key} was sold twice");
        }
    }

    private void CheckEvents(SaveRequest save)
    {
        foreach (var record in save.Records.Where(r => r.EventId is not null))
        {
            var sequence = System.Text.Json.JsonDocument.Parse(record.Body).RootElement.GetProperty("sequence").GetInt32();
            Require(
                sequence > LastSequence.GetValueOrDefault(record.OrderId!),
                $"{record.EventId}: sequence {sequence} after {LastSequence.GetValueOrDefault(record.OrderId!)}");
            LastSequence[record.OrderId!] = sequence;
            Sent.Add(record.EventId!);
        }
    }

    private static void CheckMoney(PaymentSaga? before, PaymentSaga after)
    {
        var old = before?.Payments ?? [];
        Require(old.All(p => after.Payments.Any(q => IsKept(p, q))), $"{after.Id} lost money that was recorded");
        Require(
            after.Payments.All(p => (p.Refunds ?? []).Where(r => r.State != RefundState.Rejected).Sum(r => r.Amount) <= p.Amount),
            $"{after.Id} gives back more than it was paid");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }
}

/// <summary>A payment provider that tells the truth when it answers.</summary>
internal sealed class ModelProvider
{
    private readonly Dictionary<string, ProviderTrade> _trades = [];
    private readonly Dictionary<string, long> _refunds = [];

    public ProviderTrade? Find(string number) => _trades.GetValueOrDefault(number);

    /// <summary>The buyer pays, if the trade can be paid. True when money moved.</summary>
    public bool Pay(string number, DateTimeOffset at)
    {
        if (_trades.GetValueOrDefault(number) is not { Status: TradeStatus.Waiting } trade)
        {
            return false;
        }

        _trades[number] = trade with { Status = TradeStatus.Paid, PaidAt = at };
        return true;
    }

    /// <summary>A second trade of an order, as when a buyer pays an old code: known to the provider, unknown to the order.</summary>
    public void Stray(string number, long amount, DateTimeOffset at) =>
        _trades.TryAdd(number, new(number, "t" + number, TradeStatus.Paid, amount, "CNY", at));

    /// <summary>Answers a command as the fleet would pass it on; null where the saga needs no call.</summary>
    public PaymentMessage Answer(object command, PaymentSaga saga, DateTimeOffset now) => command switch
    {
        RequestPayment m when saga.Status == PaymentStatus.Reserved && saga.Attempts[^1].Number == m.Number =>
            new PaymentMessage.Requested(m.OrderId, m.Number, Create(m.Number, saga)),
        CheckPayment m when saga.Order is not null => new PaymentMessage.Checked(
            m.OrderId, m.Number,
            Find(m.Number) is { } trade ? new(ChannelResult.Done, Trade: trade) : new(ChannelResult.NotFound)),
        ClosePayment m => new PaymentMessage.CloseAnswered(m.OrderId, m.Number, Close(m.Number, saga, now)),
        RefundPayment m when saga.Payments.Any(
            p => p.Refunds?.Any(r => r.Number == m.RefundNumber && r.State != RefundState.Asked) == true) =>
            new PaymentMessage.Unneeded(m.OrderId),
        RefundPayment m => new PaymentMessage.RefundAnswered(
            m.OrderId, m.Number, m.RefundNumber, Refund(m, saga)),
        RequestPayment m => new PaymentMessage.Unneeded(m.OrderId),
        CheckPayment m => new PaymentMessage.Unneeded(m.OrderId),
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "No payment command."),
    };

    private ChannelAnswer Create(string number, PaymentSaga saga)
    {
        var attempt = saga.Attempts.First(a => a.Number == number);
        var isNew = _trades.TryAdd(
            number, new(number, "t" + number, TradeStatus.Waiting, attempt.Amount, attempt.Currency, null));
        return _trades[number].Status == TradeStatus.Waiting && (isNew || attempt.Channel != "unionpay")
            ? new(ChannelResult.Done, Link: "link")
            : new(ChannelResult.WrongState, Trade: _trades[number]);
    }

    /// <summary>UnionPay opens a number once, and closes nothing before its time.</summary>
    private ChannelAnswer Close(string number, PaymentSaga saga, DateTimeOffset now)
    {
        switch (Find(number))
        {
            case null or { Status: TradeStatus.Waiting } when saga.Attempts.FirstOrDefault(a => a.Number == number) is { } attempt
                && attempt.Channel == "unionpay" && now < attempt.ExpiresAt:
                return new(ChannelResult.Unknown, Code: ChannelCodes.StillOpen);
            case null:
                return new(ChannelResult.NotFound);
            case { Status: TradeStatus.Waiting } trade:
                _trades[number] = trade with { Status = TradeStatus.Closed };
                return new(ChannelResult.Done);
            case { Status: TradeStatus.Closed }:
                return new(ChannelResult.Done);
            default:
                return new(ChannelResult.WrongState);
        }
    }

    /// <summary>What went back of a payment.</summary>
    public long RefundedOf(string number) => _refunds.Where(r => r.Key.StartsWith(number, StringComparison.Ordinal)).Sum(r => r.Value);

    private ChannelAnswer Refund(RefundPayment command, PaymentSaga saga)
    {
        if (Find(command.Number) is not { Status: TradeStatus.Paid } trade)
        {
            return new(ChannelResult.WrongState);
        }

        var amount = saga.Payments.SelectMany(p => p.Refunds ?? []).First(r => r.Number == command.RefundNumber).Amount;
        if (!_refunds.ContainsKey(command.RefundNumber) && RefundedOf(command.Number) + amount > trade.AmountMinor)
        {
            return new(ChannelResult.Refused, Code: "TOO_MUCH");
        }

        _refunds[command.RefundNumber] = amount;
        _trades[command.Number] = trade with { RefundedMinor = RefundedOf(command.Number) };
        return new(ChannelResult.Done);
    }
}
