using CardShop.Shop.Operators;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Operators;

public sealed class When_a_change_window_is_set
{
    [Fact]
    public void None_is_always_open()
    {
        Assert.False(ChangeWindows.Parse(" ").AreSet);
        Assert.True(ChangeWindows.Parse(null).AreOpenAt(DateTimeOffset.UnixEpoch));
        Assert.Null(ChangeWindows.None.NextAfter(DateTimeOffset.UnixEpoch));
    }

    [Theory]
    // 2026-03-06 is a Friday; times below are of Beijing.
    [InlineData("2026-03-06T02:00:00+08:00", true)]
    [InlineData("2026-03-06T04:59:59+08:00", true)]
    [InlineData("2026-03-05T18:00:00Z", true)]
    [InlineData("2026-03-06T05:00:00+08:00", false)]
    [InlineData("2026-03-06T01:59:59+08:00", false)]
    [InlineData("2026-03-07T03:00:00+08:00", false)]
    [InlineData("2026-03-08T00:00:00+08:00", true)]
    [InlineData("2026-03-08T23:59:59+08:00", true)]
    [InlineData("2026-03-09T00:00:00+08:00", false)]
    public void It_is_open_from_its_beginning_to_just_before_its_end(string at, bool open) =>
        Assert.Equal(open, Windows("Mon-Fri 02:00-05:00 +08:00; Sun 00:00-24:00 +08:00").AreOpenAt(Time(at)));

    [Fact]
    public void One_that_ends_on_the_next_day_belongs_to_the_day_it_begins_on()
    {
        var windows = Windows("fri-sat 22:00-02:00 Z");

        Assert.True(windows.AreOpenAt(Time("2026-03-08T01:00:00Z")));
        Assert.False(windows.AreOpenAt(Time("2026-03-06T01:00:00Z")));
        Assert.Equal(Time("2026-03-06T22:00:00Z"), windows.NextAfter(Time("2026-03-06T01:00:00Z")));
        Assert.Equal(Time("2026-03-13T22:00:00Z"), windows.NextAfter(Time("2026-03-07T22:00:00Z")));
    }

    [Fact]
    public void Days_go_round_the_week() =>
        Assert.True(Windows("Sat-Mon 00:00-24:00 Z").AreOpenAt(Time("2026-03-08T12:00:00Z")));

    [Theory]
    [InlineData("Mon 02:00-05:00")]
    [InlineData("Mon 2:00-5:00 +08:00")]
    [InlineData("Mo 02:00-05:00 +08:00")]
    [InlineData("Mon-Foo 02:00-05:00 +08:00")]
    [InlineData("Mon 02:00-25:00 +08:00")]
    [InlineData("Mon 02:60-05:00 +08:00")]
    [InlineData("Mon 02:00-02:00 +08:00")]
    [InlineData("Mon 24:00-02:00 +08:00")]
    [InlineData("Mon 02:00-05:00 +15:00")]
    [InlineData("Mon 02:00-05:00 Beijing")]
    [InlineData(";")]
    public void What_is_wrong_is_said_with_how_it_is_written(string text)
    {
        var failure = Assert.Throws<FormatException>(() => OperatorSettings.From(
            name => name == OperatorSettings.WindowsName ? text : null));

        Assert.Contains(OperatorSettings.WindowsName, failure.Message, StringComparison.Ordinal);
        Assert.Contains("Mon-Fri 02:00-05:00 +08:00", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_limit_is_said_by_name() => Assert.Contains(
        OperatorSettings.RefundLimitName,
        Assert.Throws<FormatException>(() => OperatorSettings.From(n => n == OperatorSettings.RefundLimitName ? "-1" : null)).Message,
        StringComparison.Ordinal);

    /// <summary>Asked minute by minute what the words say, it says the same; and the next beginning is one.</summary>
    [Fact]
    public void It_is_open_exactly_when_its_words_say_so() => Prop.ForAll(
        ArbMap.Default.ArbFor<(int Day, int Days, int From, int Length, int Offset, int At)>(), raw =>
        {
            var (first, count, from, length, offset) = (
                Mod(raw.Day, 7), Mod(raw.Days, 7) + 1, Mod(raw.From, 24 * 60), Mod(raw.Length, (24 * 60) - 1) + 1, Mod(raw.Offset, 27) - 13);
            string[] days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
            var to = (from + length) % (24 * 60);
            var windows = Windows(
                $"{days[first]}-{days[(first + count - 1) % 7]} {from / 60:D2}:{from % 60:D2}-{to / 60:D2}:{to % 60:D2} " +
                $"{(offset < 0 ? '-' : '+')}{Math.Abs(offset):D2}:00");
            var at = Time("2026-03-01T00:00:00Z").AddMinutes(Mod(raw.At, 14 * 24 * 60));
            var local = at.UtcDateTime.AddHours(offset);
            // Every minute of the window looks back to the day it began on.
            var began = local.TimeOfDay.TotalMinutes >= from ? local : local.AddDays(-1);
            var since = (local - began.Date).TotalMinutes - from;
            var expected = since >= 0 && since < length && Mod((int)began.DayOfWeek - first, 7) < count;
            var next = windows.NextAfter(at)!.Value;
            return windows.AreOpenAt(at) == expected && next > at && windows.AreOpenAt(next) && next - at <= TimeSpan.FromDays(7);
        }).QuickCheckThrowOnFailure();

    private static int Mod(int value, int by) => (int)((((long)value % by) + by) % by);

    private static ChangeWindows Windows(string text) => ChangeWindows.Parse(text);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
