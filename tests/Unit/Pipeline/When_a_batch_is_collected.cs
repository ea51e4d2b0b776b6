using System.Threading.Channels;
using CardShop.Pipeline.Batches;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_a_batch_is_collected
{
    private readonly ManualTime _time = new();
    private readonly Channel<Incoming> _input = Channel.CreateUnbounded<Incoming>();

    [Fact]
    public async Task Its_age_counts_from_the_first_message_and_no_later_one_prolongs_it()
    {
        var collector = new BatchCollector(new(500, TimeSpan.FromMilliseconds(20), int.MaxValue), _time);
        var next = collector.NextAsync(_input.Reader, TestContext.Current.CancellationToken);
        for (var i = 0; i < 4; i++)
        {
            Assert.False(next.IsCompleted);
            Add(1);
            await WaitForTimerAsync(i + 1);
            _time.Advance(TimeSpan.FromMilliseconds(5));
        }

        // 20 ms after the first, though the last is 5 ms old.
        Assert.Equal(4, (await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).Count);
        Assert.Equal([5, 5, 5, 5], _time.Waits.Select(w => w.TotalMilliseconds));
    }

    [Fact]
    public async Task It_is_not_looked_at_more_often_than_timers_can_wait()
    {
        Add(1);
        var collector = new BatchCollector(new(500, TimeSpan.FromMilliseconds(2), int.MaxValue), _time);
        var next = collector.NextAsync(_input.Reader, TestContext.Current.CancellationToken);
        await WaitForTimerAsync(1);
        _time.Advance(TimeSpan.FromMilliseconds(1.5));
        await WaitForTimerAsync(2);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Single(await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal([1, 1], _time.Waits.Select(w => w.TotalMilliseconds));
    }

    [Fact]
    public async Task A_full_one_does_not_wait()
    {
        Add(7);
        var collector = new BatchCollector(new(3, TimeSpan.FromHours(1), int.MaxValue), _time);
        Assert.Equal(3, (await NextAsync(collector)).Count);
        Assert.Equal(3, (await NextAsync(collector)).Count);
        Assert.Empty(_time.Waits);
        _input.Writer.Complete();
        Assert.Single(await NextAsync(collector));
        Assert.Empty(await NextAsync(collector));
    }

    [Fact]
    public async Task It_is_bounded_by_bytes_too()
    {
        Add(10);
        Assert.Equal(3, (await NextAsync(new(new(500, TimeSpan.FromHours(1), 250), _time))).Count);
    }

    [Fact]
    public async Task Without_an_age_it_takes_what_is_there()
    {
        Add(2);
        Assert.Equal(2, (await NextAsync(new(new(500, TimeSpan.Zero, int.MaxValue), _time))).Count);
    }

    [Fact]
    public async Task A_stop_is_told_from_an_age()
    {
        using var stop = new CancellationTokenSource();
        var collector = new BatchCollector(new(500, TimeSpan.FromHours(1), int.MaxValue), _time);
        Add(1);
        var next = collector.NextAsync(_input.Reader, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    private void Add(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.True(_input.Writer.TryWrite(new DueIncoming(i)));
        }
    }

    private Task<List<Incoming>> NextAsync(BatchCollector collector) =>
        collector.NextAsync(_input.Reader, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

    private async Task WaitForTimerAsync(int count)
    {
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (_time.Waits.Count < count)
        {
            Assert.True(DateTime.UtcNow < deadline, "The collector set no timer");
            await Task.Yield();
        }
    }
}
