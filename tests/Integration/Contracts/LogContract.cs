using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CardShop.Tests.Integration.Contracts;

/// <summary>What every ILog must do; held against the log that the tests run on, through the Kafka protocol.</summary>
public sealed class LogContract(TestServers servers) : IAsyncLifetime
{
    private static int _names;

    private readonly Topic _topic = new(
        $"contract-{Environment.ProcessId}-{Interlocked.Increment(ref _names)}", 4);

    private KafkaLog _log = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Group => "g-" + _topic.Name;

    public async ValueTask InitializeAsync()
    {
        _log = await NewLogAsync();
        await _log.CreateTopicsAsync([_topic], 1, Stop);
        await _log.CreateTopicsAsync([_topic], 1, Stop);
    }

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [Fact]
    public async Task Offsets_of_a_partition_rise_from_zero()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(i, await _log.ProduceAsync(Record(1, $"v{i}"), Stop));
        }

        Assert.Equal(0, await _log.ProduceAsync(Record(2, "other"), Stop));
        var ends = await _log.EndsAsync([_topic], Stop);
        Assert.Equal([0, 5, 1, 0], Enumerable.Range(0, 4).Select(p => ends[new(_topic.Name, p)]));
    }

    [Fact]
    public async Task Many_records_keep_their_order_and_their_headers()
    {
        var records = Enumerable.Range(0, 5_000).Select(i => Record(0, $"v{i}", commit: i)).ToList();
        Assert.Empty(await _log.ProduceAllAsync(records, Stop));
        Assert.Empty(await _log.ProduceAllAsync([], Stop));
        var tail = await _log.TailAsync(_topic, 5_000, Stop);
        Assert.Equal(records.Select(r => Encoding.UTF8.GetString(r.Value!)), tail.Select(TextOf));
        Assert.Equal(Enumerable.Range(0, 5_000).Select(i => (long)i), tail.Select(r => r.Commit));
        Assert.All(tail, r => Assert.Equal(("key", "type"), (r.Key, r.Type)));
    }

    [Fact]
    public async Task The_tail_is_the_last_records_of_each_partition()
    {
        await _log.ProduceAllAsync(
            [.. Enumerable.Range(0, 20).Select(i => Record(i % 2, $"{i % 2}:{i / 2}"))], Stop);
        var tail = await _log.TailAsync(_topic, 3, Stop);
        Assert.Equal(["0:7", "0:8", "0:9", "1:7", "1:8", "1:9"], tail.Select(TextOf).Order());
    }

    [Fact]
    public async Task The_first_record_from_each_position_on_is_found_where_there_is_one()
    {
        await _log.ProduceAllAsync([.. Enumerable.Range(0, 200).Select(i => Record(i % 2, $"{i % 2}:{i / 2}"))], Stop);
        var ranges = new KafkaRanges(await SettingsAsync(), TimeProvider.System, TestLogs.Factory.CreateLogger<KafkaRanges>());
        var found = await ranges.FirstAsync(
            new Dictionary<PartitionKey, long>
            {
                [new(_topic.Name, 0)] = 7,
                [new(_topic.Name, 1)] = 0,
                [new(_topic.Name, 2)] = 0, // empty
                [new(_topic.Name, 3)] = 5, // not there yet
            },
            TimeSpan.FromSeconds(20), Stop);
        Assert.Equal(["0:7", "1:0"], found.Select(TextOf).Order());
    }

    [Fact]
    public async Task The_members_of_a_group_are_counted()
    {
        using var groups = new KafkaGroups(await SettingsAsync(), TestLogs.Factory.CreateLogger<KafkaGroups>());
        async Task<int> CountAsync() => (await groups.MembersAsync([Group], Stop))[Group];
        Assert.Equal(0, await CountAsync());
        await using (new Member(_log, Group, _topic, new ConcurrentDictionary<PartitionKey, long>()))
        {
            await Eventually.TrueAsync(async () => await CountAsync() == 1, "the member is counted");
        }

        await Eventually.TrueAsync(async () => await CountAsync() == 0, "the member has left");
    }

    [Fact]
    public async Task A_record_that_is_too_large_can_never_be_sent_and_its_neighbours_are()
    {
        var failure = Assert.Single(await _log.ProduceAllAsync(
            [Record(0, "a"), Record(0, new string('x', 1_100_000)), Record(0, "b")], Stop));
        Assert.Equal((1, true), (failure.Index, failure.Permanent));
        Assert.Equal(["a", "b"], (await _log.TailAsync(_topic, 10, Stop)).Select(TextOf));
        await Assert.ThrowsAsync<PlaceException>(() => _log.ProduceAsync(Record(0, new string('x', 1_100_000)), Stop));
    }

    [Fact]
    public async Task A_member_reads_from_the_positions_it_is_given_and_its_commits_show()
    {
        await _log.ProduceAllAsync([.. Enumerable.Range(0, 10).Select(i => Record(3, $"v{i}"))], Stop);
        var positions = new ConcurrentDictionary<PartitionKey, long> { [new(_topic.Name, 3)] = 6 };
        await using (var member = new Member(_log, Group, _topic, positions))
        {
            await Eventually.TrueAsync(() => Task.FromResult(member.Seen.Count == 4), "the member reads to the end");
            Assert.Equal(["v6", "v7", "v8", "v9"], member.Seen.Select(TextOf));
            await Eventually.TrueAsync(
                async () => (await _log.CommittedAsync(Group, [_topic], Stop)).GetValueOrDefault(new(_topic.Name, 3)) == 10,
                "the group's commit shows");
        }

        Assert.Empty(await _log.CommittedAsync("nobody-" + _topic.Name, [_topic], Stop));
    }

    [Fact]
    public async Task A_repositioned_partition_is_read_again_from_where_it_stands()
    {
        await _log.ProduceAllAsync([.. Enumerable.Range(0, 4).Select(i => Record(0, $"v{i}"))], Stop);
        var positions = new ConcurrentDictionary<PartitionKey, long>();
        await using var member = new Member(_log, Group, _topic, positions);
        await Eventually.TrueAsync(() => Task.FromResult(member.Seen.Count == 4), "the member reads to the end");
        positions[new(_topic.Name, 0)] = 2;
        member.Reader.Reposition(new(_topic.Name, 0));
        await Eventually.TrueAsync(() => Task.FromResult(member.Seen.Count == 6), "the member reads again");
        Assert.Equal(["v0", "v1", "v2", "v3", "v2", "v3"], member.Seen.Select(TextOf));
    }

    [Fact]
    public async Task When_members_come_and_go_nothing_is_lost_and_nothing_processed_twice()
    {
        var positions = new ConcurrentDictionary<PartitionKey, long>();
        var processed = new ConcurrentBag<string>();
        await using var secondLog = await NewLogAsync();
        var produced = 0;
        async Task ProduceAsync(int count)
        {
            var records = Enumerable.Range(produced, count).Select(i => Record(i % 4, $"v{i}")).ToList();
            produced += count;
            Assert.Empty(await _log.ProduceAllAsync(records, Stop));
        }

        await ProduceAsync(1_000);
        await using var first = new Member(_log, Group, _topic, positions, processed);
        await Eventually.TrueAsync(() => Task.FromResult(processed.Count >= 500), "the first member works");
        await using (new Member(secondLog, Group, _topic, positions, processed))
        {
            await ProduceAsync(1_000);
            await Eventually.TrueAsync(() => Task.FromResult(processed.Count >= 1_500), "both work");
            await ProduceAsync(1_000);
        }

        await ProduceAsync(1_000);
        await Eventually.TrueAsync(() => Task.FromResult(processed.Count >= produced), () => $"{processed.Count} of {produced} are processed");
        Assert.Equal(produced, processed.Distinct().Count());
        Assert.Equal(produced, processed.Count);
    }

    [Fact]
    public async Task However_slowly_it_is_taken_every_partition_has_its_turn()
    {
        await using var slow = await SlowReader.StartAsync(this);
        var next = new long[4];
        for (var round = 1; round <= 2; round++)
        {
            await slow.PausesAsync(round);
            var seen = new HashSet<int>();
            while (slow.Resumed < round)
            {
                var record = await slow.TakeAsync();
                seen.Add(record.Partition.Partition);
                Assert.Equal(next[record.Partition.Partition]++, record.Offset);
            }

            Assert.Equal(4, seen.Count);
        }
    }

    [Fact]
    public async Task What_is_repositioned_while_nobody_takes_anything_begins_again()
    {
        const int InOutput = 50;
        await using var slow = await SlowReader.StartAsync(this);
        await slow.PausesAsync(1);
        slow.Reader.Reposition(new PartitionKey(_topic.Name, 2));
        var next = new long[4];
        while (next[2] <= 1_000)
        {
            var record = await slow.TakeAsync();
            var partition = record.Partition.Partition;
            if (partition == 2 && record.Offset == 0)
            {
                Assert.InRange(next[2], 0, InOutput); // what was held is not handed over any more
                next[2] = 0;
            }

            Assert.Equal(next[partition]++, record.Offset);
        }
    }

    [Fact]
    public async Task A_follower_reads_all_and_says_once_that_it_has_caught_up()
    {
        await _log.ProduceAllAsync([.. Enumerable.Range(0, 100).Select(i => Record(i % 4, $"v{i}"))], Stop);
        var seen = new ConcurrentQueue<string>();
        var seenThen = new ConcurrentQueue<int>();
        using var stop = new CancellationTokenSource();
        var run = _log.FollowAsync([_topic], r => seen.Enqueue(TextOf(r)), () => seenThen.Enqueue(seen.Count), stop.Token);
        await Eventually.TrueAsync(() => Task.FromResult(!seenThen.IsEmpty), "it has caught up");
        await _log.ProduceAsync(Record(0, "late"), Stop);
        await Eventually.TrueAsync(() => Task.FromResult(seen.Contains("late")), "it goes on");
        await stop.CancelAsync();
        await run;
        Assert.Equal([100], seenThen);
        Assert.Equal(101, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_topic_with_another_partition_count_is_refused() =>
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => _log.CreateTopicsAsync([_topic with { Partitions = 5 }], 1, Stop));

    private static Task<IReadOnlyDictionary<PartitionKey, long>> FromTheBeginning(
        IReadOnlyCollection<PartitionKey> asked, CancellationToken _) =>
        Task.FromResult<IReadOnlyDictionary<PartitionKey, long>>(asked.ToDictionary(p => p, _ => 0L));

    private static string TextOf(LogIncoming record) => Encoding.UTF8.GetString(record.Value!);

    private LogRecord Record(int partition, string value, long commit = 1) => new(
        _topic.Name, partition, "key"u8.ToArray(), Encoding.UTF8.GetBytes(value),
        [
            new(RecordHeaders.Type, "type"u8.ToArray()),
            new(RecordHeaders.Commit, Encoding.ASCII.GetBytes(commit.ToString(CultureInfo.InvariantCulture))),
        ]);

    private async Task<KafkaLog> NewLogAsync() =>
        new(await SettingsAsync(), TimeProvider.System, TestLogs.Factory.CreateLogger<KafkaLog>());

    private async Task<KafkaSettings> SettingsAsync() =>
        new(await servers.KafkaAsync(), "contract", TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(1))
        {
            SessionTimeout = TimeSpan.FromSeconds(6),
        };

    /// <summary>A reader of 6 MB whose output holds fifty records, and which says when it pauses and reads on.</summary>
    private sealed class SlowReader : ILogger<KafkaLog>, IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        private readonly Channel<Incoming> _output = Channel.CreateBounded<Incoming>(50);
        private readonly KafkaLog _log;
        private readonly Task _run;
        private int _paused;
        private int _resumed;

        private SlowReader(LogContract contract, KafkaSettings settings)
        {
            _log = new(settings, TimeProvider.System, this);
            Reader = _log.Join(contract.Group, [contract._topic], FromTheBeginning, _output.Writer);
            _run = Reader.RunAsync(_stop.Token);
        }

        public ILogReader Reader { get; }

        public int Resumed => Volatile.Read(ref _resumed);

        public static async Task<SlowReader> StartAsync(LogContract contract)
        {
            var text = new string('x', 900);
            await contract._log.ProduceAllAsync([.. Enumerable.Range(0, 6_000).Select(i => contract.Record(i % 4, text))], Stop);
            return new(contract, await contract.SettingsAsync());
        }

        public Task PausesAsync(int times) => Eventually.TrueAsync(
            () => Task.FromResult(Volatile.Read(ref _paused) == times), "a reader that nobody takes from pauses");

        public async Task<LogIncoming> TakeAsync() => (LogIncoming)await _output.Reader.ReadAsync(Stop);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Interlocked.Add(ref _paused, eventId.Name == "ReaderPaused" ? 1 : 0);
            Interlocked.Add(ref _resumed, eventId.Name == "ReaderResumed" ? 1 : 0);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run;
            await _log.DisposeAsync();
            _stop.Dispose();
        }
    }

    /// <summary>Processes what it reads as a fleet does: the position decides, and moves with the work.</summary>
    private sealed class Member : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Channel<Incoming> _output = Channel.CreateBounded<Incoming>(50);
        private readonly Task _run;
        private readonly Task _work;

        public Member(
            ILog log, string group, Topic topic, ConcurrentDictionary<PartitionKey, long> positions,
            ConcurrentBag<string>? processed = null)
        {
            Reader = log.Join(
                group, [topic],
                (asked, _) => Task.FromResult<IReadOnlyDictionary<PartitionKey, long>>(
                    asked.ToDictionary(p => p, p => positions.GetValueOrDefault(p))),
                _output.Writer);
            _run = Reader.RunAsync(_stop.Token);
            _work = WorkAsync(positions, processed);
        }

        public ILogReader Reader { get; }

        public ConcurrentQueue<LogIncoming> Seen { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run;
            _output.Writer.Complete();
            await _work;
            _stop.Dispose();
        }

        private async Task WorkAsync(
            ConcurrentDictionary<PartitionKey, long> positions, ConcurrentBag<string>? processed)
        {
            await foreach (var record in _output.Reader.ReadAllAsync(CancellationToken.None))
            {
                var read = (LogIncoming)record;
                if (processed is null)
                {
                    Seen.Enqueue(read);
                    Reader.Store(read.Partition, read.Offset + 1);
                }
                else if (read.Offset == 0
                    ? positions.TryAdd(read.Partition, 1)
                    : positions.TryUpdate(read.Partition, read.Offset + 1, read.Offset))
                {
                    processed.Add(TextOf(read));
                    Reader.Store(read.Partition, read.Offset + 1);
                }
                else if (read.Offset > positions.GetValueOrDefault(read.Partition))
                {
                    Reader.Reposition(read.Partition);
                }
            }
        }
    }
}
