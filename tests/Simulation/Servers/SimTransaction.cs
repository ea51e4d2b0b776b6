using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;

namespace CardShop.Tests.Simulation.Servers;

/// <summary>One transaction of the simulated database: rows are locked as they are loaded, everything is written at the save.</summary>
internal sealed class SimTransaction(SimStoreClient client, SimStore store) : IShopTransaction
{
    private readonly int _generation = store.Generation;
    private readonly List<(KeysImported Batch, List<Guid> Fresh, int[] Duplicates)> _imports = [];
    private readonly List<(KeysVoided Order, List<Guid> Keys)> _voids = [];
    private IReadOnlyCollection<string> _loaded = [];
    private bool _isFailed;
    private bool _isOver;

    /// <summary>The rows that it holds.</summary>
    internal HashSet<string> Held { get; } = [];

    public async Task<IReadOnlyList<string>> WaitingAsync(
        IReadOnlyDictionary<string, int> limits, CancellationToken cancellation)
    {
        await TravelAsync();
        return
        [
            .. limits.SelectMany(l => store.State.Deliveries.Values
                    .Where(d => d.Status == DeliveryStatus.WaitingStock && d.Sku == l.Key)
                    .OrderBy(d => d.CreatedAt).ThenBy(d => d.Id, StringComparer.Ordinal).Take(l.Value))
                .OrderBy(d => d.CreatedAt).ThenBy(d => d.Id, StringComparer.Ordinal).Select(d => d.Id),
        ];
    }

    public async Task<LoadedBatch> LoadAsync(LoadRequest request, CancellationToken cancellation)
    {
        await TravelAsync();
        var opening = client.OpeningOf(request.Group, request.Partitions);
        _loaded = request.OrderIds;
        var ids = request.OrderIds.Order(StringComparer.Ordinal).ToList();
        var payments = await LoadAsync(ids, "p:", store.State.Payments);
        var deliveries = request.Deliveries ? await LoadAsync(ids, "d:", store.State.Deliveries) : [];
        var waits = payments.Values.Select(p => p.Outbox).Concat(deliveries.Values.Select(d => d.Outbox))
            .Where(n => store.State.Outbox.TryGetValue(n, out var row) && row.Row.Records.Count > 0).Distinct().Order();
        return new(opening, payments, deliveries, [.. waits], ids.Where(store.State.Archived.Contains).ToHashSet());
    }

    public async Task<IReadOnlyDictionary<StockKey, StockCount>> ReadStockAsync(
        IReadOnlyCollection<StockKey> keys, CancellationToken cancellation)
    {
        await TravelAsync();
        return store.State.Stock.Where(s => keys.Contains(s.Key))
            .ToDictionary(s => s.Key, s => new StockCount(s.Value.Available, s.Value.Held));
    }

    public async Task<OpenOrders> CountOpenAsync(
        IReadOnlyCollection<string> contacts, IReadOnlyCollection<string> networks, int maxPerContact, int maxPerNetwork,
        CancellationToken cancellation)
    {
        await TravelAsync();
        var open = store.State.Payments.Values
            .Where(p => p is { Status: PaymentStatus.Reserved or PaymentStatus.AwaitingPayment, Order.NetworkHash: not null }).ToList();
        return new(
            contacts.ToDictionary(c => c, c => Math.Min(maxPerContact, open.Count(p => p.Order!.ContactHash == c))),
            networks.ToDictionary(n => n, n => Math.Min(maxPerNetwork, open.Count(p => p.Order!.NetworkHash == n))));
    }

    public async Task<IReadOnlyDictionary<StockKey, IReadOnlyList<Guid>>> PickAsync(
        IReadOnlyDictionary<StockKey, int> demand, CancellationToken cancellation)
    {
        await TravelAsync();
        var picked = new Dictionary<StockKey, IReadOnlyList<Guid>>();
        foreach (var (stock, count) in demand.OrderBy(d => d.Key))
        {
            var keys = Unsold(stock).Order().Take(count).ToList();
            keys.ForEach(k => store.Hold("k:" + k, this));
            if (keys.Count > 0)
            {
                picked[stock] = keys;
            }
        }

        return picked;
    }

