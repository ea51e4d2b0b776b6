using System.Collections.Concurrent;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_a_batch_is_processed
{
    private static readonly PartitionKey Partition = new("t", 0);

    private readonly Journal _journal = new();
    private readonly Work _work = new();
    private readonly FakeBus _bus;
    private readonly BatchLoop _loop;
    private readonly ConcurrentDictionary<string, int> _settled = new();
    private readonly Reader _reader = new();

    public When_a_batch_is_processed()
    {
        _bus = new(_journal);
        var time = new ManualTime { Hurried = true };
        var dispatcher = new Dispatcher(
            new FakeOutbox(_journal), new FakeLog(_journal), _bus, DispatchOptions.Default, time, new Random(1),
            NullLogger<Dispatcher>.Instance);
        _loop = new(_work, dispatcher, _bus, BatchOptions.Default, time, new Random(1), NullLogger<BatchLoop>.Instance);
    }

    [Fact]
    public async Task It_is_one_run_and_every_message_is_settled_once()
    {
        await ProcessAsync(Command("a"), Record(0), Command("b"), Record(1));
        Assert.Equal(["a 0 b 1"], _work.Committed);
        AssertSettled("a", "b");
        Assert.Equal([2L], _reader.Stored);
    }

    [Fact]
    public async Task A_poison_message_is_split_out_and_everything_else_is_done()
    {
        _work.Failing["c"] = () => new InvalidOperationException("bad");
        var names = new[] { "a", "b", "c", "d", "e", "f", "g" };
        await ProcessAsync([.. names.Select(n => Command(n))]);
        Assert.Equal(names.Where(n => n != "c"), _work.Committed.SelectMany(c => c.Split(' ')).Order());
        AssertSettled(names);
        Assert.Equal(["later c 0"], _journal.Lines);
        Assert.Equal(RetryPolicy.Immediate + 1, _work.Runs.Count(r => r == "c"));
    }

    [Fact]
    public async Task The_order_of_records_is_kept_when_a_batch_is_split()
    {
        _work.Failing["2"] = () => new InvalidOperationException("bad");
        await ProcessAsync([.. Enumerable.Range(0, 6).Select(i => Record(i))]);
        Assert.Equal("0 1 give-up:2 3 4 5", string.Join(' ', _work.Committed));
        Assert.Equal(6, _reader.Stored[^1]);
        Assert.Equal(_reader.Stored.Order(), _reader.Stored);
    }

    [Fact]
    public async Task A_record_is_never_delayed()
    {
        _work.Failing["0"] = () => new InvalidOperationException("bad");
        await ProcessAsync(Record(0));
        Assert.Equal(["give-up:0"], _work.Committed);
        Assert.Empty(_journal.Lines);
    }

    [Theory]
    [InlineData(0, "later a 0")]
    [InlineData(1, "later a 1")]
    [InlineData(2, "later a 2")]
    [InlineData(3, "error a InvalidOperationException")]
    public async Task A_command_goes_through_its_delays_and_then_to_the_error_queue(int rounds, string expected)
    {
        _work.Failing["a"] = () => new InvalidOperationException("bad");
        await ProcessAsync(Command("a", rounds));
        Assert.Equal([expected], _journal.Lines);
        AssertSettled("a");
        Assert.Equal(rounds == 3 ? ["give-up:a"] : [], _work.Committed);
    }

    [Fact]
    public async Task Bytes_that_mean_nothing_are_given_up_at_once_and_in_order()
    {
        _work.Undecodable.Add("1");
        await ProcessAsync(Record(0), Record(1), Record(2));
        Assert.Equal("0 give-up:1 2", string.Join(' ', _work.Committed));
        Assert.DoesNotContain("1", _work.Runs);
    }

    [Fact]
    public async Task A_failure_of_the_place_is_waited_out_and_never_splits_or_counts()
    {
        var left = 30;
        _work.Always = () => left-- > 0 ? new PlaceException("away") : null;
        var messages = new Incoming[] { Command("a"), Command("b"), Record(0) };
        await ProcessAsync(messages);
        Assert.Equal(["a b 0"], _work.Committed);
        Assert.All(_work.Runs, r => Assert.Equal("a b 0", r));
        Assert.All(messages, m => Assert.Equal(0, m.Failures));
        AssertSettled("a", "b");
    }

    [Fact]
    public async Task A_conflict_is_run_again_three_times_and_then_split()
    {
        _work.Failing["b"] = () => new ConflictException("another");
        await ProcessAsync(Command("a"), Command("b"));
        Assert.Equal(4, _work.Runs.Count(r => r == "a b"));
        Assert.Contains("a", _work.Committed);
        AssertSettled("a", "b");
    }

    [Fact]
    public async Task A_conflict_that_passes_does_not_split()
    {
        var left = 3;
        _work.Always = () => left-- > 0 ? new ConflictException("another") : null;
        await ProcessAsync(Command("a"), Command("b"));
        Assert.Equal(["a b"], _work.Committed);
        Assert.Equal(4, _work.Runs.Count);
    }

    [Fact]
    public async Task A_broker_that_is_away_delays_the_giving_up_but_loses_nothing()
    {
        _work.Failing["a"] = () => new PoisonMessageException("bad");
        _bus.FailuresLeft = 5;
        await ProcessAsync(Command("a"));
        Assert.Equal(["error a PoisonMessageException"], _journal.Lines);
        AssertSettled("a");
    }

    [Fact]
    public async Task Records_that_were_not_processed_are_not_committed_to_the_group()
    {
        _work.Gap = 7;
        await ProcessAsync(Record(5), Record(6), Record(8), Record(9));
        Assert.Equal([7L], _reader.Stored);
    }

    [Fact]
    public async Task A_stop_settles_nothing()
    {
        using var stop = new CancellationTokenSource();
        _work.Always = () =>
        {
            stop.Cancel();
            return new OperationCanceledException(stop.Token);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loop.ProcessAsync([Command("a")], stop.Token));
        Assert.Empty(_settled);
    }

    private async Task ProcessAsync(params Incoming[] messages)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        await _loop.ProcessAsync(messages, limit.Token);
    }

    private void AssertSettled(params string[] names)
    {
        Assert.Equal(names.Order(), _settled.Keys.Order());
        Assert.All(_settled, s => Assert.Equal(1, s.Value));
    }

    private BusIncoming Command(string name, int rounds = 0) =>
        new("q", name, "type", null, 0, rounds, [], new BasicProperties(), new Settlement(_settled, name));

    private LogIncoming Record(long offset) =>
        new(Partition, offset, "key", [], "type", 0, DateTimeOffset.UnixEpoch, _reader);

    private static string NameOf(Incoming message) => message switch
    {
        BusIncoming command => command.MessageId,
        LogIncoming record => record.Offset.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => "?",
    };

    private sealed class Settlement(ConcurrentDictionary<string, int> settled, string name) : IDeliverySettlement
    {
        public ValueTask AckAsync()
        {
            settled.AddOrUpdate(name, 1, (_, n) => n + 1);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Reader : ILogReader
    {
        public List<long> Stored { get; } = [];

        public Task RunAsync(CancellationToken cancellation) => Task.CompletedTask;

        public void Store(PartitionKey partition, long nextOffset) => Stored.Add(nextOffset);

        public void Reposition()
        {
        }

        public void Reposition(PartitionKey partition)
        {
        }
    }

    private sealed class Work : IBatchWork
    {
        public string Name => "test";

        public Dictionary<string, Func<Exception>> Failing { get; } = [];

        public HashSet<string> Undecodable { get; } = [];

        public Func<Exception?> Always { get; set; } = () => null;

        /// <summary>The position at which the log is read wrongly: what lies behind it is not processed.</summary>
        public long Gap { get; set; } = long.MaxValue;

        public List<string> Runs { get; } = [];

        public List<string> Committed { get; } = [];

        public object Decode(Incoming message) => Undecodable.Contains(NameOf(message))
            ? throw new PoisonMessageException("bad bytes")
            : NameOf(message);

        public Task<OutboxRow?> RunAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation)
        {
            Runs.Add(string.Join(' ', batch.Select(NameOf)));
            if (Always() is { } always)
            {
                throw always;
            }

            if (batch.Select(m => Failing.GetValueOrDefault(NameOf(m))).FirstOrDefault(f => f is not null) is { } failing)
            {
                throw failing();
            }

            foreach (var record in batch.OfType<LogIncoming>().Where(r => r.Offset >= Gap))
            {
                record.Unprocessed = true;
            }

            Committed.Add(string.Join(' ', batch.Select(NameOf)));
            return Task.FromResult<OutboxRow?>(null);
        }

        public Task<OutboxRow?> GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation)
        {
            var line = "give-up:" + NameOf(message);
            if (!Committed.Contains(line))
            {
                Committed.Add(line);
            }

            return Task.FromResult<OutboxRow?>(null);
        }

        void IBatchWork.Committed(IReadOnlyList<Incoming> batch)
        {
        }
    }
}
