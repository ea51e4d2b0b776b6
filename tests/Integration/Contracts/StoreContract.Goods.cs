using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Xunit;

namespace CardShop.Tests.Contracts;

/// <summary>What operators hand over, and what they replace.</summary>
public abstract partial class StoreContract
{
    [Fact]
    public async Task A_text_is_sold_the_moment_it_is_saved_and_its_record_imports_nothing_more()
    {
        var text = Batch("manual-o1", 1);
        await SaveGoodsAsync(s => s with { HandedOver = [new(text, "o1")] }, new(Imported: 1, Sold: 1));
        var look = await LookAsync();
        Assert.Equal(("sold", "o1"), Assert.Single(look.Keys) is var key ? (key.Status, key.OrderId) : default);
        Assert.Contains("manual-o1", look.Duplicates);
        await using var transaction = await _store.BeginAsync(Stop);
        Assert.Equal([0], await transaction.ImportAsync([text], Stop));
        Assert.Empty(await transaction.PickAsync(new Dictionary<StockKey, int> { [Row] = 5 }, Stop));
    }

    [Fact]
    public async Task A_replaced_key_is_void_stays_with_its_order_and_is_replaced_once()
    {
        var keys = (await ImportAsync("b1", 1, 2, 3)).Order().ToList();
        await CommitAsync(sales: [new(keys[0], "o1")], stock: new(Available: -1, Sold: 1));
        Task ReplaceAsync(string order, Guid key) => SaveGoodsAsync(
            s => s with { Replaced = [new(keys[0], order)], Sales = [new(key, order)] }, StockDelta.Discard(1));

        Assert.True(Pipeline.Failures.IsConflict((await FailureAsync(() => ReplaceAsync("o2", keys[1])))!));
        await ReplaceAsync("o1", keys[1]);
        Assert.True(Pipeline.Failures.IsConflict((await FailureAsync(() => ReplaceAsync("o1", keys[2])))!));
        var look = await LookAsync();
        Assert.Contains(new(keys[0], "void", "o1"), look.Keys);
        Assert.Single(look.Keys, k => k is { Status: "unsold", OrderId: null });
        Assert.Equal(new(3, 1, 0, 0, 1, 1), look.Stock);
    }

    [Fact]
    public async Task Keys_of_the_same_transaction_can_be_picked_and_made_void()
    {
        await using var transaction = await _store.BeginAsync(Stop);
        var loaded = await LoadAsync(transaction);
        var batch = Batch("b1", 1, 2, 3);
        await transaction.ImportAsync([batch], Stop);
        var keys = batch.Keys.Select(k => k.Id).Order().ToList();
        Assert.Equal(keys[..1], (await transaction.PickAsync(new Dictionary<StockKey, int> { [Row] = 1 }, Stop))[Row]);
        Assert.Equal(
            1, await transaction.VoidAsync(new("v1", "S", "a", "reason", "operator", Now, keys), 1, keys[..1], Stop));
        await transaction.SaveAsync(
            Save(loaded, sales: [new(keys[0], "o1")], stock: new(Imported: 3, Available: 1, Sold: 1, Void: 1)), Stop);
        Assert.Equal(
            [new(keys[0], "sold", "o1"), new(keys[1], "unsold", null), new(keys[2], "void", null)],
            (await LookAsync()).Keys.OrderBy(k => k.Id));
    }

    private async Task SaveGoodsAsync(Func<SaveRequest, SaveRequest> change, StockDelta stock)
    {
        await using var transaction = await _store.BeginAsync(Stop);
        var loaded = await LoadAsync(transaction);
        await transaction.SaveAsync(change(Save(loaded, stock: stock)), Stop);
    }
}
