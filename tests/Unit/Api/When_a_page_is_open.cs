using CardShop.Api.Orders;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_a_page_is_open
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0.5, 50)]
    [InlineData(10, 200)]
    [InlineData(100, 500)]
    [InlineData(1_000, 2_000)]
    public void The_database_is_asked_again_after_twenty_times_as_long_as_it_took_within_bounds(double taken, double wait) =>
        Assert.Equal(TimeSpan.FromMilliseconds(wait), OrderWatch.Wait(TimeSpan.FromMilliseconds(taken)));

    [Fact]
    public async Task It_is_told_of_a_change_and_of_what_is_as_it_was_not()
    {
        var time = new ManualTime();
        using var watch = new OrderWatch(reader: null, time, NullLogger<OrderWatch>.Instance);
        using var page = watch.Watch("one")!;
        var changed = page.Changed;
        Assert.False(changed.IsCompleted);

        await watch.StartAsync(Stop);
        await changed.WaitAsync(Stop);
        Assert.True(page.State.Degraded);

        // A second reading, which says the same: a page that is opened in between is told of it, so it has been.
        changed = page.Changed;
        using var other = watch.Watch("two")!;
        var read = other.Changed;
        while (!read.IsCompleted)
        {
            time.Advance(OrderWatch.Shortest);
            await Task.Yield();
        }

        Assert.False(changed.IsCompleted);
        await watch.StopAsync(Stop);
    }
}
