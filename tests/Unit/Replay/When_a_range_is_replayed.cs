using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Payments;
using CardShop.Shop.Replay;
using CardShop.Shop.Store;
using CardShop.Tests.Unit.Orders;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Replay;

public sealed class When_a_range_is_replayed
{
    private static readonly ReplayTopic Orders = ReplayTopic.Find(Topics.Orders.Name)!;
    private static readonly PartitionKey Partition = new(Topics.Orders.Name, 3);

    private readonly ManualTime _time = new() { Hurried = true };
    private readonly FakeRanges _log = new(Partition, 2_000);
    private readonly Journal _journal = new();

    [Fact]
    public async Task Everything_is_processed_once_in_order_and_counted()
    {
        var run = Begin(ReplayFilter.None);
        run.Work.Outcomes[7] = MessageOutcome.Changed;
        run.Work.Outcomes[9] = MessageOutcome.Archived;

        Assert.True(await run.ToTheEndAsync());

        Assert.Equal(Enumerable.Range(0, 2_000).Select(i => (long)i), run.Work.Processed);
        var report = run.Tally.Report;
        Assert.Equal((1, 1, 1_998), (report.Changed, report.Archived, report.DoneOf(2_000)));
        Assert.Equal([IdOf(7)], report.ChangedIds);
    }

    [Fact]
    public async Task Stopped_it_ends_after_the_batch_in_hand_and_the_next_run_goes_on_there()
    {
        var run = Begin(ReplayFilter.None);
        using var stop = new CancellationTokenSource();
        run.Work.After = batches =>
        {
            if (batches == 2)
            {
                stop.Cancel();
            }
        };
        Assert.False(await run.RunAsync(stop.Token));
        Assert.Equal(1_000, run.Work.Processed.Count);

        Assert.True(await run.ToTheEndAsync());
        Assert.Equal(2_000, run.Work.Processed.Distinct().Count());
        Assert.Equal(2_000, run.Work.Processed.Count);
    }

    [Fact]
    public async Task A_batch_that_fails_for_the_place_is_done_again_and_counted_once()
    {
        var run = Begin(ReplayFilter.None);
        run.Work.Outcomes[600] = MessageOutcome.Changed;
        run.Work.FailOnce = new PlaceException("the database is away");
        Assert.True(await run.ToTheEndAsync());
        Assert.Equal(1, run.Tally.Report.Changed);
        Assert.Equal(2_000, run.Work.Processed.Count);
    }

    [Fact]
    public async Task What_is_not_meant_is_passed_over_and_the_range_ends_all_the_same()
    {
        var run = Begin(new(null, IdOf(11)));
        run.Work.Outcomes[11] = MessageOutcome.Changed;
        Assert.True(await run.ToTheEndAsync());
        Assert.Equal((1, 1_999), (run.Tally.Report.Changed, run.Tally.Report.PassedOver));
    }

    [Fact]
    public async Task A_record_that_is_a_dead_letter_already_is_not_made_one_again()
    {
        _log.Spoiled.Add(4);
        _log.Spoiled.Add(5);
        var run = Begin(ReplayFilter.None, isLetter: offset => offset == 4);
        Assert.True(await run.ToTheEndAsync());
        Assert.Equal([5L], run.Work.GivenUp);
        Assert.Equal(2, run.Tally.Report.Refused);
        Assert.Equal([true, false], run.Tally.Report.RefusedRecords.Select(r => r.Known));
        Assert.Equal(1_998, run.Tally.Report.DoneOf(2_000));
    }

    [Fact]
    public async Task A_dry_pass_gives_nothing_up_and_sends_nothing()
    {
        _log.Spoiled.Add(5);
        var run = Begin(ReplayFilter.None, dry: true);
        run.Work.Row = new(1, 1, [new("t", 0, "k", "T", [], _time.GetUtcNow())], [], []);
        Assert.True(await run.ToTheEndAsync());
        Assert.Empty(run.Work.GivenUp);
        Assert.Equal(1, run.Tally.Report.Refused);
        Assert.Empty(_journal.Lines);
    }

    [Fact]
    public async Task It_is_no_faster_than_it_may_be()
    {
        var time = new ManualTime { Hurried = true };
        var pace = new ReplayPace(100, time);
        var from = time.GetUtcNow();
        for (var i = 0; i < 10; i++)
        {
            await pace.WaitAsync(50, default);
        }

        Assert.Equal(TimeSpan.FromSeconds(4.5), time.GetUtcNow() - from);
    }

    private static string IdOf(long offset) => OrderIdsOf[offset];

