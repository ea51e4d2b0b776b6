using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Replay;
using Xunit;

namespace CardShop.Tests.Unit.Replay;

public sealed class When_a_range_is_resolved
{
    private static readonly PartitionKey A = new("t", 0);
    private static readonly PartitionKey B = new("t", 1);

    [Theory]
    [InlineData("0", 0L, null)]
    [InlineData("17", 17L, null)]
    [InlineData("end", null, null)]
    [InlineData("2026-03-05T06:00:00Z", null, "2026-03-05T06:00:00Z")]
    [InlineData("2026-03-05T14:00:00+08:00", null, "2026-03-05T06:00:00Z")]
    public void A_place_is_an_offset_a_time_with_its_zone_or_the_end(string text, long? offset, string? moment)
    {
        var place = ReplayPlace.Parse(text);
        Assert.Equal(offset, place!.Value.Offset);
        Assert.Equal(moment is null ? null : DateTimeOffset.Parse(moment, null), place.Value.Moment);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+5")]
    [InlineData("2026-03-05")]
    [InlineData("2026-03-05T06:00:00")]
    [InlineData("yesterday")]
    public void Anything_else_is_refused(string text) => Assert.Null(ReplayPlace.Parse(text));

    [Fact]
    public void It_ends_where_the_fleet_is_and_what_lies_behind_is_counted()
    {
        var range = Resolve(from: 2, to: 100, bounds: (0, 50), progress: 40);
        Assert.Equal((2, 40), (range.Starts[A], range.Ends[A]));
        Assert.Equal((10, 0), (range.Unprocessed, range.Trimmed));
        Assert.Equal(38, range.Records);
    }

    [Fact]
    public void What_is_no_longer_kept_is_counted()
    {
        var range = Resolve(from: 0, to: 100, bounds: (30, 50), progress: 50);
        Assert.Equal((30, 50), (range.Starts[A], range.Ends[A]));
        Assert.Equal(30, range.Trimmed);
    }

    [Theory]
    [InlineData(60, 100, 0, 50, 50)]
    [InlineData(0, 10, 30, 50, 50)]
    [InlineData(0, 100, 0, 50, 0)]
    [InlineData(0, 100, 50, 50, 50)]
    public void A_partition_without_a_record_of_it_is_left_out(long from, long to, long first, long next, long progress)
    {
        var range = Resolve(from, to, (first, next), progress);
        Assert.Empty(range.Starts);
        Assert.Empty(range.Ends);
        Assert.Equal(0, range.Records);
    }

    [Fact]
    public void Only_the_wanted_partitions_are_in_it()
    {
        var both = new Dictionary<PartitionKey, long> { [A] = 0, [B] = 0 };
        var range = ReplayRange.Of(
            both, both.ToDictionary(p => p.Key, _ => 10L), both.ToDictionary(p => p.Key, _ => (0L, 10L)),
            both.ToDictionary(p => p.Key, _ => 10L), new HashSet<int> { 1 });
        Assert.Equal([B], range.Starts.Keys);
    }

    [Fact]
    public void A_product_or_an_order_names_its_partition_where_the_topics_key_does()
    {
        var orders = ReplayTopic.Find(Topics.Orders.Name)!;
        var payments = ReplayTopic.Find(Topics.PaymentNotifications.Name)!;
        Assert.Equal([Topics.Orders.PartitionOf("STEAM")], orders.PartitionsOf("STEAM", null));
        Assert.Equal(Topics.Orders.Partitions, orders.PartitionsOf(null, "someorder").Count);
        Assert.Equal([Topics.PaymentNotifications.PartitionOf("someorder")], payments.PartitionsOf(null, "someorder"));
    }

    [Fact]
    public void Every_topic_is_replayed_or_says_what_to_do_instead()
    {
        foreach (var topic in Topics.All)
        {
            Assert.True(
                ReplayTopic.Find(topic.Name) is not null
                || !ReplayTopic.InsteadOf(topic.Name).Contains("no such topic", StringComparison.Ordinal),
                topic.Name);
        }
    }

    private static ReplayRange Resolve(long from, long to, (long, long) bounds, long progress) => ReplayRange.Of(
        new Dictionary<PartitionKey, long> { [A] = from }, new Dictionary<PartitionKey, long> { [A] = to },
        new Dictionary<PartitionKey, (long, long)> { [A] = bounds }, new Dictionary<PartitionKey, long> { [A] = progress },
        new HashSet<int> { 0, 1 });
}
