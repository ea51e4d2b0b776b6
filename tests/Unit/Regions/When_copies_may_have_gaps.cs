using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Recovery;
using Xunit;

namespace CardShop.Tests.Unit.Regions;

public sealed class When_copies_may_have_gaps
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 10, 20, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Since = Now - TimeSpan.FromDays(2);
    private static readonly PartitionKey Partition = new(Topics.SagaFacts.Name, 7);
    private static readonly TakeOver TakeOver = new("east.", Now, Now) { Aged = Now - Topics.CopiesKept };

    [Theory]
    [InlineData(0L, 900L, false)] // Its source's first record.
    [InlineData(5L, 400L, false)] // The source was trimmed, and the backup has what went.
    [InlineData(5L, 900L, true)]
    [InlineData(null, 500L, false)] // MirrorMaker 2: the backup has the first copy.
    [InlineData(null, 900L, true)] // What was before it nobody here can tell.
    public void The_first_copy_must_be_the_sources_first_or_one_that_the_backup_has(long? origin, long commit, bool refused)
    {
        var said = CopiedHistory.Objection(Partition, 0, new(commit, origin), 500, Since, TakeOver);
        Assert.Equal(refused, said is not null);
        Assert.Equal(refused, said?.Contains("east.shop.saga-facts.v1[7]", StringComparison.Ordinal) == true);
        Assert.Null(CopiedHistory.Objection(Partition, 0, new(commit, origin), 500, Since, TakeOver with { AreWhole = true }));
    }

    [Fact]
    public void An_empty_partition_misses_nothing() =>
        Assert.Null(CopiedHistory.Objection(Partition, 0, null, 500, Since, TakeOver));

    [Fact]
    public void An_empty_database_needs_the_first_record()
    {
        Assert.NotNull(CopiedHistory.Objection(Partition, 0, new(1, null), 0, null, TakeOver));
        Assert.Null(CopiedHistory.Objection(Partition, 0, new(1, 0), 0, null, TakeOver));
        Assert.Contains(
            "restore the region's backup",
            CopiedHistory.Objection(Partition, 3, new(1, 0), 0, null, TakeOver with { AreWhole = true }), StringComparison.Ordinal);
    }

    [Fact]
    public void What_went_by_age_must_be_in_the_backup()
    {
        // A quiet partition: its old copies went, its only one came after the backup.
        Assert.Null(CopiedHistory.Objection(Partition, 3, new(900, null), 500, Since, TakeOver));
        var old = Now - TimeSpan.FromDays(41);
        Assert.Contains(
            "2026-01-20", CopiedHistory.Objection(Partition, 3, new(400, null), 500, old, TakeOver), StringComparison.Ordinal);
        Assert.Null(CopiedHistory.TooOld("x", 0, old, TakeOver));
        Assert.Null(CopiedHistory.TooOld("x", 3, old, TakeOver with { Aged = null }));
    }

    [Fact]
    public void The_shortest_stay_counts_and_an_unset_one_is_the_brokers_week()
    {
        Assert.Null(CopiedHistory.Aged(["-1", "-1"], Now));
        Assert.Equal(Now - TimeSpan.FromDays(40), CopiedHistory.Aged(["-1", "3456000000"], Now));
        Assert.Equal(Now - TimeSpan.FromDays(7), CopiedHistory.Aged(["3456000000", null], Now));
        Assert.Equal(DateTimeOffset.UnixEpoch, CopiedHistory.Aged(["9223372036854775807"], Now));
        Assert.Equal(TimeSpan.FromDays(40), Topics.Mirrored.Single(t => t.Name == Topics.Orders.Name).KeptFor);
        Assert.Null(Topics.Orders.KeptFor);
    }
}
