using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;

namespace CardShop.Shop.Store;

/// <summary>PostgreSQL, as the shop uses it.</summary>
public interface IShopStore
{
    /// <summary>Opens a transaction; nothing is sent before its first statement.</summary>
    Task<IShopTransaction> BeginAsync(CancellationToken cancellation);

    /// <summary>Reads payment sagas without locks, with the opening that the fence asks for.</summary>
    Task<(Opening Opening, IReadOnlyDictionary<string, PaymentSaga> Sagas)> ReadPaymentsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation);

    /// <summary>
    /// Payment sagas whose due time has come, by due time and id, after one where it is given: those whose last attempt,
    /// or where there is none whose order, names this channel; empty for those that name none.
    /// </summary>
    Task<IReadOnlyList<DueSaga>> OverduePaymentsAsync(
        string channel, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation);

    /// <summary>Delivery sagas whose due time has come, by due time and id, after one where it is given.</summary>
    Task<IReadOnlyList<DueSaga>> OverdueDeliveriesAsync(
        DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation);

    /// <summary>Next offsets of a group.</summary>
    Task<IReadOnlyDictionary<PartitionKey, long>> ProgressAsync(
        string group, IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation);

    /// <summary>Available units of these products.</summary>
    Task<IReadOnlyDictionary<StockKey, long>> AvailableAsync(
        IReadOnlyCollection<StockKey>? keys, CancellationToken cancellation);
}

/// <summary>What a batch needs loaded.</summary>
/// <param name="Group">Whose progress it is.</param>
/// <param name="OrderIds">Their payment documents, and with <paramref name="Deliveries"/> their delivery documents, are locked.</param>
public sealed record LoadRequest(
    string Group, IReadOnlyCollection<PartitionKey> Partitions, IReadOnlyCollection<string> OrderIds, bool Deliveries);

/// <param name="Waits">Outbox rows of these documents whose records are still unsent.</param>
/// <param name="Archived">Orders that ended and were moved away: terminal.</param>
public sealed record LoadedBatch(
    Opening Opening,
    IReadOnlyDictionary<string, PaymentSaga> Payments,
    IReadOnlyDictionary<string, DeliverySaga> Deliveries,
    IReadOnlyList<long> Waits,
    IReadOnlySet<string> Archived);

/// <summary>Unpaid orders by keyed hash; absent = none.</summary>
public sealed record OpenOrders(IReadOnlyDictionary<string, int> OfContact, IReadOnlyDictionary<string, int> OfNetwork)
{
    public static readonly OpenOrders None = new(new Dictionary<string, int>(), new Dictionary<string, int>());
}

/// <summary>A key that was sold to an order.</summary>
public readonly record struct KeySale(Guid Key, string OrderId);

/// <summary>A text that an operator hands to an order: a batch of one key that is sold at once.</summary>
public sealed record HandedOver(KeysImported Import, string OrderId);

/// <summary>A changed document and the version it was loaded with (0 = new).</summary>
public readonly record struct Changed<T>(T Document, int LoadedVersion);

/// <summary>Everything that one batch saves.</summary>
public sealed record SaveRequest(
    string Group,
    Opening Opening,
    IReadOnlyList<Changed<PaymentSaga>> Payments,
    IReadOnlyList<Changed<DeliverySaga>> Deliveries,
    IReadOnlyList<KeySale> Sales,
    IReadOnlyDictionary<StockKey, StockDelta> Stock,
    IReadOnlyList<ProgressMove> Progress,
    IReadOnlyList<OutRecord> Records,
    IReadOnlyList<OutCommand> Commands,
    IReadOnlyList<long> Waits,
    DateTimeOffset Now)
{
    /// <summary>Sold keys that become void; they stay with their orders.</summary>
    public IReadOnlyList<KeySale> Replaced { get; init; } = [];

    public IReadOnlyList<HandedOver> HandedOver { get; init; } = [];

    /// <summary>Inputs that are kept for other regions; by region and topic, in their order.</summary>
    public IReadOnlyList<PassedInputs> Foreign { get; init; } = [];
}

/// <summary>One batch's transaction. Disposing it without a save leaves no trace.</summary>
public interface IShopTransaction : IAsyncDisposable
{
    /// <summary>Orders that wait for stock of these products, oldest first.</summary>
    Task<IReadOnlyList<string>> WaitingAsync(
        IReadOnlyDictionary<string, int> limits, CancellationToken cancellation);

    Task<LoadedBatch> LoadAsync(LoadRequest request, CancellationToken cancellation);

    /// <summary>Available and held units, unlocked: the save's checks decide.</summary>
    Task<IReadOnlyDictionary<StockKey, StockCount>> ReadStockAsync(
        IReadOnlyCollection<StockKey> keys, CancellationToken cancellation);

    /// <summary>
    /// How many unpaid orders contacts and networks have, in one statement; counted up to the limits, orders without a
    /// network left out.
    /// </summary>
    Task<OpenOrders> CountOpenAsync(
        IReadOnlyCollection<string> contacts, IReadOnlyCollection<string> networks, int maxPerContact, int maxPerNetwork,
        CancellationToken cancellation);

    /// <summary>Locks unsold keys, those that others hold passed over; fewer than asked for where there are fewer.</summary>
    Task<IReadOnlyDictionary<StockKey, IReadOnlyList<Guid>>> PickAsync(
        IReadOnlyDictionary<StockKey, int> demand, CancellationToken cancellation);

    /// <summary>
    /// Inserts keys; returns how many of each batch were new. Known ids are noted as duplicates of their batch; a batch
    /// that was imported before has no new keys.
    /// </summary>
    Task<IReadOnlyList<int>> ImportAsync(IReadOnlyList<KeysImported> batches, CancellationToken cancellation);

    /// <summary>
    /// Voids unsold keys, at most <paramref name="limit"/> and none of <paramref name="picked"/>; those that others hold are
    /// passed over. Returns how many; 0 for a void that was done before.
    /// </summary>
    Task<int> VoidAsync(
        KeysVoided order, int limit, IReadOnlyCollection<Guid> picked, CancellationToken cancellation);

    /// <summary>Saves and commits. Throws <see cref="Pipeline.ConflictException"/> where another transaction was faster.</summary>
    /// <returns>The commit number.</returns>
    Task<long> SaveAsync(SaveRequest save, CancellationToken cancellation);
}