    public async Task<IReadOnlyList<int>> ImportAsync(IReadOnlyList<KeysImported> batches, CancellationToken cancellation)
    {
        await TravelAsync();
        var counts = new int[batches.Count];
        var known = new HashSet<string>();
        for (var i = 0; i < batches.Count; i++)
        {
            var batch = batches[i];
            if (store.State.Batches.ContainsKey(batch.BatchId) || !known.Add(batch.BatchId))
            {
                continue;
            }

            foreach (var key in batch.Keys.Select(k => k.Id).Distinct().Order())
            {
                await store.LockAsync("k:" + key, this);
            }

            // A key that stands twice in one batch is new once.
            var fresh = new List<Guid>();
            var duplicates = new List<int>();
            for (var n = 0; n < batch.Keys.Count; n++)
            {
                var key = batch.Keys[n].Id;
                if (store.State.Keys.ContainsKey(key) || fresh.Contains(key) || _imports.Any(m => m.Fresh.Contains(key)))
                {
                    duplicates.Add(n);
                }
                else
                {
                    fresh.Add(key);
                }
            }

            _imports.Add((batch, fresh, [.. duplicates]));
            counts[i] = fresh.Count;
        }

        return counts;
    }

    public async Task<int> VoidAsync(
        KeysVoided order, int limit, IReadOnlyCollection<Guid> picked, CancellationToken cancellation)
    {
        await TravelAsync();
        if (store.State.Voids.ContainsKey(order.VoidId) || _voids.Any(v => v.Order.VoidId == order.VoidId))
        {
            return 0;
        }

        var stock = new StockKey(order.Sku, order.Region);
        var keys = Unsold(stock).Where(k => order.Keys.Contains(k) && !picked.Contains(k)).OrderDescending().Take(limit).ToList();
        keys.ForEach(k => store.Hold("k:" + k, this));
        _voids.Add((order, keys));
        return keys.Count;
    }

    public async Task<long> SaveAsync(SaveRequest save, CancellationToken cancellation)
    {
        _isFailed = true;
        await TravelAsync();
        if (client.Sim.Chance(store.Faults.Fails))
        {
            store.Ended(this);
            throw new PlaceException("the connection was lost before the commit");
        }

        Check(save);
        var commit = Apply(save);
        store.Ended(this);
        client.Sim.Note("commit " + save.Group, client.Process.Name, client.Sim.IsTraced ? $"#{commit} {Text(save)}" : null);
        if (client.Sim.Chance(store.Faults.Unknown))
        {
            throw new PlaceException("the connection was lost, the outcome of the commit is unknown");
        }

        _isFailed = false;
        await client.TravelAsync();
        return commit;
    }

    public ValueTask DisposeAsync()
    {
        client.Process.OnDeath.Remove(Abandon);
        if (!_isOver && !_isFailed)
        {
            foreach (var id in _loaded)
            {
                store.Concluded[(client.Process.Id, id)] = client.Sim.Steps;
            }
        }

        Abandon();
        return ValueTask.CompletedTask;
    }

    /// <summary>Gives its rows free before its end.</summary>
    internal void Unlock() => store.Unlock(this);

    internal void RequireOpen() => client.Require(_generation);

    internal void Abandon()
    {
        _isOver = true;
        store.Ended(this);
    }

    private async Task TravelAsync()
    {
        await client.TravelAsync();
        RequireOpen();
    }

    private async Task<Dictionary<string, T>> LoadAsync<T>(List<string> ids, string kind, Dictionary<string, T> table)
    {
        var rows = new Dictionary<string, T>();
        foreach (var id in ids)
        {
            if (!table.TryGetValue(id, out var row))
            {
                continue;
            }

            if (store.IsHeldByOther(kind + id, this))
            {
                await store.LockAsync(kind + id, this);
                RequireOpen();
                row = table[id];
            }

            store.Hold(kind + id, this);
            rows[id] = row;
        }

        return rows;
    }

    /// <summary>Keys that nobody else holds; those that this transaction imports are its own.</summary>
    private IEnumerable<Guid> Unsold(StockKey stock) => store.State.Keys
        .Where(k => k.Value.Status == KeyStatus.Unsold && k.Value.Stock == stock && !store.IsHeldByOther("k:" + k.Key, this))
        .Select(k => k.Key)
        .Concat(_imports.Where(m => new StockKey(m.Batch.Sku, m.Batch.Region) == stock).SelectMany(m => m.Fresh));

