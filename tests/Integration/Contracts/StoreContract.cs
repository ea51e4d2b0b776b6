using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Xunit;

namespace CardShop.Tests.Contracts;

/// <summary>What every IShopStore and IOutboxStore must do: PostgreSQL, and what simulates it.</summary>
public abstract partial class StoreContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);
    private static readonly PartitionKey Partition = new("t", 0);
    private static readonly StockKey Row = new("S", "a");

    private IShopStore _store = null!;
    private IOutboxStore _outbox = null!;
    private long _start;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_store, _outbox) = await OpenAsync(Row);
        await using var transaction = await _store.BeginAsync(Stop);
        _start = (await LoadAsync(transaction)).Opening.CommitNo;
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>A fresh store with one product without keys.</summary>
    protected abstract Task<(IShopStore Store, IOutboxStore Outbox)> OpenAsync(StockKey product);

    /// <summary>What its tables hold.</summary>
    protected abstract Task<StoreLook> LookAsync();

    /// <summary>Until a transaction waits for another's row.</summary>
    protected abstract Task WaitForLockAsync();

    [Fact]
    public async Task A_fresh_one_opens_at_nothing_and_every_save_counts_one_commit()
    {
        await using (var first = await _store.BeginAsync(Stop))
        {
            var loaded = await LoadAsync(first);
            Assert.Equal((_start, 0L), (loaded.Opening.CommitNo, loaded.Opening.Progress[Partition]));
            Assert.Equal(_start + 1, await first.SaveAsync(Save(loaded, moves: [new(Partition, 0, 5)]), Stop));
        }

        await using var second = await _store.BeginAsync(Stop);
        var again = await LoadAsync(second);
        Assert.Equal((_start + 1, 5L), (again.Opening.CommitNo, again.Opening.Progress[Partition]));
        Assert.Equal(5, (await _store.ProgressAsync("g", [Partition], Stop))[Partition]);
    }

    [Fact]
    public async Task A_document_comes_back_as_it_was_saved()
    {
        var saga = Saga("o1") with { Due = Now, Version = 1, Outbox = 7, Reason = "卡密 ✓" };
        await CommitAsync(payments: [new(saga, 0)], deliveries: [new(Waiting("o1", Now) with { Version = 1 }, 0)]);
        await using var transaction = await _store.BeginAsync(Stop);
        var loaded = await LoadAsync(transaction, "o1", "unknown");
        Assert.Equivalent(saga, Assert.Single(loaded.Payments).Value, strict: true);
        Assert.Equal(("o1", DeliveryStatus.WaitingStock, 1), loaded.Deliveries["o1"] is var d ? (d.Id, d.Status, d.Version) : default);
        Assert.Empty(loaded.Archived);
    }

    [Fact]
    public async Task Loaded_documents_are_locked_until_the_end()
    {
        await CommitAsync(payments: [new(Saga("o1") with { Version = 1 }, 0)]);
        await using var holder = await _store.BeginAsync(Stop);
        await LoadAsync(holder, "o1");
        await using var other = await _store.BeginAsync(Stop);
        var waiting = LoadAsync(other, "o1");
        await WaitForLockAsync();
        Assert.False(waiting.IsCompleted);
        await holder.DisposeAsync();
        Assert.Equal(1, (await waiting).Payments["o1"].Version);
    }

    [Fact]
    public async Task A_version_that_is_no_longer_the_loaded_one_is_a_conflict_and_leaves_no_trace()
    {
        await CommitAsync(payments: [new(Saga("o1") with { Version = 1 }, 0)]);
        await AssertConflictAsync(
            payments: [new(Saga("o1") with { Version = 9 }, 8), new(Saga("o2") with { Version = 1 }, 0)],
            records: [Record("o1")]);
        await using var transaction = await _store.BeginAsync(Stop);
        var loaded = await LoadAsync(transaction, "o1", "o2");
        Assert.Equal(1, Assert.Single(loaded.Payments).Value.Version);
        Assert.Equal(_start + 1, loaded.Opening.CommitNo);
        Assert.Equal(0, (await LookAsync()).OutboxRows);
    }

    [Fact]
    public async Task A_document_that_came_into_being_meanwhile_is_a_conflict()
    {
        await CommitAsync(payments: [new(Saga("o1") with { Version = 1 }, 0)]);
        await AssertConflictAsync(payments: [new(Saga("o1") with { Version = 1 }, 0)]);
    }

    [Fact]
    public async Task A_position_that_another_owner_moved_is_a_conflict()
    {
        await CommitAsync(moves: [new(Partition, 0, 5)]);
        await AssertConflictAsync(moves: [new(Partition, 0, 3)]);
        await AssertConflictAsync(moves: [new(new("t", 1), 0, 1), new(Partition, 4, 6)]);
        Assert.Equal(5, (await _store.ProgressAsync("g", [Partition], Stop))[Partition]);
        Assert.Equal(0, (await _store.ProgressAsync("g", [new("t", 1)], Stop))[new("t", 1)]);
    }

    [Fact]
    public async Task A_key_that_was_sold_meanwhile_is_a_conflict()
    {
        var keys = await ImportAsync("b1", 1, 2);
        await CommitAsync(sales: [new(keys[0], "o1")], stock: new(Available: -1, Sold: 1));
        await AssertConflictAsync(sales: [new(keys[0], "o2"), new(keys[1], "o2")], stock: new(Available: -2, Sold: 2));
        var look = await LookAsync();
        Assert.Equal((keys[0], "o1"), look.Keys.Single(k => k.Status == "sold") is var sold ? (sold.Id, sold.OrderId) : default);
    }

    [Fact]
    public async Task Stock_never_goes_below_zero_and_always_adds_up()
    {
        await ImportAsync("b1", 1, 2);
        await AssertConflictAsync(stock: StockDelta.Hold(3));
        await AssertConflictAsync(stock: StockDelta.Pay(1));
        await AssertConflictAsync(stock: new(Available: 1));
        await CommitAsync(stock: StockDelta.Hold(2));
        await AssertConflictAsync(stock: StockDelta.Hold(1));
        Assert.Equal(0, (await _store.AvailableAsync([Row], Stop))[Row]);
    }

    [Fact]
    public async Task What_is_not_saved_leaves_no_trace()
    {
        await using (var transaction = await _store.BeginAsync(Stop))
        {
            await LoadAsync(transaction, "o1");
            Assert.Equal([2], await transaction.ImportAsync([Batch("b1", 1, 2)], Stop));
        }

        var look = await LookAsync();
        Assert.Empty(look.Keys);
        Assert.Empty(look.Duplicates);
    }

    [Fact]
    public async Task Picked_keys_are_passed_over_by_others_and_free_again_afterwards()
    {
        var keys = await ImportAsync("b1", 1, 2, 3);
        await using (var first = await _store.BeginAsync(Stop))
        {
            Assert.Equal(keys.Order().Take(2), (await first.PickAsync(new Dictionary<StockKey, int> { [Row] = 2 }, Stop))[Row]);
            await using var second = await _store.BeginAsync(Stop);
            Assert.Single((await second.PickAsync(new Dictionary<StockKey, int> { [Row] = 2 }, Stop))[Row]);
        }

        await using var third = await _store.BeginAsync(Stop);
        Assert.Equal(3, (await third.PickAsync(new Dictionary<StockKey, int> { [Row] = 9 }, Stop))[Row].Count);
    }

    [Fact]
    public async Task Known_keys_are_noted_as_duplicates_of_their_batch()
    {
        await ImportAsync("b1", 1, 2);
        await using (var transaction = await _store.BeginAsync(Stop))
        {
            var loaded = await LoadAsync(transaction);
            Assert.Equal([1], await transaction.ImportAsync([Batch("b2", 2, 3, 3, 1)], Stop));
            await transaction.SaveAsync(Save(loaded, stock: StockDelta.Import(1)), Stop);
        }

        var look = await LookAsync();
        Assert.Equal([0, 2, 3], look.Duplicates["b2"]);
        Assert.Equal(3, look.Keys.Count);
    }

    [Fact]
    public async Task A_batch_that_was_imported_has_no_new_keys_and_is_noted_once()
    {
        await ImportAsync("b1", 1, 2);
        await using var transaction = await _store.BeginAsync(Stop);
        Assert.Equal(
            [0, 1, 0], await transaction.ImportAsync([Batch("b1", 1, 2), Batch("b2", 2, 3), Batch("b2", 2, 3)], Stop));
    }

    [Fact]
    public async Task A_void_takes_unsold_keys_up_to_its_limit_none_that_is_picked_and_only_once()
    {
        var keys = (await ImportAsync("b1", 1, 2, 3, 4, 5)).Order().ToList();
        await CommitAsync(sales: [new(keys[4], "o1")], stock: new(Available: -1, Sold: 1));
        KeysVoided Order(string id, string sku = "S") => new(id, sku, "a", "reason", "operator", Now, keys);
        await using (var transaction = await _store.BeginAsync(Stop))
        {
            var loaded = await LoadAsync(transaction);
            Assert.Equal(0, await transaction.VoidAsync(Order("v0"), 0, [], Stop));
            Assert.Equal(0, await transaction.VoidAsync(Order("v1", "T"), 9, [], Stop));
            Assert.Equal(2, await transaction.VoidAsync(Order("v2"), 2, [keys[3]], Stop));
            await transaction.SaveAsync(Save(loaded, stock: StockDelta.Discard(2)), Stop);
        }

        await using var again = await _store.BeginAsync(Stop);
        Assert.Equal(0, await again.VoidAsync(Order("v2"), 9, [], Stop));
        var look = await LookAsync();
        Assert.Equal([keys[1], keys[2]], look.Keys.Where(k => k.Status == "void").Select(k => k.Id).Order());
        Assert.Equal((5, 2), look.Voids["v2"]);
    }

    [Fact]
    public async Task Waiting_orders_come_oldest_first()
    {
        await CommitAsync(deliveries:
        [
            new(Waiting("new", Now.AddSeconds(2)) with { Version = 1 }, 0), new(Waiting("old", Now) with { Version = 1 }, 0),
            new(Waiting("middle", Now.AddMilliseconds(1)) with { Version = 1 }, 0),
            new(Waiting("done", Now.AddDays(-1)) with { Version = 1, Status = DeliveryStatus.Delivered }, 0),
            new(Waiting("other", Now.AddDays(-1)) with { Version = 1, Sku = "T" }, 0),
        ]);
        await using var transaction = await _store.BeginAsync(Stop);
        Assert.Equal(["old", "middle", "new"], await transaction.WaitingAsync(new Dictionary<string, int> { ["S"] = 10 }, Stop));
        Assert.Equal(
            ["other", "old"], await transaction.WaitingAsync(new Dictionary<string, int> { ["S"] = 1, ["T"] = 5 }, Stop));
    }

    [Fact]
    public async Task Overdue_sagas_are_found_oldest_first()
    {
        await CommitAsync(
            payments:
            [
                new(Saga("late") with { Version = 1, Due = Now }, 0), new(Saga("later") with { Version = 1, Due = Now.AddSeconds(1) }, 0),
                new(Saga("never") with { Version = 1 }, 0), new(Saga("earliest") with { Version = 1, Due = Now.AddDays(-1) }, 0),
            ],
            deliveries: [new(Waiting("d", Now) with { Version = 1, Due = Now }, 0)]);
        Assert.Equal(["earliest", "late"], await DueAsync(Now, null, 10));
        Assert.Equal(["earliest"], await DueAsync(Now, null, 1));
        Assert.Equal(["late", "later"], await DueAsync(Now.AddSeconds(1), new("earliest", Now.AddDays(-1)), 10));
        Assert.Equal(["later"], await DueAsync(Now.AddSeconds(1), new("late", Now), 10));
        Assert.Empty(await _store.OverduePaymentsAsync("wechat", Now, null, 10, Stop));
        Assert.Equal(["d"], (await _store.OverdueDeliveriesAsync(Now, null, 10, Stop)).Select(d => d.Id));
        Assert.Empty(await _store.OverdueDeliveriesAsync(Now, new("d", Now), 10, Stop));
        Assert.Empty(await _store.OverdueDeliveriesAsync(Now.AddSeconds(-1), null, 10, Stop));
    }

    [Fact]
    public async Task Overdue_payments_belong_to_the_channel_of_their_last_attempt_or_of_their_order_or_to_none()
    {
        var alipay = Saga("o1") with { Version = 1, Due = Now };
        await CommitAsync(payments:
        [
            new(alipay, 0), new(alipay with { Id = "o2", Attempts = [] }, 0),
            new(alipay with { Id = "o3", Attempts = [.. alipay.Attempts, alipay.Attempts[0] with { Channel = "wechat" }] }, 0),
            new(alipay with { Id = "o4", Attempts = [], Order = null }, 0),
        ]);
        Assert.Equal(["o1", "o2"], await DueAsync(Now, null, 10));
        Assert.Equal(["o3"], (await _store.OverduePaymentsAsync("wechat", Now, null, 10, Stop)).Select(d => d.Id));
        Assert.Equal(["o4"], (await _store.OverduePaymentsAsync("", Now, null, 10, Stop)).Select(d => d.Id));
    }

    [Fact]
    public async Task The_outbox_row_is_named_until_its_records_are_sent()
    {
        long number;
        await using (var transaction = await _store.BeginAsync(Stop))
        {
            var loaded = await LoadAsync(transaction, "o1");
            number = loaded.Opening.OutboxNumber;
            await transaction.SaveAsync(
                Save(loaded, [new(Saga("o1") with { Version = 1, Outbox = number }, 0)], records: [Record("o1")], commands: [Command("o1")]),
                Stop);
        }

        Assert.Equal([number], await WaitsAsync("o1"));
        Assert.Equal([number], await _outbox.UnsentAsync([number, 99], Stop));
        var row = Assert.Single(await _outbox.ReadAsync([number], Stop));
        Assert.Equal((_start + 1, "o1", "o1"), (row.Commit, Assert.Single(row.Records).Key, Assert.Single(row.Commands).MessageId));
        Assert.Equal([number], await _outbox.LeftBehindAsync(TimeSpan.FromSeconds(-5), 10, [99], Stop));
        Assert.Empty(await _outbox.LeftBehindAsync(TimeSpan.FromSeconds(-5), 10, [number], Stop));
        Assert.Empty(await _outbox.LeftBehindAsync(TimeSpan.FromHours(1), 10, [], Stop));

        // A row of the same number, of a time that the database has lost.
        var other = row with { Records = [], Commit = row.Commit + 7 };
        await _outbox.RecordsSentAsync(other, Stop);
        await _outbox.RewriteAsync(other with { Commands = [] }, Stop);
        await _outbox.DeleteAsync(other, Stop);
        Assert.Single(Assert.Single(await _outbox.ReadAsync([number], Stop)).Records);

        await _outbox.RecordsSentAsync(row with { Records = [] }, Stop);
        Assert.Empty(await WaitsAsync("o1"));
        Assert.Empty(await _outbox.UnsentAsync([number], Stop));
        Assert.Single(Assert.Single(await _outbox.ReadAsync([number], Stop)).Commands);
        await _outbox.DeleteAsync(row, Stop);
        Assert.Empty(await _outbox.ReadAsync([number], Stop));
    }

    [Fact]
    public async Task A_parked_message_leaves_the_row_and_puts_its_order_into_review_at_once()
    {
        OutboxRow row;
        await using (var transaction = await _store.BeginAsync(Stop))
        {
            var loaded = await LoadAsync(transaction, "o1");
            await transaction.SaveAsync(
                Save(loaded, [new(Saga("o1") with { Version = 1 }, 0)], records: [Record("o1"), Record("o2")]), Stop);
            row = Assert.Single(await _outbox.ReadAsync([loaded.Opening.OutboxNumber], Stop));
        }

        await _outbox.ParkAsync(row with { Records = [row.Records[1]] }, "o1", "type", [1], "too large", Stop);
        await _outbox.ParkAsync(row with { Records = [] }, "unknown", "type", [1], "too large", Stop);
        Assert.Empty(await _outbox.ReadAsync([row.Number], Stop));
        Assert.Contains((row.Number, "o1"), (await LookAsync()).Parked);
        await using var after = await _store.BeginAsync(Stop);
        var orders = await LoadAsync(after, "o1", "unknown");
        Assert.All(orders.Payments.Values, p => Assert.Equal(PaymentStatus.Review, p.Status));
        Assert.Equal((2, 1), (orders.Payments["o1"].Version, orders.Payments["unknown"].Version));
        Assert.Equal(_start + 3, orders.Opening.CommitNo);
    }

    [Fact]
    public async Task Unpaid_orders_are_counted_per_contact_and_network_up_to_the_limits()
    {
        static PaymentSaga Of(string id, string contact, string? network, PaymentStatus status = PaymentStatus.Reserved) =>
            Saga(id) with
            {
                Version = 1,
                Status = status,
                Order = Saga(id).Order! with { ContactHash = contact, NetworkHash = network },
            };

        await CommitAsync(payments:
        [
            new(Of("o1", "ann", "home"), 0), new(Of("o2", "ann", "work", PaymentStatus.AwaitingPayment), 0),
            new(Of("o3", "ann", "home", PaymentStatus.Paid), 0), new(Of("o4", "ann", null), 0),
            new(Of("o5", "bob", "home"), 0), new(Of("o6", "eve", "home", PaymentStatus.Expired), 0),
        ]);
        await using var transaction = await _store.BeginAsync(Stop);
        var open = await transaction.CountOpenAsync(["ann", "bob", "eve"], ["home", "none"], 5, 20, Stop);
        Assert.Equal((2, 1, 0), (open.OfContact["ann"], open.OfContact["bob"], open.OfContact["eve"]));
        Assert.Equal((2, 0), (open.OfNetwork["home"], open.OfNetwork["none"]));
        var bounded = await transaction.CountOpenAsync(["ann"], ["home"], 1, 1, Stop);
        Assert.Equal((1, 1), (bounded.OfContact["ann"], bounded.OfNetwork["home"]));
    }

    protected static PaymentSaga Saga(string id) => new(
        id, PaymentStatus.AwaitingPayment,
        new(id, "S", 1, 1_000, 1_000, "CNY", "Card", HoldPolicy.Order, 900, 0, 1, "alipay", "a", Now, "h", "c", "ch"),
        true, [new(id + "01", "alipay", "default", 1_000, "CNY", "Card", Now, Now.AddMinutes(15), "link")], [],
        [new("n1", id + "01", NotifiedStatus.Waiting, Now, "default")], null);

    private static DeliverySaga Waiting(string id, DateTimeOffset at) =>
        new(id, DeliveryStatus.WaitingStock, "S", 1, "a", false, at, [], null, null, null);

    private static OutRecord Record(string id) => new("t", 0, id, "type", [1], Now, id);

    private static OutCommand Command(string id) => new("q", "type", id, id, [1], Now);

    private static KeysImported Batch(string id, params int[] keys) => new(
        id, "S", "a", "kek-1", Now, [.. keys.Select(k => new SealedKey(new(k, 0, 0, new byte[8]), [1]))]);

    private static SaveRequest Save(
        LoadedBatch loaded, IReadOnlyList<Changed<PaymentSaga>>? payments = null,
        IReadOnlyList<Changed<DeliverySaga>>? deliveries = null, IReadOnlyList<KeySale>? sales = null,
        StockDelta stock = default, IReadOnlyList<ProgressMove>? moves = null, IReadOnlyList<OutRecord>? records = null,
        IReadOnlyList<OutCommand>? commands = null) => new(
        "g", loaded.Opening, payments ?? [], deliveries ?? [], sales ?? [],
        stock == default ? new Dictionary<StockKey, StockDelta>() : new() { [Row] = stock },
        moves ?? [], records ?? [], commands ?? [], loaded.Waits, Now);

    private async Task<IEnumerable<string>> DueAsync(DateTimeOffset now, DueSaga? after, int limit) =>
        (await _store.OverduePaymentsAsync("alipay", now, after, limit, Stop)).Select(d => d.Id);

    private static Task<LoadedBatch> LoadAsync(IShopTransaction transaction, params string[] ids) =>
        transaction.LoadAsync(new("g", [Partition], ids, Deliveries: true), Stop);

    protected async Task CommitAsync(
        IReadOnlyList<Changed<PaymentSaga>>? payments = null, IReadOnlyList<Changed<DeliverySaga>>? deliveries = null,
        IReadOnlyList<KeySale>? sales = null, StockDelta stock = default, IReadOnlyList<ProgressMove>? moves = null,
        IReadOnlyList<OutRecord>? records = null)
    {
        await using var transaction = await _store.BeginAsync(Stop);
        var loaded = await LoadAsync(transaction);
        await transaction.SaveAsync(Save(loaded, payments, deliveries, sales, stock, moves, records), Stop);
    }

    private async Task AssertConflictAsync(
        IReadOnlyList<Changed<PaymentSaga>>? payments = null, IReadOnlyList<KeySale>? sales = null,
        StockDelta stock = default, IReadOnlyList<ProgressMove>? moves = null, IReadOnlyList<OutRecord>? records = null)
    {
        var failure = await FailureAsync(() => CommitAsync(payments, null, sales, stock, moves, records));
        Assert.True(failure is not null && Failures.IsConflict(failure), $"{failure}");
    }

    private static async Task<Exception?> FailureAsync(Func<Task> act) => await Xunit.Record.ExceptionAsync(act);

    private async Task<List<Guid>> ImportAsync(string id, params int[] keys)
    {
        await using var transaction = await _store.BeginAsync(Stop);
        var loaded = await LoadAsync(transaction);
        var batch = Batch(id, keys);
        var fresh = (await transaction.ImportAsync([batch], Stop))[0];
        await transaction.SaveAsync(Save(loaded, stock: StockDelta.Import(fresh)), Stop);
        return [.. batch.Keys.Select(k => k.Id)];
    }
}
