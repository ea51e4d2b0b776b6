using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Telemetry;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Telemetry;

public sealed class When_the_shop_is_surveyed
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PartitionKey Orders = new(Topics.Orders.Name, 3);

    private readonly OneTime _log = new();
    private readonly QueueAges _ages;

    public When_the_shop_is_surveyed() => _ages = new(_log);

    [Fact]
    public async Task A_group_that_has_done_everything_has_nothing_waiting()
    {
        Assert.Equal(0, await AgeAsync(0, end: 10, progress: 10));
        Assert.Equal(0, await AgeAsync(15, end: 20, progress: 20));
        Assert.Equal(0, _log.Reads);
    }

    [Fact]
    public async Task An_unprocessed_record_is_as_old_as_the_look_before_it_came()
    {
        await AgeAsync(0, end: 10, progress: 10);
        await AgeAsync(15, end: 11, progress: 10);
        Assert.Equal(30, await AgeAsync(30, end: 11, progress: 10));
        await AgeAsync(45, end: 30, progress: 10);
        Assert.Equal(60, await AgeAsync(60, end: 30, progress: 10));
        // It goes on: what is left came after the look at 30 s.
        Assert.Equal(45, await AgeAsync(75, end: 30, progress: 12));
        Assert.Equal(0, _log.Reads);
    }

    [Fact]
    public async Task A_quiet_night_before_does_not_make_a_record_old()
    {
        for (var second = 0; second < 3_600; second += 15)
        {
            await AgeAsync(second, end: 10, progress: 10);
        }

        Assert.Equal(15, await AgeAsync(3_600, end: 11, progress: 10));
    }

    [Fact]
    public async Task A_new_watcher_asks_the_record_itself()
    {
        _log.At = offset => Start.AddSeconds(-100 + offset);
        Assert.Equal(96, await AgeAsync(0, end: 10, progress: 4));
        Assert.Equal(111, await AgeAsync(15, end: 10, progress: 4));
        Assert.Equal(1, _log.Reads);
        Assert.Equal(122, await AgeAsync(30, end: 10, progress: 8));
        Assert.Equal(2, _log.Reads);
        // What came between two looks needs no asking.
        Assert.Equal(15, await AgeAsync(45, end: 12, progress: 10));
        Assert.Equal(2, _log.Reads);
    }

    [Fact]
    public async Task Who_has_not_looked_for_long_asks_the_record_itself()
    {
        await AgeAsync(0, end: 10, progress: 10);
        _log.At = _ => Start.AddSeconds(3_000);
        Assert.Equal(600, await AgeAsync(3_600, end: 11, progress: 10));
        Assert.Equal(602, await AgeAsync(3_602, end: 11, progress: 10));
        Assert.Equal(1, _log.Reads);
    }

    [Fact]
    public async Task A_time_that_cannot_be_is_held_between_the_looks()
    {
        await AgeAsync(0, end: 10, progress: 10);
        _log.At = _ => Start.AddSeconds(-5_000);
        Assert.Equal(3_600, await AgeAsync(3_600, end: 11, progress: 10));
        _log.At = _ => Start.AddSeconds(9_000);
        Assert.Equal(0, await AgeAsync(7_200, end: 12, progress: 11));
    }

    [Fact]
    public async Task Without_an_answer_the_time_since_the_first_look_is_told()
    {
        Assert.Equal(0, await AgeAsync(0, end: 10, progress: 4));
        Assert.Equal(15, await AgeAsync(15, end: 10, progress: 4));
        _log.Away = true;
        Assert.Equal(30, await AgeAsync(30, end: 10, progress: 4));
    }

    [Fact]
    public async Task A_log_that_was_made_anew_is_looked_at_anew()
    {
        await AgeAsync(0, end: 10, progress: 10);
        await AgeAsync(15, end: 11, progress: 10);
        Assert.Equal(0, await AgeAsync(30, end: 1, progress: 0));
        Assert.Equal(15, await AgeAsync(45, end: 1, progress: 0));
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

    private async Task<double> AgeAsync(int second, long end, long progress) => (await _ages.LookAsync(
        Start.AddSeconds(second), new Dictionary<PartitionKey, long> { [Orders] = end }, [("orders", Orders)],
        new Dictionary<(string Group, PartitionKey Partition), long> { [("orders", Orders)] = progress }, CancellationToken.None))["orders"];

    /// <summary>A log whose records have the times that a test wants.</summary>
    private sealed class OneTime : NoRanges
    {
        public Func<long, DateTimeOffset>? At { get; set; }

        public bool Away { get; set; }

        public int Reads { get; private set; }

        public override Task<IReadOnlyList<LogIncoming>> FirstAsync(
            IReadOnlyDictionary<PartitionKey, long> positions, TimeSpan patience, CancellationToken cancellation)
        {
            Reads++;
            return Away ? Task.FromException<IReadOnlyList<LogIncoming>>(new PlaceException("away"))
                : Task.FromResult<IReadOnlyList<LogIncoming>>(At is null ? [] :
                [
                    .. positions.Select(p => new LogIncoming(
                        p.Key, p.Value, "S", [1], MessageTypes.OrderPlaced, 0, At(p.Value), reader: null)),
                ]);
        }
    }
}
