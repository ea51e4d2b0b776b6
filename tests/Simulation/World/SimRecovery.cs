using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Recovery;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;
using System.Text.Json;

namespace CardShop.Tests.Simulation.World;

/// <summary>
/// <c>shopctl recover</c> on the simulated servers: what is read of the log, what is taken in, how orders are rebuilt, who
/// gets units and where the groups go on is decided by the real code; only the statements are written anew.
/// </summary>
internal sealed class SimRecovery(Sim sim, SimStore store, SimLog log, SimBus bus)
{
    private readonly RecoveryReport _report = new();

    private StoreState State => store.State;

    /// <summary>All of it at once: a recovery that is killed half-way is run again, which changes nothing.</summary>
    public void Run()
    {
        var plan = Plan();
        var voids = Import(plan);
        var (records, highest) = Read(plan);
        var commit = Math.Max(Math.Max(plan.Commit, plan.Named), highest) + Recoverer.CommitGap;
        Rebuild(records, commit);
        Share();
        Void(voids);
        foreach (var saga in State.Payments.Values.Where(p => p.Due > sim.UtcNow).ToList())
        {
            var hastened = OrderRebuilder.Hastened(saga, sim.UtcNow);
            if (!ReferenceEquals(hastened, saga))
            {
                State.Payments[saga.Id] = hastened with { Version = saga.Version + 1 };
            }
        }

        bus.Purge(Queues.Work);
        foreach (var stock in State.Stock.Keys.ToList())
        {
            var (paid, held) = (Paid(stock), Held(stock));
            var (unsold, sold, voided) = (Count(stock, KeyStatus.Unsold), Count(stock, KeyStatus.Sold), Count(stock, KeyStatus.Void));
            State.Stock[stock] = new(unsold + sold + voided, unsold - paid - held, paid + held, held, sold, voided);
        }

        foreach (var (group, partition, next) in Recoverer.Progress(plan))
        {
            State.Progress[(group, partition)] = Math.Max(next, State.Progress.GetValueOrDefault((group, partition)));
            store.MaxProgress[(group, partition)] =
                Math.Max(next, store.MaxProgress.GetValueOrDefault((group, partition)));
        }

        State.CommitNo = Math.Max(State.CommitNo, commit);
        sim.Note("recovered", $"commit {State.CommitNo}", $"{_report.Orders} orders, {_report.InputsApplied} inputs");
    }

    /// <summary><c>shopctl recover --work</c>: for a fence that a command alone has closed.</summary>
    public void RefillWork(TimeSpan resendAfter)
    {
        bus.Purge(Queues.Work);
        foreach (var saga in State.Payments.Values.ToList())
        {
            State.Payments[saga.Id] = WorkRefill.Hastened(saga, sim.UtcNow, resendAfter);
        }

        foreach (var saga in State.Deliveries.Values.Where(d => d.Status == DeliveryStatus.Allocating && d.Due > sim.UtcNow).ToList())
        {
            State.Deliveries[saga.Id] = saga with { Due = sim.UtcNow, Version = saga.Version + 1 };
        }

        State.CommitNo += Recoverer.CommitGap;
        sim.Note("work refilled", $"commit {State.CommitNo}");
    }

    private RecoveryPlan Plan()
    {
        var committed = new Dictionary<(string Group, PartitionKey Partition), long>();
        var ranges = new List<PlannedRange>();
        foreach (var group in FleetGroups.All)
        {
            foreach (var (partition, offset) in log.Find(group.Name)?.Committed ?? [])
            {
                committed[(group.Name, partition)] = offset;
            }

            ranges.AddRange(group.Topics.SelectMany(log.Of).OrderBy(p => p.Partition).Select(p => new PlannedRange(
                p.Partition, 0, State.Progress.GetValueOrDefault((group.Name, p.Partition)), p.Entries.Count)));
        }

        ranges.AddRange(log.Of(Topics.SagaFacts).Select(p => new PlannedRange(p.Partition, 0, 0, p.Entries.Count)));
        var named = new[] { Topics.SagaFacts, Topics.Deliveries }.SelectMany(log.Of).SelectMany(p => p.Entries)
            .Select(e => e.Commit).DefaultIfEmpty(0).Max();
        return new(State.CommitNo, named, null, State.Progress, committed, ranges, []);
    }

