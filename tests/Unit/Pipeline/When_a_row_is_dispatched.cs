using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_a_row_is_dispatched
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    private readonly Journal _journal = new();
    private readonly FakeLog _log;
    private readonly FakeBus _bus;
    private readonly FakeOutbox _outbox;
    private readonly ManualTime _time = new() { Hurried = true };
    private readonly Dispatcher _dispatcher;

    public When_a_row_is_dispatched()
    {
        _log = new(_journal);
        _bus = new(_journal);
        _outbox = new(_journal);
        _dispatcher = new(
            _outbox, _log, _bus, DispatchOptions.Default, _time, new Random(1), NullLogger<Dispatcher>.Instance);
    }

    [Fact]
    public async Task The_records_go_first_then_the_commands_then_the_row()
    {
        await SendAsync(Row(1, ["a", "b"], ["c"]));
        Assert.Equal(["log a,b", "cleared 1", "bus c", "deleted 1"], _journal.Lines);
        Assert.Empty(_outbox.Rows);
    }

    [Fact]
    public async Task Without_commands_the_row_ends_with_its_records()
    {
        await SendAsync(Row(1, ["a"], []));
        Assert.Equal(["log a", "cleared 1"], _journal.Lines);
        Assert.Empty(_outbox.Rows);
    }

    [Fact]
    public async Task No_command_leaves_before_every_record_is_acknowledged()
    {
        for (var i = 0; i < 3; i++)
        {
            _log.Answers.Enqueue(_ => throw new PlaceException("away"));
        }

        await SendAsync(Row(1, ["a"], ["c"]));
        Assert.Equal(["log a", "cleared 1", "bus c", "deleted 1"], _journal.Lines);
    }

    [Fact]
    public async Task Records_that_were_not_taken_are_what_is_left_and_what_is_sent_again()
    {
        _log.Answers.Enqueue(_ => [new(1, false, "timed out")]);
        await SendAsync(Row(1, ["a", "b", "c"], ["x"]));
        Assert.Equal(
            ["log a,b,c", "rewritten 1: 1 1", "log b", "cleared 1", "bus x", "deleted 1"], _journal.Lines);
    }

    [Fact]
    public async Task Commands_that_were_not_taken_are_what_is_left_and_what_is_sent_again()
    {
        _bus.Answers.Enqueue(_ => [new(0, "nacked")]);
        await SendAsync(Row(1, ["a"], ["x", "y"]));
        Assert.Equal(["log a", "cleared 1", "bus x,y", "rewritten 1: 0 1", "bus x", "deleted 1"], _journal.Lines);
    }

    [Fact]
    public async Task What_can_never_be_sent_is_parked_and_the_rest_goes_on()
    {
        _log.Answers.Enqueue(_ => [new(0, true, "too large")]);
        await SendAsync(Row(1, ["a", "b"], ["x", "y"]));
        Assert.Equal(["a type"], _outbox.Parked);
        Assert.Empty(_outbox.Rows);
        Assert.Single(_journal.Lines, l => l.StartsWith("bus", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Until_it_is_parked_itself_a_message_stays_in_the_row()
    {
        _log.Answers.Enqueue(_ => [new(0, true, "too large"), new(2, true, "too large")]);
        await SendAsync(Row(1, ["a", "b", "c"], []));
        // A crash after the first must still find the second, in the row.
        Assert.Equal(
            ["parked a type, left 1 0", "parked c type, left 0 0"],
            _journal.Lines.Where(l => l.StartsWith("parked", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_parked_is_not_parked_again_when_the_rest_is_sent_again()
    {
        _log.Answers.Enqueue(_ => [new(0, true, "too large"), new(1, false, "timed out")]);
        await SendAsync(Row(1, ["a", "b"], []));
        Assert.Equal(["a type"], _outbox.Parked);
        Assert.Equal("log b", _journal.Lines.Last(l => l.StartsWith("log", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_row_that_cannot_be_sent_now_stays_for_the_sweeper()
    {
        for (var i = 0; i < 100; i++)
        {
            _log.Answers.Enqueue(_ => throw new PlaceException("away"));
        }

        await SendAsync(Row(1, ["a"], ["x"]));
        Assert.Single(_outbox.Rows);
        Assert.DoesNotContain(_journal.Lines, l => l.StartsWith("bus", StringComparison.Ordinal));
        Assert.InRange(_log.Answers.Count, 80, 97);
        Assert.False(_dispatcher.IsSending(1));
    }

    [Fact]
    public async Task It_waits_for_earlier_rows_and_sends_them_itself_after_two_seconds()
    {
        _outbox.Add(Row(1, ["a"], ["x"]));
        var started = _time.GetUtcNow();
        await SendAsync(Row(2, ["b"], [], 1));
        Assert.Equal(["log a", "cleared 1", "log b", "cleared 2"], _journal.Lines);
        Assert.InRange(_time.GetUtcNow() - started, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3));
        // The earlier row's commands are left to whoever sends that row.
        Assert.Equal(["x"], _outbox.Rows[1].Commands.Select(c => c.MessageId));
    }

    [Fact]
    public async Task Commands_alone_wait_for_the_records_of_earlier_rows_too()
    {
        _outbox.Add(Row(1, ["why"], ["x"]));
        await SendAsync(Row(2, [], ["y"], 1));
        Assert.Equal(["log why", "cleared 1", "bus y", "deleted 2"], _journal.Lines);
    }

    [Fact]
    public async Task Rows_that_its_earlier_rows_wait_for_leave_before_them()
    {
        _outbox.Add(Row(5, ["first"], []));
        _outbox.Add(Row(3, ["second"], [], 5));
        await SendAsync(Row(7, ["third"], [], 3));
        Assert.Equal(
            ["log first", "log second", "log third"],
            _journal.Lines.Where(l => l.StartsWith("log", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Rows_that_are_gone_are_not_waited_for()
    {
        var started = _time.GetUtcNow();
        await SendAsync(Row(2, ["b"], [], 1));
        Assert.Equal(["log b", "cleared 2"], _journal.Lines);
        Assert.Equal(started, _time.GetUtcNow());
    }

    [Fact]
    public async Task The_records_carry_their_commit_and_partners_get_cloud_events()
    {
        IReadOnlyList<LogRecord> sent = [];
        _log.Answers.Enqueue(records =>
        {
            sent = records;
            return [];
        });
        var partner = new OutRecord("t", 3, "order", "cardshop.x.v1", [1], At, "order", "order.x", 12);
        await SendAsync(new(1, 77, [partner, partner with { EventId = null, Type = "Plain" }], [], []));
        Assert.Equal(
            [
                "ce_specversion=1.0", "ce_id=order.x", "ce_type=cardshop.x.v1", "ce_source=/cardshop", "ce_subject=order",
                "ce_time=2026-01-01T04:00:00.000Z", "content-type=application/json", "commit=77", "ce_sequence=0000000012",
            ],
            sent[0].Headers.Select(h => h.Name + "=" + System.Text.Encoding.UTF8.GetString(h.Value)));
        Assert.Equal(
            ["type=Plain", "commit=77"], sent[1].Headers.Select(h => h.Name + "=" + System.Text.Encoding.UTF8.GetString(h.Value)));
        Assert.Equal(3, sent[0].Partition);
    }

    private static OutboxRow Row(long number, string[] records, string[] commands, params long[] waits) => new(
        number, 10, [.. records.Select(r => new OutRecord("t", 0, r, "type", [1], At, r))],
        [.. commands.Select(c => new OutCommand("q", "type", c, c, [1], At))], waits);

    private async Task SendAsync(OutboxRow row)
    {
        _outbox.Add(row);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        await _dispatcher.PostAsync(row, limit.Token);
        await _dispatcher.DrainAsync(limit.Token);
    }
}
