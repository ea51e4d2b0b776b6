using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_positions_are_compared
{
    private static readonly PartitionKey First = new("t", 0);
    private static readonly PartitionKey Second = new("t", 1);

    [Theory]
    [InlineData("5 6 7", "5 6 7", 8, null)] // as it should be
    [InlineData("3 4 5", "5", 6, null)] // some were processed before
    [InlineData("2 3", "", null, null)] // all were
    [InlineData("5 5 6 6", "5 6", 7, null)] // doubled
    [InlineData("6 7", "", null, 6L)] // one is missing
    [InlineData("5 7 8", "5", 6, 7L)] // one in the middle
    [InlineData("7 5 6 7", "5 6 7", 8, 7L)] // read wrongly, then from the right place
    public void What_is_new_is_taken_up_to_the_first_gap(string offsets, string taken, int? next, long? gap)
    {
        var records = offsets.Split(' ').Select(o => Record(First, long.Parse(o, null))).ToList();
        var fresh = new PositionFilter(new Dictionary<PartitionKey, long> { [First] = 5 }).Take(records);
        Assert.Equal(taken, string.Join(' ', fresh.Messages.Cast<LogIncoming>().Select(r => r.Offset)));
        Assert.Equal(next is null ? [] : [new ProgressMove(First, 5, next.Value)], fresh.Moves);
        Assert.Equal(gap, fresh.Gaps.Count == 0 ? null : fresh.Gaps[0].Record.Offset);
        Assert.All(records, r => Assert.Equal(r.Offset >= (next ?? 5), r.Unprocessed && r.Offset >= (next ?? 5)));
    }

    [Fact]
    public void Partitions_do_not_mind_each_other_and_move_in_key_order()
    {
        var due = new DueIncoming("due");
        Incoming[] batch = [Record(Second, 0), due, Record(First, 9), Record(Second, 1)];
        var fresh = new PositionFilter(new Dictionary<PartitionKey, long> { [First] = 9 }).Take(batch);
        Assert.Equal(batch, fresh.Messages);
        Assert.Equal([new(First, 9, 10), new(Second, 0, 2)], fresh.Moves);
        Assert.Empty(fresh.Gaps);
    }

    private static LogIncoming Record(PartitionKey partition, long offset) =>
        new(partition, offset, "k", [], "t", 0, DateTimeOffset.UnixEpoch, null);
}
