using CardShop.Api.Tables;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_readiness_is_asked_for
{
    private static readonly IReadOnlyDictionary<PartitionKey, long> There =
        new Dictionary<PartitionKey, long> { [new("t", 0)] = 1 };

    private readonly ManualTime _time = new();
    private readonly FakeLog _log = new(new());
    private int _asked;

    [Fact]
    public async Task The_log_is_asked_at_most_once_a_second()
    {
        _log.Ends = () => Answer(Task.FromResult(There));
        var watch = new LogWatch(_log, _time);
        Assert.True(await watch.AnswersAsync());
        Assert.True(await watch.AnswersAsync());
        Assert.Equal(1, _asked);

        _time.Advance(TimeSpan.FromSeconds(1));
        _log.Ends = () => Answer(Task.FromException<IReadOnlyDictionary<PartitionKey, long>>(new PlaceException("away")));
        Assert.False(await watch.AnswersAsync());
        _time.Advance(TimeSpan.FromSeconds(1));
        _log.Ends = () => Answer(Task.FromResult(There));
        Assert.True(await watch.AnswersAsync());
        Assert.Equal(3, _asked);
    }

    [Fact]
    public async Task A_log_that_says_nothing_is_away_and_is_not_asked_twice_at_once()
    {
        var silent = new TaskCompletionSource<IReadOnlyDictionary<PartitionKey, long>>();
        _log.Ends = () => Answer(silent.Task);
        var watch = new LogWatch(_log, _time);
        for (var i = 0; i < 2; i++)
        {
            var answer = watch.AnswersAsync();
            _time.Advance(TimeSpan.FromSeconds(2));
            Assert.False(await answer);
        }

        Assert.Equal(1, _asked);
        silent.SetResult(There);
        Assert.True(await watch.AnswersAsync());
    }

    private Task<IReadOnlyDictionary<PartitionKey, long>> Answer(Task<IReadOnlyDictionary<PartitionKey, long>> answer)
    {
        _asked++;
        return answer;
    }
}
