using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_calls_wait_for_their_place
{
    private const int Most = 50;
    private const string Call = "RequestPayment";

    private static readonly ChannelAnswer Late = new(ChannelResult.Unknown, Code: ProviderFailures.Timeout);

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LateTime = TimeSpan.FromSeconds(3);

    private readonly CallPlaces _places = new(Most);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_that_is_answered_makes_room_for_one_more_up_to_the_most()
    {
        for (var i = 0; i < 10; i++)
        {
            await RoundAsync(ScriptedChannel.Done);
        }

        Assert.Equal(Most, _places.Limit);
        Assert.Equal((Most, 0), await _places.TakeAsync(1_000, Stop));
    }

    [Fact]
    public async Task One_at_a_time_proves_nothing_about_many()
    {
        for (var i = 0; i < 100; i++)
        {
            var (_, round) = await _places.TakeAsync(1, Stop);
            _places.Return(round, Call, ScriptedChannel.Done, Soon);
        }

        Assert.Equal(CallPlaces.Least, _places.Limit);
    }

    [Fact]
    public async Task Those_that_are_late_together_halve_once_and_never_below_the_least()
    {
        for (var i = 0; i < 10; i++)
        {
            await RoundAsync(ScriptedChannel.Done);
        }

        await RoundAsync(Late);
        Assert.Equal(Most / 2, _places.Limit);
        await RoundAsync(Late);
        Assert.Equal(CallPlaces.Least, _places.Limit);
        await RoundAsync(Late);
        Assert.Equal(CallPlaces.Least, _places.Limit);
    }

    [Theory]
    [InlineData(ProviderFailures.CircuitOpen)]
    [InlineData("CONNECTION_FAILED")]
    [InlineData(null)]
    public async Task What_nobody_answered_says_nothing(string? code)
    {
        await RoundAsync(code is null ? null : new(ChannelResult.Unknown, Code: code));
        Assert.Equal(CallPlaces.Least, _places.Limit);
    }

    [Fact]
    public async Task Who_waits_goes_on_when_a_place_is_given_back()
    {
        var (count, round) = await _places.TakeAsync(1_000, Stop);
        Assert.Equal(CallPlaces.Least, count);
        var waiting = _places.TakeAsync(3, Stop);
        Assert.False(waiting.IsCompleted);
        _places.Return(round, Call, null, Soon);
        Assert.Equal((1, 0), await waiting);
    }

    [Fact]
    public async Task A_limit_below_the_least_holds()
    {
        var few = new CallPlaces(2);
        var (count, round) = await few.TakeAsync(1_000, Stop);
        Assert.Equal(2, count);
        few.Return(round, Call, Late, LateTime);
        few.Return(round, Call, Late, LateTime);
        Assert.Equal((2, 1), await few.TakeAsync(1_000, Stop));
    }

    [Fact]
    public async Task A_provider_that_always_takes_its_time_is_asked_as_much_as_a_quick_one()
    {
        for (var i = 0; i < 10; i++)
        {
            await RoundAsync(ScriptedChannel.Done, TimeSpan.FromMilliseconds(400));
        }

        Assert.Equal(Most, _places.Limit);
    }

    [Fact]
    public async Task One_that_always_takes_long_is_slow_and_not_overloaded()
    {
        for (var i = 0; i < 10; i++)
        {
            await RoundAsync(ScriptedChannel.Done, TimeSpan.FromMilliseconds(1_200));
        }

        Assert.Equal(Most, _places.Limit);
    }

    [Fact]
    public async Task A_quick_query_does_not_make_a_create_slow()
    {
        var (_, round) = await _places.TakeAsync(1, Stop);
        _places.Return(round, "CheckPayment", ScriptedChannel.Done, Soon);
        await RoundAsync(ScriptedChannel.Done, TimeSpan.FromMilliseconds(400));
        Assert.True(_places.Limit > CallPlaces.Least);
    }

    [Theory]
    [InlineData(10, 101)]
    [InlineData(200, 650)]
    [InlineData(600, 1_001)]
    [InlineData(900, 1_400)]
    public async Task Slower_than_usual_it_is_not_asked_for_more(int usual, int slower)
    {
        var (_, round) = await _places.TakeAsync(1, Stop);
        _places.Return(round, Call, ScriptedChannel.Done, TimeSpan.FromMilliseconds(usual));
        await RoundAsync(ScriptedChannel.Done, TimeSpan.FromMilliseconds(slower));
        Assert.Equal(CallPlaces.Least, _places.Limit);
    }

    [Fact]
    public async Task What_is_usual_may_change_for_good()
    {
        await RoundAsync(ScriptedChannel.Done, TimeSpan.FromMilliseconds(50));
        var before = _places.Limit;
        for (var i = 0; i < 100; i++)
        {
            await RoundAsync(ScriptedChannel.Done, TimeSpan.FromMilliseconds(300));
        }

        Assert.True(_places.Limit > before);
    }

    private async Task RoundAsync(ChannelAnswer? answer, TimeSpan? time = null)
    {
        var (count, round) = await _places.TakeAsync(1_000, Stop);
        for (var i = 0; i < count; i++)
        {
            _places.Return(round, Call, answer, time ?? Soon);
        }
    }
}
