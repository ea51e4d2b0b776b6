using System.Globalization;
using CardShop.Api;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_tries_are_throttled
{
    private readonly ManualTime _time = new();

    [Fact]
    public void As_many_as_allowed_come_at_once_then_one_per_share_of_the_window()
    {
        var throttle = new Throttle(10, _time);
        Assert.All(Enumerable.Range(0, 10), _ => Assert.True(throttle.Allow("ann")));
        Assert.False(throttle.Allow("ann"));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(throttle.Allow("ann"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(throttle.Allow("ann"));
        Assert.False(throttle.Allow("ann"));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => throttle.Allow("ann")));
    }

    [Fact]
    public void Others_are_not_held_up_and_a_million_names_take_no_more_memory()
    {
        var throttle = new Throttle(1, _time);
        var refused = Enumerable.Range(0, 100).Count(i => !throttle.Allow(i.ToString(CultureInfo.InvariantCulture)));
        Assert.InRange(refused, 0, 5);

        // What the runtime needs to compile the loop again while it runs is no memory of the throttle: it has that in the first.
        AllocatedByAMillionTries(throttle);
        Assert.InRange(AllocatedByAMillionTries(throttle), 0, 1_000);
    }

    private static long AllocatedByAMillionTries(Throttle throttle)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000_000; i++)
        {
            throttle.Allow("somebody");
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
