using CardShop.Pipeline;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Xunit;

namespace CardShop.Tests.Unit.Store;

public sealed class When_a_batch_wants_many_keys
{
    private static readonly StockKey One = new("S", "a");
    private static readonly StockKey Other = new("T", "a");

    [Fact]
    public void More_than_a_transaction_takes_is_halved_and_one_alone_is_taken_whatever_it_wants()
    {
        var demand = new Dictionary<StockKey, int> { [One] = ShopWork.MaxKeys, [Other] = 1 };
        Assert.Throws<BatchTooLargeException>(() => ShopWork.RequireBounded(2, demand));
        ShopWork.RequireBounded(1, demand);
        ShopWork.RequireBounded(500, new Dictionary<StockKey, int> { [One] = ShopWork.MaxKeys });
    }

    [Fact]
    public void It_is_no_failure_of_the_place_nor_a_conflict()
    {
        // Either would run the same batch again as it is.
        Assert.False(Failures.IsPlace(new BatchTooLargeException("x")));
        Assert.False(Failures.IsConflict(new BatchTooLargeException("x")));
    }
}
