using CardShop.Contracts;
using CardShop.Pipeline.Outbox;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_rows_are_left_behind
{
    private readonly Journal _journal = new();
    private readonly FakeOutbox _outbox;
    private readonly FakeLog _log;
    private readonly ManualTime _time = new() { Hurried = true };
    private readonly Dispatcher _dispatcher;
    private readonly Sweeper _sweeper;

    public When_rows_are_left_behind()
    {
        _outbox = new(_journal);
        _log = new(_journal);
        _dispatcher = new(
            _outbox, _log, new FakeBus(_journal), DispatchOptions.Default, _time, new Random(1), NullLogger<Dispatcher>.Instance);
        _sweeper = new(_outbox, _dispatcher, _ => Task.FromResult(true), _time, new Random(1), NullLogger<Sweeper>.Instance);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_that_cannot_leave_keep_nothing_else_from_leaving()
    {
        // More than a round looks at, and the oldest: all for a region that is away.
        for (var number = 1; number <= 120; number++)
        {
            _outbox.Add(Row(number, "away"));
        }

        _outbox.Add(Row(121, "here"));
        _log.IsAway = r => r.Key.AsSpan().SequenceEqual("away"u8);
        await SweptUntilAsync(() => !_outbox.Rows.ContainsKey(121));
        Assert.Equal(120, _outbox.Rows.Count);
        Assert.DoesNotContain(_journal.Lines, l => l.StartsWith("rewritten", StringComparison.Ordinal));

        _log.IsAway = _ => false;
        await SweptUntilAsync(() => _outbox.Rows.Count == 0);
    }

    private async Task SweptUntilAsync(Func<bool> done)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var sweeping = _sweeper.RunAsync(stop.Token);
        while (!done() && !sweeping.IsCompleted)
        {
            Stop.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sweeping);
    }

    private static OutboxRow Row(long number, string key) => new(
        number, number, [new(Topics.Orders.Name, 0, key, "Test", [1], DateTimeOffset.UnixEpoch)], [], []);
}