    private IEnumerable<LogIncoming> Records(IEnumerable<PlannedRange> ranges)
    {
        foreach (var range in ranges)
        {
            for (var i = range.From; i < range.End; i++)
            {
                yield return SimLog.ToIncoming(range.Partition, i, log[range.Partition][(int)i], null);
            }
        }
    }

    private List<KeysVoided> Import(RecoveryPlan plan)
    {
        var voids = new List<KeysVoided>();
        foreach (var message in Records(plan.Of(Topics.KeyBatches)).Select(OrderMessages.Decode))
        {
            if (message is KeysVoided order)
            {
                voids.Add(order);
            }
            else if (message is KeysImported import && State.Batches.TryAdd(import.BatchId, []))
            {
                foreach (var key in import.Keys)
                {
                    State.Keys.TryAdd(key.Id, new(new(import.Sku, import.Region), KeyStatus.Unsold, null));
                }
            }
        }

        return voids;
    }

    private (List<KeptRecord> Records, long Highest) Read(RecoveryPlan plan)
    {
        var intake = new LogIntake(null!, null!, "a", _report);
        (IEnumerable<PlannedRange> Ranges, RecordKind Kind)[] topics =
        [
            (plan.Of(Topics.SagaFacts), RecordKind.Fact), (plan.Of(Topics.Deliveries), RecordKind.Event),
            (plan.Of(Topics.PaymentNotifications), RecordKind.Notification), (LogIntake.Processed(plan), RecordKind.Order),
        ];
        var kept = topics.SelectMany(t => Records(t.Ranges).Select(r => intake.Kept(r, t.Kind, plan.Commit)))
            .OfType<KeptRecord>().ToList();
        return (kept, intake.HighestCommit);
    }

    private void Rebuild(List<KeptRecord> records, long commit)
    {
        var settings = ShopSettings.Default with { Channels = ProfilesOf(records) };
        var recovery = new OrderRecovery(null!, settings, commit, new ProcessClock(sim), _report);
        var number = ++State.OutboxNumber;
        var sends = new List<OutRecord>();
        foreach (var order in records.OrderBy(r => (r.OrderId, r.Kind, r.Partition, r.Offset)).GroupBy(r => r.OrderId).ToList())
        {
            var restored = new OrderCase(
                State.Payments.GetValueOrDefault(order.Key), State.Deliveries.GetValueOrDefault(order.Key));
            var rebuilt = OrderRebuilder.Rebuild(recovery.EvidenceOf(order.Key, restored, order), settings, sim.UtcNow);
            _report.Orders++;
            _report.InputsApplied += rebuilt.Applied;
            Write(order.Key, restored, rebuilt, number);
            sends.AddRange(rebuilt.Records);
        }

        if (sends.Count > 0)
        {
            var waits = State.Outbox.Where(o => o.Value.Row.Records.Count > 0).Select(o => o.Key).ToList();
            State.Outbox[number] = new(new(number, commit, sends, [], waits), sim.Now);
        }
    }

    private void Write(string id, OrderCase restored, RebuiltOrder rebuilt, long number)
    {
        long OutboxOf(long earlier) => rebuilt.Records.Count > 0 ? number : earlier;
        if (rebuilt.Case.Payment is { } payment && !ReferenceEquals(payment, restored.Payment))
        {
            State.Payments[id] = payment with { Outbox = OutboxOf(payment.Outbox) };
        }

        if (rebuilt.Case.Delivery is { } delivery && !ReferenceEquals(delivery, restored.Delivery))
        {
            State.Deliveries[id] = delivery with { Outbox = OutboxOf(delivery.Outbox) };
        }

        foreach (var (key, _) in rebuilt.Sold)
        {
            if (!State.Keys.TryGetValue(key, out var row) || (row.Status != KeyStatus.Unsold && row.OrderId != id))
            {
                sim.Fail($"10: recovery cannot give key {key} to {id}: it is {row}");
                return;
            }

            State.Keys[key] = row with { Status = KeyStatus.Sold, OrderId = id };
        }
    }

