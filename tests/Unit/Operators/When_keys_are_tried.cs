using CardShop.Shop.Operators;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Operators;

public sealed class When_keys_are_tried
{
    private static readonly KeyThrottleLimits Limits = new(3, 5, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), 10);

    private readonly ManualTime _time = new();
    private readonly KeyThrottle _throttle;

    public When_keys_are_tried() => _throttle = new(Limits, _time);

    [Fact]
    public void Too_many_from_one_network_lock_that_network_alone()
    {
        Fail("10.0.0.1", null, 2);
        Assert.Null(_throttle.LockedUntil("10.0.0.1", null));

        Fail("10.0.0.1", null, 1);
        Assert.Equal(_time.GetUtcNow() + Limits.LockFor, _throttle.LockedUntil("10.0.0.1", null));
        Assert.Null(_throttle.LockedUntil("10.0.0.2", null));

        _time.Advance(Limits.LockFor);
        Assert.Null(_throttle.LockedUntil("10.0.0.1", null));
    }

    [Fact]
    public void Too_many_for_one_name_lock_that_name_from_everywhere()
    {
        for (var i = 0; i < Limits.PerName; i++)
        {
            Fail($"10.0.0.{i}", "ann", 1);
        }

        Assert.NotNull(_throttle.LockedUntil("10.9.9.9", "ann"));
        Assert.Null(_throttle.LockedUntil("10.9.9.9", "bob"));
    }

    [Fact]
    public void What_is_long_ago_does_not_count()
    {
        Fail("10.0.0.1", null, 2);
        _time.Advance(Limits.Window);
        Fail("10.0.0.1", null, 2);

        Assert.Null(_throttle.LockedUntil("10.0.0.1", null));
    }

    [Fact]
    public void A_known_key_clears_its_name_and_buys_its_network_nothing()
    {
        Fail("10.0.0.1", "ann", 2);
        _throttle.Succeeded("ann");
        Fail("10.0.0.1", "ann", 1);

        Assert.NotNull(_throttle.LockedUntil("10.0.0.1", null));
        Assert.Null(_throttle.LockedUntil("10.0.0.2", "ann"));
    }

    [Fact]
    public void Who_comes_from_many_networks_does_not_push_a_lock_out()
    {
        Fail("10.0.0.1", null, Limits.PerNetwork);
        for (var i = 0; i < Limits.Most * 3; i++)
        {
            Fail($"10.1.0.{i}", null, 1);
        }

        Assert.NotNull(_throttle.LockedUntil("10.0.0.1", null));
    }

    private void Fail(string network, string? name, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _throttle.Failed(network, name);
        }
    }
}
