using CardShop.Api;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_an_instance_is_told_to_stop : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly GracefulStop _stop;

    public When_an_instance_is_told_to_stop()
    {
        _stop = new(TimeSpan.FromSeconds(5), _time);
    }

    [Fact]
    public async Task It_serves_on_while_it_says_that_it_leaves_and_only_then_ends_what_stays_open()
    {
        Assert.False(_stop.IsLeaving);

        var stopping = _stop.StoppingAsync(TestContext.Current.CancellationToken);
        Assert.True(_stop.IsLeaving);

        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(stopping.IsCompleted);
        Assert.False(_stop.StreamsEnd.IsCancellationRequested);

        _time.Advance(TimeSpan.FromSeconds(0.1));
        await stopping;
        Assert.True(_stop.StreamsEnd.IsCancellationRequested);
    }

    [Fact]
    public async Task What_is_left_of_the_time_is_not_waited_for_when_the_host_has_no_more()
    {
        using var host = new CancellationTokenSource();
        var stopping = _stop.StoppingAsync(host.Token);
        await host.CancelAsync();
        await stopping;
        Assert.True(_stop.StreamsEnd.IsCancellationRequested);
    }

    [Theory]
    [InlineData("HTTP/1.1", "close")]
    [InlineData("HTTP/2", "")]
    public async Task A_kept_connection_is_not_used_again(string protocol, string said)
    {
        var context = new DefaultHttpContext();
        context.Request.Protocol = protocol;
        _stop.Mark(context);
        Assert.Equal("", context.Response.Headers.Connection.ToString());

        var stopping = _stop.StoppingAsync(TestContext.Current.CancellationToken);
        _stop.Mark(context);
        Assert.Equal(said, context.Response.Headers.Connection.ToString());
        _time.Advance(TimeSpan.FromSeconds(5));
        await stopping;
    }

    public void Dispose() => _stop.Dispose();
}