    private static Dictionary<string, IReadOnlyList<string>> ProfilesOf(List<KeptRecord> records)
    {
        var profiles = new[] { "alipay", "wechat", "unionpay" }
            .ToDictionary(c => c, _ => (IReadOnlyList<string>)[ShopSettings.Default.Profile]);
        foreach (var record in records.Where(r => r.Kind == RecordKind.Fact))
        {
            foreach (var attempt in JsonSerializer.Deserialize(record.Body, ContractsJson.Default.PaymentSaga)!.Attempts)
            {
                profiles[attempt.Channel] = [attempt.Profile];
            }
        }

        return profiles;
    }

    /// <summary>As the statements over documents ask for it.</summary>
    private void Share()
    {
        foreach (var stock in State.Stock.Keys.ToList())
        {
            var unsold = Count(stock, KeyStatus.Unsold);
            var of = State.Deliveries.Values.Where(d => d.Sku == stock.Sku).ToList();
            var waiting = of.Where(d => d.Status == DeliveryStatus.WaitingStock).Select(Claim).ToList();
            var left = unsold - Paid(stock) - Held(stock);
            if (left > 0 ? waiting.Count == 0 : left == 0)
            {
                continue;
            }

            var allotted = StockAllotment.Share(
                unsold, of.Where(d => d.Reserved && d.Status != DeliveryStatus.Allocating).Select(Claim),
                of.Where(d => d.Reserved && d.Status == DeliveryStatus.Allocating).Select(Claim),
                State.Payments.Values.Where(p => p is { Reserved: true, Order: not null } && p.Order.Sku == stock.Sku)
                    .Select(p => new StockClaim(p.Id, p.Order!.Quantity, p.Order.AcceptedAt)),
                waiting);
            foreach (var id in allotted.Released)
            {
                State.Deliveries[id] = State.Deliveries[id] with { Reserved = false, Version = State.Deliveries[id].Version + 1 };
            }

            foreach (var id in allotted.Waiting)
            {
                State.Deliveries[id] = StockRecovery.Wait(State.Payments.GetValueOrDefault(id), State.Deliveries[id], sim.UtcNow)!;
            }

            foreach (var id in allotted.Unheld)
            {
                State.Payments[id] = State.Payments[id] with { Reserved = false, Version = State.Payments[id].Version + 1 };
            }

            foreach (var id in allotted.Served)
            {
                State.Deliveries[id] = StockRecovery.Serve(State.Deliveries[id], sim.UtcNow)!;
            }
        }

        static StockClaim Claim(DeliverySaga d) => new(d.Id, d.Quantity, d.CreatedAt);
    }

    private void Void(List<KeysVoided> voids)
    {
        foreach (var order in voids.Where(o => State.Voids.TryAdd(o.VoidId, (o.Keys.Count, 0))))
        {
            var stock = new StockKey(order.Sku, order.Region);
            var left = (int)Math.Max(0, Count(stock, KeyStatus.Unsold) - Paid(stock) - Held(stock));
            foreach (var key in order.Keys.Where(k => State.Keys.TryGetValue(k, out var row) && row.Status == KeyStatus.Unsold)
                .OrderDescending().Take(left))
            {
                State.Keys[key] = State.Keys[key] with { Status = KeyStatus.Void };
            }
        }
    }

    private long Count(StockKey stock, KeyStatus status) =>
        State.Keys.Values.LongCount(k => k.Stock == stock && k.Status == status);

    private long Paid(StockKey stock) =>
        State.Deliveries.Values.Where(d => d.Reserved && d.Sku == stock.Sku).Sum(d => d.Quantity);

    private long Held(StockKey stock) => State.Payments.Values
        .Where(p => p is { Reserved: true, Order: not null } && p.Order.Sku == stock.Sku).Sum(p => p.Order!.Quantity);
}
