using System.Collections.Concurrent;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;

namespace CardShop.Tests.Unit.Pipeline;

/// <summary>Everything that the fakes were asked for, in order.</summary>
internal sealed class Journal
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    public void Add(string line) => _lines.Enqueue(line);
}

/// <summary>A log that takes records unless told otherwise.</summary>
internal sealed class FakeLog(Journal journal) : ILog
{
    /// <summary>Per call: which records fail. Null in front of an exception-free call.</summary>
    public Queue<Func<IReadOnlyList<LogRecord>, IReadOnlyList<ProduceFailure>>> Answers { get; } = new();

    /// <summary>Records that do not leave, where nothing is told of the call.</summary>
    public Func<LogRecord, bool> IsAway { get; set; } = _ => false;

    public Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
        IReadOnlyList<LogRecord> records, CancellationToken cancellation)
    {
        IReadOnlyList<ProduceFailure> failures = Answers.TryDequeue(out var answer)
            ? answer(records)
            : [.. records.Index().Where(r => IsAway(r.Item)).Select(r => new ProduceFailure(r.Index, false, "away"))];
        journal.Add($"log {string.Join(',', records.Select(r => System.Text.Encoding.UTF8.GetString(r.Key)))}");
        return Task.FromResult(failures);
    }

    public Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation) => throw new NotSupportedException();

    public ILogReader Join(
        string group, IReadOnlyList<Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output) =>
        throw new NotSupportedException();

    public Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
        string group, IReadOnlyList<Topic> topics, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<IReadOnlyList<LogIncoming>> TailAsync(Topic topic, int count, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<LogIncoming>>([]);

    /// <summary>What asking for the ends comes to; null: it is not to be asked.</summary>
    public Func<Task<IReadOnlyDictionary<PartitionKey, long>>>? Ends { get; set; }

    public Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(
        IReadOnlyList<Topic> topics, CancellationToken cancellation) => Ends?.Invoke() ?? throw new NotSupportedException();

    /// <summary>What followers read; then they have caught up, and nothing more comes.</summary>
    public IReadOnlyList<LogIncoming>? Followed { get; set; }

    public Task FollowAsync(
        IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp, CancellationToken cancellation)
    {
        foreach (var record in Followed ?? throw new NotSupportedException())
        {
            onRecord(record);
        }

        caughtUp();
        return Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
    }

    public Task CreateTopicsAsync(IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A bus that takes commands unless told otherwise.</summary>
internal sealed class FakeBus(Journal journal) : IBus
{
    public Queue<Func<IReadOnlyList<OutCommand>, IReadOnlyList<SendFailure>>> Answers { get; } = new();

    /// <summary>What waits, by queue; asked anew each time.</summary>
    public Func<IReadOnlyDictionary<string, uint>> Depths { get; set; } = () => new Dictionary<string, uint>();

    /// <summary>How often sending a received command on fails, before it succeeds.</summary>
    public int FailuresLeft { get; set; }

    public Task<IReadOnlyList<SendFailure>> SendAllAsync(
        IReadOnlyList<OutCommand> commands, long commit, CancellationToken cancellation)
    {
        IReadOnlyList<SendFailure> failures = Answers.TryDequeue(out var answer) ? answer(commands) : [];
        journal.Add($"bus {string.Join(',', commands.Select(c => c.MessageId))}");
        return Task.FromResult(failures);
    }

    public Task RetryLaterAsync(BusIncoming command, int round, CancellationToken cancellation)
    {
        FailMaybe();
        journal.Add($"later {command.MessageId} {round}");
        return Task.CompletedTask;
    }

    public Task SendToErrorAsync(BusIncoming command, Exception failure, CancellationToken cancellation)
    {
        FailMaybe();
        journal.Add($"error {command.MessageId} {failure.GetType().Name}");
        return Task.CompletedTask;
    }

    public Task ConsumeAsync(
        string queue, ushort prefetch, ChannelWriter<Incoming> output, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task DeclareAsync(IReadOnlyList<string> queues, string errorQueue, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, uint>> DepthsAsync(
        IReadOnlyList<string> queues, CancellationToken cancellation)
    {
        FailMaybe();
        return Task.FromResult(Depths());
    }

    public Task<long> PurgeAsync(IReadOnlyList<string> queues, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void FailMaybe()
    {
        if (FailuresLeft > 0)
        {
            FailuresLeft--;
            throw new PlaceException("the broker is away");
        }
    }
}

/// <summary>An outbox in memory.</summary>
internal sealed class FakeOutbox(Journal journal) : IOutboxStore
{
    private readonly ConcurrentDictionary<long, OutboxRow> _rows = new();

    public IReadOnlyDictionary<long, OutboxRow> Rows => _rows;

    public List<string> Parked { get; } = [];

    public void Add(OutboxRow row) => _rows[row.Number] = row;

    public Task RecordsSentAsync(OutboxRow row, CancellationToken cancellation)
    {
        journal.Add($"cleared {row.Number}");
        if (row.Commands.Count == 0)
        {
            _rows.TryRemove(row.Number, out _);
        }
        else if (_rows.TryGetValue(row.Number, out var stored))
        {
            _rows[row.Number] = stored with { Records = [] };
        }

        return Task.CompletedTask;
    }

    public Task DeleteAsync(OutboxRow row, CancellationToken cancellation)
    {
        journal.Add($"deleted {row.Number}");
        _rows.TryRemove(row.Number, out _);
        return Task.CompletedTask;
    }

    public Task RewriteAsync(OutboxRow row, CancellationToken cancellation)
    {
        journal.Add($"rewritten {row.Number}: {row.Records.Count} {row.Commands.Count}");
        _rows[row.Number] = row;
        return Task.CompletedTask;
    }

    public Task ParkAsync(
        OutboxRow left, string? orderId, string kind, byte[] body, string reason, CancellationToken cancellation)
    {
        journal.Add($"parked {orderId} {kind}, left {left.Records.Count} {left.Commands.Count}");
        Parked.Add($"{orderId} {kind}");
        if (left is { Records.Count: 0, Commands.Count: 0 })
        {
            _rows.TryRemove(left.Number, out _);
        }
        else
        {
            _rows[left.Number] = left;
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<long>> UnsentAsync(IReadOnlyList<long> numbers, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<long>>(
            [.. numbers.Where(n => _rows.TryGetValue(n, out var row) && row.Records.Count > 0).Order()]);

    public Task<IReadOnlyList<OutboxRow>> ReadAsync(IReadOnlyList<long> numbers, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<OutboxRow>>(
            [.. numbers.Order().Select(n => _rows.GetValueOrDefault(n)).OfType<OutboxRow>()]);

    public Task<IReadOnlyList<long>> LeftBehindAsync(
        TimeSpan age, int limit, IReadOnlyCollection<long> except, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<long>>([.. _rows.Keys.Except(except).Order().Take(limit)]);
}
