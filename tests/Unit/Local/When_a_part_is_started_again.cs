using CardShop.Local.Supervision;
using Xunit;

namespace CardShop.Tests.Unit.Local;

public sealed class When_a_part_is_started_again
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    [Fact]
    public void Each_wait_is_at_most_twice_the_one_before_and_never_above_ten_seconds()
    {
        var backoff = new RestartBackoff(new Random(1));
        var limit = RestartBackoff.Shortest;
        for (var i = 0; i < 20; i++)
        {
            var wait = backoff.Next(Moment);
            Assert.InRange(wait, limit * 0.75, limit);
            limit = limit * 2 < RestartBackoff.Longest ? limit * 2 : RestartBackoff.Longest;
        }

        Assert.Equal(RestartBackoff.Longest, limit);
    }

    [Fact]
    public void A_healthy_minute_makes_earlier_failures_forgotten()
    {
        var backoff = new RestartBackoff(new Random(1));
        for (var i = 0; i < 10; i++)
        {
            backoff.Next(Moment);
        }

        Assert.InRange(backoff.Next(RestartBackoff.Healthy), TimeSpan.Zero, RestartBackoff.Shortest);
        Assert.InRange(backoff.Next(Moment), RestartBackoff.Shortest, RestartBackoff.Shortest * 2);
    }

    [Fact]
    public void Parts_that_fell_together_do_not_come_back_together()
    {
        var random = new Random(7);
        var waits = Enumerable.Range(0, 9).Select(_ => new RestartBackoff(random).Next(Moment)).ToHashSet();
        Assert.True(waits.Count > 5);
    }
}
