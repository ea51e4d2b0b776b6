using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Verdict;
using Xunit;

namespace CardShop.Tests.Unit.Chaos;

public sealed class When_availability_is_counted
{
    [Fact]
    public void A_run_without_faults_is_all_calm()
    {
        var availability = Availability.Of([Second(100), Second(99)], []);

        Assert.Equal(new Share(200, 199), availability.Calm);
        Assert.Equal(new Share(0, 0), availability.Hurt);
        Assert.Equal((1, 0.99), availability.Worst);
    }

    [Fact]
    public void What_is_lost_while_the_log_broker_is_hurt_does_not_count_against_the_others()
    {
        var seconds = Enumerable.Repeat(Second(100), 4).Concat([Second(0), Second(0)]).Concat(Enumerable.Repeat(Second(100), 4)).ToList();

        var availability = Availability.Of(seconds, [new(4.2, 5.8, HurtParty.Log), new(0, 10, HurtParty.Others)]);

        Assert.Equal(new Share(300, 100), availability.Log);
        Assert.Equal(1, availability.Hurt.Ratio);
        Assert.Equal(700, availability.Hurt.Tried);
        Assert.Equal(new Share(1_000, 800), availability.All);
    }

    [Fact]
    public void The_log_brokers_trouble_lasts_until_orders_are_taken_again_but_not_for_ever()
    {
        var shortEcho = Availability.Of([Second(100), Second(0), Second(10), Second(100), Second(50)], [new(1, 2, HurtParty.Log)]);
        var endless = Availability.Of([.. Enumerable.Repeat(Second(0), 60)], [new(1, 2, HurtParty.Log)]);

        Assert.Equal(new Share(300, 110), shortEcho.Log);
        Assert.Equal(new Share(200, 150), shortEcho.Calm);
        Assert.Equal(17 * 100, endless.Log.Tried);
    }

    [Fact]
    public void Orders_lost_while_something_else_is_hurt_are_seen()
    {
        var availability = Availability.Of([Second(100), Second(40), Second(100)], [new(1.0, 1.5, HurtParty.Others)]);

        Assert.Equal(new Share(100, 40), availability.Hurt);
        Assert.Equal(new Share(200, 200), availability.Calm);
    }

    [Fact]
    public void Providers_that_are_away_are_told_apart_too()
    {
        var availability = Availability.Of([Second(100), Second(20), Second(100)], [new(1.0, 1.5, HurtParty.Provider)]);

        Assert.Equal(new Share(200, 120), availability.Provider);
        Assert.Equal(0, availability.Hurt.Tried);
    }

    private static LoadSecond Second(int accepted) => new(100, accepted, accepted, 0, 5);
}
