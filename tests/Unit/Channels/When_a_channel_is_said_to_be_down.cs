using CardShop.Contracts;
using CardShop.Shop.Channels.Resilience;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_a_channel_is_said_to_be_down
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    private readonly ChannelBulletin _bulletin = new("alipay", profiles: 2);

    [Fact]
    public void A_fleet_says_at_its_start_that_all_is_well_and_then_is_silent()
    {
        Assert.Equivalent(new ChannelState("alipay", true, Start), Say([], 0), strict: true);
        Assert.Null(_bulletin.Next([], Start.AddDays(1)));
    }

    [Fact]
    public void Every_change_is_said_at_once_and_the_channel_is_down_when_its_last_profile_is()
    {
        Say([], 0);
        Assert.Equivalent(new ChannelState("alipay", true, Start, ["a"]), Say(["a"], 10), strict: true);
        Assert.Equivalent(new ChannelState("alipay", false, Start.AddSeconds(11), ["a", "b"]), Say(["a", "b"], 11), strict: true);
        Assert.Equivalent(new ChannelState("alipay", true, Start.AddSeconds(12), ["b"]), Say(["b"], 12), strict: true);
        Assert.Equivalent(new ChannelState("alipay", true, Start.AddSeconds(12), ["a"]), Say(["a"], 13), strict: true);
        Assert.Equivalent(new ChannelState("alipay", true, Start.AddSeconds(12)), Say([], 14), strict: true);
    }

    [Fact]
    public void What_is_down_is_said_again_and_again_with_the_time_since_when()
    {
        Say(["a", "b"], 0);
        Assert.Null(_bulletin.Next(["a", "b"], Start.AddSeconds(4.9)));
        Assert.Equal(Start, Say(["a", "b"], 5)!.Since);
        Assert.Null(_bulletin.Next(["a", "b"], Start.AddSeconds(9.9)));
        Assert.NotNull(_bulletin.Next(["a", "b"], Start.AddSeconds(10)));
    }

    [Fact]
    public void What_was_not_taken_by_the_log_is_said_again()
    {
        Say([], 0);
        Assert.NotNull(_bulletin.Next(["a"], Start));
        Assert.NotNull(_bulletin.Next(["a"], Start));
    }

    [Fact]
    public void A_reader_believes_it_until_nobody_repeats_it()
    {
        var time = new ManualTime();
        var states = new ChannelStates(time);
        var down = new ChannelState("alipay", false, time.GetUtcNow(), ["a", "b"]);
        Assert.True(states.IsUp("alipay"));
        states.Take(down, time.GetUtcNow());
        Assert.False(states.IsUp("alipay"));
        Assert.True(states.IsUp("wechat"));
        Assert.Equal(["a", "b"], states.Down("alipay"));

        time.Advance(TimeSpan.FromSeconds(14));
        states.Take(down, time.GetUtcNow());
        time.Advance(TimeSpan.FromSeconds(14));
        Assert.False(states.IsUp("alipay"));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(states.IsUp("alipay"));
        Assert.Empty(states.Down("alipay"));
    }

    [Fact]
    public void A_state_that_was_there_before_counts_from_when_it_was_said()
    {
        var time = new ManualTime();
        var states = new ChannelStates(time);
        states.Take(new("alipay", false, Start, ["a"]), time.GetUtcNow() - TimeSpan.FromMinutes(1));
        Assert.True(states.IsUp("alipay"));
    }

    [Fact]
    public void The_last_word_counts()
    {
        var time = new ManualTime();
        var states = new ChannelStates(time);
        states.Take(new("alipay", false, Start, ["a"]), time.GetUtcNow());
        states.Take(new("alipay", true, Start), time.GetUtcNow());
        Assert.True(states.IsUp("alipay"));
    }

    [Fact]
    public void An_operators_word_stands_until_the_next_one_whatever_fleets_say()
    {
        var time = new ManualTime();
        var states = new ChannelStates(time);
        states.Take(new("alipay", false, Start) { By = "ann", Why = "closed" }, time.GetUtcNow());
        states.Take(new("alipay", true, Start), time.GetUtcNow());
        time.Advance(TimeSpan.FromDays(2));
        Assert.False(states.IsUp("alipay"));
        Assert.Equal("closed", states.SwitchedOff("alipay")!.Why);
        Assert.Empty(states.Down("alipay"));

        states.Take(new("alipay", true, Start) { By = "bob" }, time.GetUtcNow());
        Assert.True(states.IsUp("alipay"));
        states.Take(new("alipay", false, Start, ["a"]), time.GetUtcNow());
        Assert.False(states.IsUp("alipay"));
    }

    private ChannelState? Say(IReadOnlyList<string> down, double seconds)
    {
        var state = _bulletin.Next(down, Start.AddSeconds(seconds));
        if (state is not null)
        {
            _bulletin.Said(state, Start.AddSeconds(seconds));
        }

        return state;
    }
}
