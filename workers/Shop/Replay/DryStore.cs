using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;

namespace CardShop.Shop.Replay;

/// <summary>Positions in memory: for a pass that saves nothing.</summary>
public sealed class DryPositions(IReadOnlyDictionary<PartitionKey, long> starts) : IReplayPositions
{
    private readonly Dictionary<PartitionKey, long> _next = new(starts);

    public IReadOnlyDictionary<PartitionKey, long> Next => _next;

    public void Move(IReadOnlyList<ProgressMove> moves)
    {
        foreach (var move in moves)
        {
            _next[move.Partition] = move.Next;
        }
    }

    public Task<IReadOnlyDictionary<PartitionKey, long>> ReadAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyDictionary<PartitionKey, long>>(new Dictionary<PartitionKey, long>(_next));

    public Task NoteAsync(ReplayReport report, CancellationToken cancellation) => Task.CompletedTask;
}

/// <summary>The shop's store for a pass that saves nothing: every transaction is rolled back.</summary>
public sealed class DryStore(IShopStore inner, DryPositions positions) : IShopStore
{
    public async Task<IShopTransaction> BeginAsync(CancellationToken cancellation) =>
        new DryTransaction(await inner.BeginAsync(cancellation), positions);

    public Task<(Opening Opening, IReadOnlyDictionary<string, PaymentSaga> Sagas)> ReadPaymentsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation) => inner.ReadPaymentsAsync(ids, cancellation);

    public Task<IReadOnlyList<DueSaga>> OverduePaymentsAsync(
        string channel, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
        inner.OverduePaymentsAsync(channel, now, after, limit, cancellation);

    public Task<IReadOnlyList<DueSaga>> OverdueDeliveriesAsync(
        DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
        inner.OverdueDeliveriesAsync(now, after, limit, cancellation);

    public Task<IReadOnlyDictionary<PartitionKey, long>> ProgressAsync(
        string group, IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation) =>
        positions.ReadAsync(cancellation);

    public Task<IReadOnlyDictionary<StockKey, long>> AvailableAsync(
        IReadOnlyCollection<StockKey>? keys, CancellationToken cancellation) => inner.AvailableAsync(keys, cancellation);

    private sealed class DryTransaction(IShopTransaction inner, DryPositions positions) : IShopTransaction
    {
        public Task<IReadOnlyList<string>> WaitingAsync(
            IReadOnlyDictionary<string, int> limits, CancellationToken cancellation) =>
            inner.WaitingAsync(limits, cancellation);

        public async Task<LoadedBatch> LoadAsync(LoadRequest request, CancellationToken cancellation)
        {
            var loaded = await inner.LoadAsync(request, cancellation);
            return loaded with
            {
                Opening = loaded.Opening with
                {
                    Progress = request.Partitions.ToDictionary(p => p, positions.Next.GetValueOrDefault),
                },
            };
        }

        public Task<IReadOnlyDictionary<StockKey, StockCount>> ReadStockAsync(
            IReadOnlyCollection<StockKey> keys, CancellationToken cancellation) => inner.ReadStockAsync(keys, cancellation);

        public Task<OpenOrders> CountOpenAsync(
            IReadOnlyCollection<string> contacts, IReadOnlyCollection<string> networks, int maxPerContact,
            int maxPerNetwork, CancellationToken cancellation) =>
            inner.CountOpenAsync(contacts, networks, maxPerContact, maxPerNetwork, cancellation);

        public Task<IReadOnlyDictionary<StockKey, IReadOnlyList<Guid>>> PickAsync(
            IReadOnlyDictionary<StockKey, int> demand, CancellationToken cancellation) =>
            inner.PickAsync(demand, cancellation);

        public Task<IReadOnlyList<int>> ImportAsync(
            IReadOnlyList<KeysImported> batches, CancellationToken cancellation) => inner.ImportAsync(batches, cancellation);

        public Task<int> VoidAsync(
            KeysVoided order, int limit, IReadOnlyCollection<Guid> picked, CancellationToken cancellation) =>
            inner.VoidAsync(order, limit, picked, cancellation);

        public Task<long> SaveAsync(SaveRequest save, CancellationToken cancellation)
        {
            positions.Move(save.Progress);
            return Task.FromResult(save.Opening.CommitNo);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