    /// <summary>What the statements' counts and the tables' checks would say.</summary>
    private void Check(SaveRequest save)
    {
        var state = store.State;
        Require(save.Payments.All(p => (state.Payments.GetValueOrDefault(p.Document.Id)?.Version ?? 0) == p.LoadedVersion), "a payment");
        Require(save.Deliveries.All(d => (state.Deliveries.GetValueOrDefault(d.Document.Id)?.Version ?? 0) == d.LoadedVersion), "a delivery");
        Require(
            save.Sales.All(s => state.Keys.TryGetValue(s.Key, out var row)
                    ? row.Status == KeyStatus.Unsold
                    : _imports.Any(m => m.Fresh.Contains(s.Key)))
                && save.Sales.DistinctBy(s => s.Key).Count() == save.Sales.Count,
            "a key");
        Require(
            save.Replaced.All(r => state.Keys.TryGetValue(r.Key, out var row) && row.Status == KeyStatus.Sold && row.OrderId == r.OrderId),
            "a replaced key");
        Require(save.HandedOver.All(h => !state.Keys.ContainsKey(h.Import.Keys[0].Id)), "a text");
        Require(save.Progress.All(m => state.Progress.GetValueOrDefault((save.Group, m.Partition)) == m.Loaded), "a position");
        Require(save.Stock.All(s => state.Stock.TryGetValue(s.Key, out var row) && row.Plus(s.Value).Holds), "a stock row");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ConflictException(what + " was changed meanwhile");
        }
    }

    private long Apply(SaveRequest save)
    {
        var state = store.State;
        store.OnCommit?.Invoke(save, state, client.Process.Name);
        foreach (var (payment, _) in save.Payments)
        {
            state.Payments[payment.Id] = Stored(payment);
        }

        foreach (var (delivery, _) in save.Deliveries)
        {
            state.Deliveries[delivery.Id] = Stored(delivery);
        }

        ApplyKeys(state, save);
        foreach (var move in save.Progress)
        {
            state.Progress[(save.Group, move.Partition)] = move.Next;
            store.MaxProgress[(save.Group, move.Partition)] =
                Math.Max(move.Next, store.MaxProgress.GetValueOrDefault((save.Group, move.Partition)));
        }

        foreach (var (key, delta) in save.Stock)
        {
            state.Stock[key] = state.Stock[key].Plus(delta);
        }

        state.CommitNo++;
        if (save.Records.Count + save.Commands.Count > 0)
        {
            var row = new OutboxRow(save.Opening.OutboxNumber, state.CommitNo, save.Records, save.Commands, save.Waits);
            state.Outbox[row.Number] = new(row, client.Sim.Now);
        }

        store.Flush();
        return state.CommitNo;
    }

    /// <summary>As it comes back from the table: its JSON has milliseconds, and leaves out what is null.</summary>
    private static PaymentSaga Stored(PaymentSaga saga) => JsonSerializer.Deserialize(
        JsonSerializer.SerializeToUtf8Bytes(saga, ContractsJson.Default.PaymentSaga), ContractsJson.Default.PaymentSaga)!;

    private static DeliverySaga Stored(DeliverySaga saga) => JsonSerializer.Deserialize(
        JsonSerializer.SerializeToUtf8Bytes(saga, ContractsJson.Default.DeliverySaga), ContractsJson.Default.DeliverySaga)!;

    private void ApplyKeys(StoreState state, SaveRequest save)
    {
        foreach (var (batch, fresh, duplicates) in _imports)
        {
            state.Batches.Add(batch.BatchId, duplicates);
            fresh.ForEach(k => state.Keys[k] = new(new(batch.Sku, batch.Region), KeyStatus.Unsold, null));
        }

        foreach (var (order, keys) in _voids)
        {
            state.Voids.Add(order.VoidId, (order.Keys.Count, keys.Count));
            keys.ForEach(k => state.Keys[k] = state.Keys[k] with { Status = KeyStatus.Void });
        }

        foreach (var (key, orderId) in save.Sales)
        {
            state.Keys[key] = state.Keys[key] with { Status = KeyStatus.Sold, OrderId = orderId };
        }

        foreach (var (key, _) in save.Replaced)
        {
            state.Keys[key] = state.Keys[key] with { Status = KeyStatus.Void };
        }

        foreach (var (import, orderId) in save.HandedOver)
        {
            state.Batches.TryAdd(import.BatchId, []);
            state.Keys[import.Keys[0].Id] = new(new(import.Sku, import.Region), KeyStatus.Sold, orderId);
        }
    }

    private static string Text(SaveRequest save) => string.Join(
        ", ",
        save.Payments.Select(p => $"{p.Document.Id[..5]} {p.Document.Status} v{p.Document.Version}")
            .Concat(save.Deliveries.Select(d => $"{d.Document.Id[..5]} {d.Document.Status} d{d.Document.Version}"))
            .Concat(save.Progress.Select(m => $"{m.Partition.Topic}[{m.Partition.Partition}]={m.Next}"))
            .Concat(save.Commands.Select(c => "→" + c.MessageId[..5] + c.Type[(c.Type.LastIndexOf('.') + 1)..])));
}