    private static readonly string[] OrderIdsOf =
        [.. Enumerable.Range(0, 2_000).Select(i => "a" + Convert.ToString(i, 8).PadLeft(25, 'z').Replace('0', 'a').Replace('1', 'b'))];

    private Run Begin(ReplayFilter filter, Func<long, bool>? isLetter = null, bool dry = false)
    {
        var positions = new DryPositions(new Dictionary<PartitionKey, long> { [Partition] = 0 });
        var work = new FakeWork(positions);
        var tally = new ReplayTally(ReplayReport.Empty);
        var bus = new FakeBus(_journal);
        var dispatcher = new Dispatcher(
            new FakeOutbox(_journal), new FakeLog(_journal), bus, DispatchOptions.Default, _time, new Random(1),
            NullLogger<Dispatcher>.Instance);
        var replay = new ReplayWork(work, Orders, filter, (_, offset) => isLetter?.Invoke(offset) == true, tally, dry);
        var loop = new BatchLoop(
            replay, dispatcher, bus, BatchOptions.Default, _time, new Random(1), NullLogger<BatchLoop>.Instance);
        var job = new ReplayJob(
            "id", Orders, "asked", filter, new Dictionary<PartitionKey, long> { [Partition] = 0 },
            new Dictionary<PartitionKey, long> { [Partition] = 2_000 }, ReplayReport.Empty, "ann", _time.GetUtcNow());
        return new(
            work, tally, job,
            new(
                _log, positions, loop, tally, new(1_000_000, _time), _ => Task.CompletedTask, _ => Task.CompletedTask, _time,
                new Random(1)));
    }

    private sealed record Run(FakeWork Work, ReplayTally Tally, ReplayJob Job, Replayer Replayer)
    {
        public Task<bool> RunAsync(CancellationToken stop) => Replayer.RunAsync(Job, _ => { }, stop, default);

        public Task<bool> ToTheEndAsync() => RunAsync(default);
    }

    /// <summary>A partition of placed orders.</summary>
    private sealed class FakeRanges(PartitionKey partition, int count) : NoRanges
    {
        public HashSet<long> Spoiled { get; } = [];

        public override Task<IReadOnlyList<LogIncoming>> ReadAsync(
            IReadOnlyDictionary<PartitionKey, long> positions, int most, TimeSpan patience, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<LogIncoming>>(
            [
                .. Enumerable.Range((int)positions[partition], Math.Min(most, count + 10 - (int)positions[partition])).Select(i =>
                    new LogIncoming(
                        partition, i, "S", Spoiled.Contains(i) ? [] : [1], MessageTypes.OrderPlaced, 0, default, reader: null)),
            ]);
    }

    /// <summary>Moves positions as a transaction does, or fails and moves none.</summary>
    private sealed class FakeWork(DryPositions positions) : IBatchWork
    {
        private int _batches;

        public string Name => "orders-replay-id";

        public List<long> Processed { get; } = [];

        public List<long> GivenUp { get; } = [];

        public Dictionary<long, MessageOutcome> Outcomes { get; } = [];

        public Action<int>? After { get; set; }

        public Exception? FailOnce { get; set; }

        public OutboxRow? Row { get; set; }

        public object Decode(Incoming message)
        {
            var record = (LogIncoming)message;
            return record.Value is [1]
                ? new PaymentMessage.Placed(An.Order(IdOf(record.Offset)))
                : throw new PoisonMessageException("no order");
        }

        public Task<OutboxRow?> RunAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation)
        {
            if (FailOnce is { } failure)
            {
                FailOnce = null;
                throw failure;
            }

            var fresh = new PositionFilter(positions.Next).Take(batch);
            foreach (var record in fresh.Messages.OfType<LogIncoming>())
            {
                record.Outcome = record.Message is PassedOver
                    ? MessageOutcome.None
                    : Outcomes.GetValueOrDefault(record.Offset, MessageOutcome.Repeat);
                Processed.Add(record.Offset);
            }

            positions.Move(fresh.Moves);
            After?.Invoke(++_batches);
            return Task.FromResult(Row);
        }

        public Task<OutboxRow?> GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation)
        {
            message.Outcome = MessageOutcome.GivenUp;
            GivenUp.Add(((LogIncoming)message).Offset);
            positions.Move(new PositionFilter(positions.Next).Take([message]).Moves);
            return Task.FromResult<OutboxRow?>(null);
        }

        public void Committed(IReadOnlyList<Incoming> batch)
        {
            // Nobody is told.
        }
    }
}
