using CardShop.Pipeline.Outbox;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Tests.Contracts;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;
using Xunit;

namespace CardShop.Tests.Simulation;

/// <summary>The store's contract, held against the simulated database: a fake that does otherwise proves nothing.</summary>
public sealed class When_the_store_is_simulated : StoreContract
{
    private readonly SimStore _store;
    private readonly SimStoreClient _client;
    private readonly Sim _sim = new(1, isTraced: false);

    public When_the_store_is_simulated()
    {
        _store = new(_sim, StoreFaults.None);
        _client = _store.Connect(new(_sim, 1, "contract"));
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_crash_loses_what_did_not_wait_for_the_disk_and_no_commit()
    {
        await CommitAsync(
            payments: [new(Saga("o1") with { Version = 1 }, 0)],
            records: [new("t", 0, "o1", "type", [1], DateTimeOffset.UnixEpoch, "o1")]);
        var (number, entry) = _store.State.Outbox.Single();
        await _client.RecordsSentAsync(entry.Row with { Records = [] }, CancellationToken.None);
        Assert.Empty(_store.State.Outbox);
        _store.Crash(TimeSpan.Zero);
        Assert.Equal(number, Assert.Single(_store.State.Outbox).Key);
        Assert.Contains("o1", _store.State.Payments);
    }

    protected override Task<(IShopStore Store, IOutboxStore Outbox)> OpenAsync(StockKey product)
    {
        _store.State.Stock[product] = default;
        return Task.FromResult<(IShopStore, IOutboxStore)>((_client, _client));
    }

    protected override Task<StoreLook> LookAsync()
    {
        var state = _store.State;
        var stock = state.Stock.Values.Single();
        return Task.FromResult(new StoreLook(
            [.. state.Keys.Select(k => new KeyLook(k.Key, NameOf(k.Value.Status), k.Value.OrderId))], state.Batches, state.Voids,
            state.Parked, state.Outbox.Count,
            new(stock.Imported, stock.Available, stock.Reserved, stock.Held, stock.Sold, stock.Void)));
    }

    /// <summary>It waits at once, or never.</summary>
    protected override Task WaitForLockAsync() => Task.CompletedTask;

    private static string NameOf(KeyStatus status) => status switch
    {
        KeyStatus.Unsold => "unsold",
        KeyStatus.Sold => "sold",
        KeyStatus.Void => "void",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };
}
