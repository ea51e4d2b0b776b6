using CardShop.Shop.Statistics;
using Xunit;

namespace CardShop.Tests.Unit.Statistics;

public sealed class When_days_are_told_apart
{
    private static readonly DateOnly Today = new(2030, 6, 15);
    private static readonly DateTimeOffset Now = new(2030, 6, 15, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, "2030-06-14T15:59:59.999Z", "2030-06-14")]
    [InlineData(null, "2030-06-14T16:00:00Z", "2030-06-15")]
    [InlineData("Europe/Berlin", "2030-06-14T21:59:59Z", "2030-06-14")]
    [InlineData("Europe/Berlin", "2030-06-14T22:00:00Z", "2030-06-15")]
    [InlineData("Europe/Berlin", "2030-01-14T22:59:59Z", "2030-01-14")]
    [InlineData("Asia/Kolkata", "2030-06-14T18:30:00Z", "2030-06-15")]
    public void A_moment_belongs_to_the_shops_own_day(string? zone, string moment, string day) =>
        Assert.Equal(Day(day), ShopDays.Of(zone).DayOf(At(moment)));

    [Theory]
    [InlineData("Asia/Shanghai")]
    [InlineData("Europe/Berlin")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("Africa/Cairo")]
    public void The_days_of_a_year_begin_one_after_the_other_and_each_with_its_own_first_moment(string zone)
    {
        var days = ShopDays.Of(zone);
        for (var day = new DateOnly(2018, 1, 1); day.Year < 2019; day = day.AddDays(1))
        {
            Assert.Equal(day, days.DayOf(days.Begin(day)));
            Assert.Equal(day.AddDays(-1), days.DayOf(days.Begin(day).AddMilliseconds(-1)));
        }
    }

    [Fact]
    public void A_zone_that_is_none_is_refused_with_the_settings_name()
    {
        var refusal = Assert.Throws<InvalidOperationException>(() => ShopDays.Of("Asia/Nowhere"));
        Assert.Contains(ShopDays.Setting, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 59, 0, false)]
    [InlineData(0, 61, 0, true)]
    [InlineData(1, 61, 0, true)]
    [InlineData(2, 3_599, 0, false)]
    [InlineData(7, 3_601, 0, true)]
    [InlineData(8, 86_399, 0, false)]
    [InlineData(99, 86_401, 0, true)]
    // A day that takes half a minute is not counted every minute.
    [InlineData(0, 599, 30, false)]
    [InlineData(0, 601, 30, true)]
    public void A_day_is_counted_again_the_later_the_older_it_is(int daysAgo, int age, int took, bool stale) => Assert.Equal(
        stale,
        RollUpRule.IsStale(
            Today.AddDays(-daysAgo), Today, new RolledDay(Now.AddSeconds(-age), TimeSpan.FromSeconds(took), "Asia/Shanghai"), "Asia/Shanghai", Now));

    [Fact]
    public void What_was_never_counted_or_in_another_zone_is_counted()
    {
        Assert.True(RollUpRule.IsStale(Today, Today, null, "Asia/Shanghai", Now));
        Assert.True(RollUpRule.IsStale(Today, Today, new RolledDay(Now, default, "Europe/Berlin"), "Asia/Shanghai", Now));
    }

    [Theory]
    [InlineData(null, null, "2030-05-17", "2030-06-15")]
    [InlineData("2030-06-01", null, "2030-06-01", "2030-06-15")]
    [InlineData(null, "2030-01-31", "2030-01-02", "2030-01-31")]
    [InlineData("2030-01-01", "2030-01-01", "2030-01-01", "2030-01-01")]
    public void A_range_has_usual_ends(string? from, string? to, string first, string last)
    {
        Assert.Null(SalesRange.Parse(from, to, Today, out var range));
        Assert.Equal(new(Day(first), Day(last)), range);
    }

    [Theory]
    [InlineData("1.6.2030", null, "from")]
    [InlineData(null, "2030-02-30", "to")]
    [InlineData("2030-02-02", "2030-02-01", "from")]
    [InlineData("2028-01-01", "2030-01-01", "from")]
    [InlineData("0001-01-01", "0001-01-02", "to")]
    public void A_range_that_is_none_is_refused_with_the_field(string? from, string? to, string field) =>
        Assert.Equal(field, SalesRange.Parse(from, to, Today, out _)?.Field);

    private static DateOnly Day(string text) => DateOnly.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
