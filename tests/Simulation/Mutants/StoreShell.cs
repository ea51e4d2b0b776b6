using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;

namespace CardShop.Tests.Simulation.Mutants;

/// <summary>A store of which something is different: what is loaded, or how it is saved.</summary>
internal class StoreShell(IShopStore store) : IShopStore
{
    public Func<LoadedBatch, LoadedBatch> OnLoad { get; init; } = l => l;

    /// <summary>The save, what was loaded before it, and how to go on.</summary>
    public Func<SaveRequest, LoadedBatch?, Func<SaveRequest, Task<long>>, Task<long>> OnSave { get; init; } =
        (save, _, next) => next(save);

    /// <summary>What happens to the loaded orders' locks.</summary>
    public Action<IShopTransaction> AfterLoad { get; init; } = _ => { };

    public async Task<IShopTransaction> BeginAsync(CancellationToken cancellation) =>
        new Shell(this, await store.BeginAsync(cancellation));

    public virtual Task<(Opening Opening, IReadOnlyDictionary<string, PaymentSaga> Sagas)> ReadPaymentsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation) => store.ReadPaymentsAsync(ids, cancellation);

    public virtual Task<IReadOnlyList<DueSaga>> OverduePaymentsAsync(
        string channel, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
        store.OverduePaymentsAsync(channel, now, after, limit, cancellation);

    public virtual Task<IReadOnlyList<DueSaga>> OverdueDeliveriesAsync(
        DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
        store.OverdueDeliveriesAsync(now, after, limit, cancellation);

    public Task<IReadOnlyDictionary<PartitionKey, long>> ProgressAsync(
        string group, IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation) =>
        store.ProgressAsync(group, partitions, cancellation);

    public Task<IReadOnlyDictionary<StockKey, long>> AvailableAsync(
        IReadOnlyCollection<StockKey>? keys, CancellationToken cancellation) => store.AvailableAsync(keys, cancellation);

    private sealed class Shell(StoreShell shell, IShopTransaction inner) : IShopTransaction
    {
        private LoadedBatch? _loaded;

        public Task<IReadOnlyList<string>> WaitingAsync(
            IReadOnlyDictionary<string, int> limits, CancellationToken cancellation) => inner.WaitingAsync(limits, cancellation);

        public async Task<LoadedBatch> LoadAsync(LoadRequest request, CancellationToken cancellation)
        {
            _loaded = await inner.LoadAsync(request, cancellation);
            shell.AfterLoad(inner);
            return shell.OnLoad(_loaded);
        }

        public Task<IReadOnlyDictionary<StockKey, StockCount>> ReadStockAsync(
            IReadOnlyCollection<StockKey> keys, CancellationToken cancellation) => inner.ReadStockAsync(keys, cancellation);

        public Task<OpenOrders> CountOpenAsync(
            IReadOnlyCollection<string> contacts, IReadOnlyCollection<string> networks, int maxPerContact, int maxPerNetwork,
            CancellationToken cancellation) =>
            inner.CountOpenAsync(contacts, networks, maxPerContact, maxPerNetwork, cancellation);

        public Task<IReadOnlyDictionary<StockKey, IReadOnlyList<Guid>>> PickAsync(
            IReadOnlyDictionary<StockKey, int> demand, CancellationToken cancellation) => inner.PickAsync(demand, cancellation);

        public Task<IReadOnlyList<int>> ImportAsync(IReadOnlyList<KeysImported> batches, CancellationToken cancellation) =>
            inner.ImportAsync(batches, cancellation);

        public Task<int> VoidAsync(
            KeysVoided order, int limit, IReadOnlyCollection<Guid> picked, CancellationToken cancellation) =>
            inner.VoidAsync(order, limit, picked, cancellation);

        public Task<long> SaveAsync(SaveRequest save, CancellationToken cancellation) =>
            shell.OnSave(save, _loaded, s => inner.SaveAsync(s, cancellation));

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
