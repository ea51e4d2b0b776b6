using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;

namespace CardShop.Tests.Simulation.Servers;

internal sealed partial class SimStoreClient : IShopStore, IOutboxStore, IFenceDatabase
{
    public Task<IShopTransaction> BeginAsync(CancellationToken cancellation)
    {
        if (_store.IsDown)
        {
            throw new PlaceException("the database is away");
        }

        var transaction = new SimTransaction(this, _store);
        _store.Opened(transaction);
        _process.OnDeath.Add(transaction.Abandon);
        return Task.FromResult<IShopTransaction>(transaction);
    }

    public async Task<(Opening Opening, IReadOnlyDictionary<string, PaymentSaga> Sagas)> ReadPaymentsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellation)
    {
        await TravelAsync();
        var sagas = new Dictionary<string, PaymentSaga>();
        foreach (var id in ids)
        {
            if (_store.State.Payments.TryGetValue(id, out var saga))
            {
                sagas[id] = saga;
            }
        }

        return (OpeningOf(string.Empty, []), sagas);
    }

    public Task<IReadOnlyList<DueSaga>> OverduePaymentsAsync(
        string channel, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) => DueAsync(
        _store.State.Payments.Values.Where(p => p.Due <= now && ChannelOf(p) == channel).Select(p => new DueSaga(p.Id, p.Due!.Value)),
        after, limit);

    public Task<IReadOnlyList<DueSaga>> OverdueDeliveriesAsync(
        DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) => DueAsync(
        _store.State.Deliveries.Values.Where(d => d.Due <= now).Select(d => new DueSaga(d.Id, d.Due!.Value)), after, limit);

    public async Task<IReadOnlyDictionary<PartitionKey, long>> ProgressAsync(
        string group, IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellation)
    {
        await TravelAsync();
        return partitions.ToDictionary(p => p, p => _store.State.Progress.GetValueOrDefault((group, p)));
    }

    public Task<IReadOnlyDictionary<StockKey, long>> AvailableAsync(
        IReadOnlyCollection<StockKey>? keys, CancellationToken cancellation)
    {
        RequireUp();
        return Task.FromResult<IReadOnlyDictionary<StockKey, long>>(
            _store.State.Stock.Where(s => keys is null || keys.Contains(s.Key)).ToDictionary(s => s.Key, s => s.Value.Available));
    }

    public Task<DateTimeOffset> StartedAtAsync(CancellationToken cancellation)
    {
        RequireUp();
        return Task.FromResult(_store.StartedAt);
    }

    async Task<FenceReading> IFenceDatabase.ReadAsync(CancellationToken cancellation)
    {
        await TravelAsync();
        return new(
            _store.StartedAt, _store.State.CommitNo,
            new Dictionary<(string Group, PartitionKey Partition), long>(_store.State.Progress));
    }

    public async Task RecordsSentAsync(OutboxRow row, CancellationToken cancellation)
    {
        await TravelAsync();
        var state = _store.State;
        if (!state.Outbox.TryGetValue(row.Number, out var entry) || entry.Row.Commit != row.Commit)
        {
            return;
        }

        Replace(row.Number, entry, row.Commands.Count == 0 ? null : entry.Row with { Records = [] });
        await TravelAsync();
    }

    public async Task DeleteAsync(OutboxRow row, CancellationToken cancellation)
    {
        await TravelAsync();
        if (_store.State.Outbox.TryGetValue(row.Number, out var entry) && entry.Row.Commit == row.Commit)
        {
            Replace(row.Number, entry, null);
        }

        await TravelAsync();
    }

    public async Task RewriteAsync(OutboxRow row, CancellationToken cancellation)
    {
        await TravelAsync();
        if (_store.State.Outbox.TryGetValue(row.Number, out var entry) && entry.Row.Commit == row.Commit)
        {
            Replace(row.Number, entry, Rewritten(entry.Row, row));
        }
    }

    public async Task ParkAsync(
        OutboxRow left, string? orderId, string kind, byte[] body, string reason, CancellationToken cancellation)
    {
        await TravelAsync();
        if (orderId is not null)
        {
            // The review locks its document.
            var transaction = new SimTransaction(this, _store);
            _store.Opened(transaction);
            _process.OnDeath.Add(transaction.Abandon);
            await using (transaction)
            {
                await _store.LockAsync("p:" + orderId, transaction);
                Park(left, orderId);
            }

            return;
        }

        Park(left, null);
    }

    public async Task<IReadOnlyList<long>> UnsentAsync(IReadOnlyList<long> numbers, CancellationToken cancellation)
    {
        await TravelAsync();
        return [.. numbers.Where(n => _store.State.Outbox.TryGetValue(n, out var e) && e.Row.Records.Count > 0).Order()];
    }

    public async Task<IReadOnlyList<OutboxRow>> ReadAsync(IReadOnlyList<long> numbers, CancellationToken cancellation)
    {
        if (numbers.Count == 0)
        {
            return [];
        }

        await TravelAsync();
        return [.. numbers.Order().Where(_store.State.Outbox.ContainsKey).Select(n => _store.State.Outbox[n].Row)];
    }

    public Task<IReadOnlyList<long>> LeftBehindAsync(
        TimeSpan age, int limit, IReadOnlyCollection<long> except, CancellationToken cancellation)
    {
        RequireUp();
        return Task.FromResult<IReadOnlyList<long>>(
            [.. _store.State.Outbox.Where(o => o.Value.CreatedAt < _sim.Now - age.Ticks && !except.Contains(o.Key)).Take(limit).Select(o => o.Key)]);
    }

    /// <summary>The number of the row is taken whether it will be written or not.</summary>
    internal Opening OpeningOf(string group, IReadOnlyCollection<PartitionKey> partitions) => new(
        _store.StartedAt, _store.State.CommitNo, ++_store.State.OutboxNumber,
        partitions.ToDictionary(p => p, p => _store.State.Progress.GetValueOrDefault((group, p))));

    private static string ChannelOf(PaymentSaga saga) =>
        saga.Attempts.Count > 0 ? saga.Attempts[^1].Channel : saga.Order?.Channel ?? string.Empty;

    private static OutboxRow? Rewritten(OutboxRow stored, OutboxRow left) =>
        left is { Records.Count: 0, Commands.Count: 0 }
            ? null
            : stored with { Records = left.Records, Commands = left.Commands };

    private Task<IReadOnlyList<DueSaga>> DueAsync(IEnumerable<DueSaga> due, DueSaga? after, int limit)
    {
        RequireUp();
        return Task.FromResult<IReadOnlyList<DueSaga>>(
        [
            .. due.Where(d => after is not { } a || d.Due > a.Due || (d.Due == a.Due && string.CompareOrdinal(d.Id, a.Id) > 0))
                .OrderBy(d => d.Due).ThenBy(d => d.Id, StringComparer.Ordinal).Take(limit),
        ]);
    }

    private void RequireUp()
    {
        if (_store.IsDown)
        {
            throw new PlaceException("the database is away");
        }
    }

    /// <summary>These writes do not wait for the disk.</summary>
    private void Replace(long number, OutboxEntry before, OutboxRow? after)
    {
        var state = _store.State;
        if (after is null)
        {
            state.Outbox.Remove(number);
        }
        else
        {
            state.Outbox[number] = before with { Row = after };
        }

        _store.Lazy(() => state.Outbox[number] = before);
    }

    private void Park(OutboxRow left, string? orderId)
    {
        var state = _store.State;
        state.CommitNo++;
        if (state.Outbox.TryGetValue(left.Number, out var entry))
        {
            if (Rewritten(entry.Row, left) is { } row)
            {
                state.Outbox[left.Number] = entry with { Row = row };
            }
            else
            {
                state.Outbox.Remove(left.Number);
            }
        }

        if (orderId is not null)
        {
            state.Parked.Add((left.Number, orderId));
            if (ReviewCases.Poison(
                orderId, state.Payments.GetValueOrDefault(orderId), "A message could not be sent", _sim.UtcNow) is { } review)
            {
                state.Payments[orderId] = review;
            }
        }

        _store.Flush();
        _sim.Note("parked", orderId);
    }
}
