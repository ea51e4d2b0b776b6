using CardShop.Api.Partners;
using CardShop.Shop.Partners;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Partners;

public sealed class When_the_feed_is_cut_into_pages
{
    private static readonly byte[] Secret = new byte[32];

    [Fact]
    public void A_cursor_comes_back_as_it_was() => Prop.ForAll(
        Arb.From(Gen.ArrayOf(Gen.Choose(0, int.MaxValue).Select(n => (long)n * n), 12)),
        positions => Assert.Equal(positions, FeedCursor.Read(FeedCursor.Write(positions, Secret), 12, Secret)))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void A_changed_cut_or_foreign_cursor_is_none()
    {
        var cursor = FeedCursor.Write([1, 200, 30_000], Secret);

        for (var i = 0; i < cursor.Length; i++)
        {
            Assert.Null(FeedCursor.Read(cursor[..i] + (cursor[i] == 'A' ? 'B' : 'A') + cursor[(i + 1)..], 3, Secret));
            Assert.Null(FeedCursor.Read(cursor[..i], 3, Secret));
        }

        Assert.Null(FeedCursor.Read(cursor, 4, Secret));
        Assert.Null(FeedCursor.Read(cursor, 3, [1, .. Secret[1..]]));
        Assert.Null(FeedCursor.Read(new string('A', 5_000), 3, Secret));
        Assert.Null(FeedCursor.Read("no cursor!", 3, Secret));
    }

    [Fact]
    public void The_window_keeps_the_newest_and_says_what_it_does_not_have()
    {
        var window = new EventWindow(1, 3);
        window.Start(0, 10);
        foreach (var offset in Enumerable.Range(10, 5))
        {
            window.Add(0, offset, offset == 13 ? null : Event(offset));
        }

        Assert.False(window.Covers(0, 11));
        Assert.True(window.Covers(0, 12));
        var (gone, still) = window.Read(0, 11, 100, _ => true);
        Assert.Empty(gone);
        Assert.Equal(11, still);
        var (events, next) = window.Read(0, 12, 100, _ => true);
        Assert.Equal([12L, 14L], events.Select(e => e.Offset));
        Assert.Equal(15, next);
        Assert.Equal([15L], window.Ends());
    }

    [Fact]
    public void A_page_ends_before_the_first_event_that_has_no_room()
    {
        var window = new EventWindow(1, 10);
        window.Start(0, 0);
        foreach (var offset in Enumerable.Range(0, 6))
        {
            window.Add(0, offset, Event(offset));
        }

        var (events, next) = window.Read(0, 0, 2, e => e.Offset % 2 == 1);
        var (rest, end) = window.Read(0, next, 2, e => e.Offset % 2 == 1);
        var (none, same) = window.Read(0, end, 2, _ => true);

        Assert.Equal([1L, 3L], events.Select(e => e.Offset));
        Assert.Equal([5L], rest.Select(e => e.Offset));
        Assert.Equal(6, end);
        Assert.Empty(none);
        Assert.Equal(end, same);
    }

    [Fact]
    public void A_hole_in_the_log_shows_nothing_old()
    {
        var window = new EventWindow(1, 4);
        window.Start(0, 0);
        foreach (var offset in new[] { 0, 1, 2, 3, 7 })
        {
            window.Add(0, offset, Event(offset));
        }

        Assert.Equal([7L], window.Read(0, 4, 10, _ => true).Events.Select(e => e.Offset));
    }

    [Fact]
    public void Who_waits_is_woken_by_what_comes_and_not_by_what_came()
    {
        var window = new EventWindow(1, 4);
        window.Start(0, 0);
        window.Add(0, 0, Event(0));
        var changed = window.Changed;

        Assert.False(changed.IsCompleted);
        window.Add(0, 1, null);
        Assert.True(changed.IsCompleted);
    }

    private static PartnerEvent Event(long offset) => new($"e{offset}", "type", "order", "S", default, 0, offset, []);
}
