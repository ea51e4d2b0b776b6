using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Telemetry;
using Xunit;

namespace CardShop.Tests.Unit.Telemetry;

public sealed class When_the_shop_is_surveyed
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PartitionKey Orders = new(Topics.Orders.Name, 3);

    private readonly QueueAges _ages = new();

    [Fact]
    public void A_group_that_has_done_everything_has_nothing_waiting()
    {
        Assert.Equal(0, Age(0, end: 10, progress: 10));
        Assert.Equal(0, Age(15, end: 20, progress: 20));
    }

    [Fact]
    public void An_unprocessed_record_is_as_old_as_the_look_before_it_came()
    {
        Age(0, end: 10, progress: 10);
        Age(15, end: 11, progress: 10);
        Assert.Equal(30, Age(30, end: 11, progress: 10));
        Age(45, end: 30, progress: 10);
        Assert.Equal(60, Age(60, end: 30, progress: 10));
        // It goes on: what is left came after the look at 30 s.
        Assert.Equal(45, Age(75, end: 30, progress: 12));
    }

    [Fact]
    public void A_quiet_night_before_does_not_make_a_record_old()
    {
        for (var second = 0; second < 3_600; second += 15)
        {
            Age(second, end: 10, progress: 10);
        }

        Assert.Equal(15, Age(3_600, end: 11, progress: 10));
    }

    [Fact]
    public void A_new_watcher_counts_from_its_first_look()
    {
        Assert.Equal(0, Age(0, end: 10, progress: 4));
        Assert.Equal(15, Age(15, end: 10, progress: 4));
    }

    [Fact]
    public void A_round_of_the_stock_takes_some_products_at_a_time()
    {
        var round = new StockRound();
        round.Take([.. Enumerable.Range(0, StockRound.Step).Select(i => Look($"A{i:000}", 100 - i))]);
        Assert.Equal(new("A049", "a"), round.After);
        round.Take([Look("B", 1), Look("C", 500)]);
        Assert.Equal(new(string.Empty, string.Empty), round.After);
        Assert.Equal("B", round.Lowest[0].Key.Sku);
        Assert.Equal(StockRound.Step + 2, round.Lowest.Count);
    }

    [Fact]
    public void Of_many_products_the_lowest_are_kept()
    {
        var round = new StockRound();
        for (var step = 0; step < 10; step++)
        {
            round.Take([.. Enumerable.Range(0, StockRound.Step).Select(i => Look($"{step}-{i:00}", 10_000 - (step * 100) - i))]);
        }

        round.Take([]);
        Assert.Equal(StockRound.Shown, round.Lowest.Count);
        Assert.Equal("9-49", round.Lowest[0].Key.Sku);
        Assert.Equal("8-00", round.Lowest[^1].Key.Sku);
    }

    [Fact]
    public void A_drift_is_shown_at_once_and_gone_after_the_next_round()
    {
        var round = new StockRound();
        round.Take([Look("A", 5), Look("B", 5) with { UnsoldKeys = 3 }]);
        Assert.Equal(-2, Assert.Single(round.Drifting).Drift);
        round.Take([Look("A", 5), Look("B", 5)]);
        Assert.Empty(round.Drifting);
    }

    [Theory]
    [InlineData(5, 2, 7, 0)]
    [InlineData(5, 2, 8, 1)]
    [InlineData(5, 2, 4, -3)]
    [InlineData(1_000_000, 0, StockLook.CountLimit, 0)]
    [InlineData(1_000_000, 0, StockLook.CountLimit - 1, -1)]
    public void A_drift_is_keys_minus_units_as_far_as_they_are_counted(long available, long reserved, long keys, long drift) =>
        Assert.Equal(drift, new StockLook(new("S", "a"), available, reserved, 0, keys).Drift);

    private static StockLook Look(string sku, long available) => new(new(sku, "a"), available, 0, 0, available);

    private double Age(int second, long end, long progress) => _ages.Look(
        Start.AddSeconds(second), new Dictionary<PartitionKey, long> { [Orders] = end }, [("orders", Orders)],
        new Dictionary<(string Group, PartitionKey Partition), long> { [("orders", Orders)] = progress })["orders"];
}
