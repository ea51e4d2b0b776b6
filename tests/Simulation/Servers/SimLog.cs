using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Tests.Simulation.Engine;

namespace CardShop.Tests.Simulation.Servers;

internal sealed record LogEntry(string Key, byte[]? Value, string? Type, long Commit, string? EventId, long At);

/// <param name="Latency">The longest way there, and back.</param>
/// <param name="Fails">Of a record that is not appended, and its client is told so.</param>
/// <param name="LostAck">Of a record that is appended, and its client is told that it may not be.</param>
/// <param name="Overlap">How long after a rebalance a member may still read what another has been given.</param>
internal sealed record LogFaults(TimeSpan Latency, double Fails, double LostAck, TimeSpan Overlap)
{
    public static readonly LogFaults None = new(TimeSpan.Zero, 0, 0, TimeSpan.Zero);
}

/// <summary>
/// A simulated Kafka: partitions that only grow, groups whose members learn of a rebalance at different times, committed
/// offsets, records that were appended although nobody was told.
/// </summary>
internal sealed class SimLog(Sim sim, LogFaults faults)
{
    private static readonly Dictionary<string, int> Counts = Topics.All.ToDictionary(t => t.Name, t => t.Partitions);

    private readonly Dictionary<PartitionKey, List<LogEntry>> _partitions = [];
    private readonly Dictionary<string, LogGroup> _groups = [];
    private readonly List<TaskCompletionSource> _followers = [];

    public LogFaults Faults => faults;

    public long DownUntil { get; set; }

    public bool IsDown => DownUntil > sim.Now;

    /// <summary>Numbers of attempts and refunds that a snapshot on shop.saga-facts names.</summary>
    public HashSet<string> Facts { get; } = [];

    /// <summary>The newest pulse of each key: what buyers are told of how far a fleet is.</summary>
    public Dictionary<string, Pulse> Pulses { get; } = [];

    /// <summary>Told of every record of a topic that others build on.</summary>
    public Action<PartitionKey, LogEntry>? OnAppend { get; set; }

    /// <summary>Told before a group's offset is noted: the group, the partition, the offset.</summary>
    public Action<string, PartitionKey, long>? OnStore { get; set; }

    public SimLogClient Connect(SimProcess process) => new(sim, this, process);

    public List<LogEntry> this[PartitionKey partition]
    {
        get
        {
            if (!_partitions.TryGetValue(partition, out var entries))
            {
                _partitions[partition] = entries = [];
            }

            return entries;
        }
    }

    public IEnumerable<(PartitionKey Partition, List<LogEntry> Entries)> Of(Topic topic) =>
        Enumerable.Range(0, topic.Partitions).Select(p => new PartitionKey(topic.Name, p))
            .Where(_partitions.ContainsKey).Select(p => (p, _partitions[p]));

    public long Append(LogRecord record)
    {
        var partition = new PartitionKey(record.Topic, record.Partition);
        if (record.Partition < 0 || record.Partition >= Counts[record.Topic])
        {
            throw new InvalidOperationException($"{record.Topic} has no partition {record.Partition}");
        }

        string? Header(string name)
        {
            foreach (var header in record.Headers)
            {
                if (header.Name == name)
                {
                    return Encoding.UTF8.GetString(header.Value);
                }
            }

            return null;
        }

        var entry = new LogEntry(
            Encoding.UTF8.GetString(record.Key), record.Value, Header(RecordHeaders.Type) ?? Header(CloudEventHeaders.Type),
            long.TryParse(Header(RecordHeaders.Commit), out var commit) ? commit : 0, Header(CloudEventHeaders.Id), sim.Now);
        var entries = this[partition];
        entries.Add(entry);
        if (record.Topic == Topics.SagaFacts.Name)
        {
            Index(entry);
        }

        if (record.Topic == Topics.Pulse.Name)
        {
            Pulses[entry.Key] = JsonSerializer.Deserialize(entry.Value, ContractsJson.Default.Pulse)!;
        }

        if (record.Topic != Topics.Pulse.Name && record.Topic != Topics.Stock.Name)
        {
            sim.Note("log " + record.Topic, entry.Key, entry.Type);
            OnAppend?.Invoke(partition, entry);
        }

        foreach (var group in _groups.Values)
        {
            group.Wake(partition);
        }

        if (record.Topic == Topics.Channels.Name)
        {
            var followers = _followers.ToArray();
            _followers.Clear();
            Array.ForEach(followers, f => f.TrySetResult());
        }

        return entries.Count - 1;
    }

    public Task AppendedAsync()
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _followers.Add(turn);
        return turn.Task;
    }

    public LogGroup Group(string name, IReadOnlyList<Topic> topics)
    {
        if (!_groups.TryGetValue(name, out var group))
        {
            _groups[name] = group = new(sim, this, name, topics);
        }

        return group;
    }

    public LogGroup? Find(string group) => _groups.GetValueOrDefault(group);

    /// <summary>A rebalance without a reason that anybody knows.</summary>
    public void Rebalance()
    {
        foreach (var group in _groups.Values.OrderBy(g => g.Name, StringComparer.Ordinal))
        {
            group.Rebalance();
        }
    }

    public static LogIncoming ToIncoming(PartitionKey partition, long offset, LogEntry entry, ILogReader? reader) => new(
        partition, offset, entry.Key, entry.Value, entry.Type, entry.Commit, Sim.Epoch.AddTicks(entry.At), reader);

    private void Index(LogEntry entry)
    {
        var saga = JsonSerializer.Deserialize(entry.Value, ContractsJson.Default.PaymentSaga)!;
        foreach (var attempt in saga.Attempts)
        {
            Facts.Add(attempt.Number);
        }

        foreach (var refund in saga.Payments.SelectMany(p => p.Refunds ?? []))
        {
            Facts.Add(refund.Number);
        }
    }
}

/// <summary>What one process has of the log.</summary>
internal sealed class SimLogClient(Sim sim, SimLog log, SimProcess process) : ILog
{
    public async Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation)
    {
        await TravelAsync();
        if (log.IsDown || sim.Chance(log.Faults.Fails))
        {
            throw new PlaceException("the log did not take the record");
        }

        var offset = log.Append(record);
        var isLost = sim.Chance(log.Faults.LostAck);
        await TravelAsync();
        return isLost ? throw new PlaceException("nobody knows whether the log took the record") : offset;
    }

    public async Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
        IReadOnlyList<LogRecord> records, CancellationToken cancellation)
    {
        if (records.Count == 0)
        {
            return [];
        }

        await TravelAsync();
        var failures = new List<ProduceFailure>();
        for (var i = 0; i < records.Count; i++)
        {
            if (log.IsDown || sim.Chance(log.Faults.Fails))
            {
                failures.Add(new(i, Permanent: false, "the log did not take it"));
                continue;
            }

            log.Append(records[i]);
            if (sim.Chance(log.Faults.LostAck))
            {
                failures.Add(new(i, Permanent: false, "the acknowledgement was lost"));
            }
        }

        await TravelAsync();
        return failures;
    }

    public ILogReader Join(
        string group, IReadOnlyList<Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output) =>
        new SimReader(sim, log, log.Group(group, topics), process, positions, output);

    public async Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
        string group, IReadOnlyList<Topic> topics, CancellationToken cancellation)
    {
        await RequireAsync();
        return log.Find(group) is { } found ? new Dictionary<PartitionKey, long>(found.Committed) : [];
    }

    public async Task<IReadOnlyList<LogIncoming>> TailAsync(Topic topic, int count, CancellationToken cancellation)
    {
        await RequireAsync();
        return
        [
            .. log.Of(topic).SelectMany(p => p.Entries.Select((e, i) => SimLog.ToIncoming(p.Partition, i, e, null)).TakeLast(count)),
        ];
    }

    public async Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(
        IReadOnlyList<Topic> topics, CancellationToken cancellation)
    {
        await RequireAsync();
        return topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new PartitionKey(t.Name, p)))
            .ToDictionary(p => p, p => (long)log[p].Count);
    }

    public async Task FollowAsync(
        IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp, CancellationToken cancellation)
    {
        var next = new Dictionary<PartitionKey, int>();
        var isLive = false;
        while (true)
        {
            var appended = log.AppendedAsync();
            foreach (var topic in topics)
            {
                foreach (var (partition, entries) in log.Of(topic).ToList())
                {
                    for (var i = next.GetValueOrDefault(partition); i < entries.Count; i++)
                    {
                        onRecord(SimLog.ToIncoming(partition, i, entries[i], null));
                        next[partition] = i + 1;
                    }
                }
            }

            if (!isLive)
            {
                isLive = true;
                caughtUp();
            }

            await appended;
        }
    }

    public Task CreateTopicsAsync(IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation) =>
        Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task TravelAsync() => log.Faults.Latency > TimeSpan.Zero
        ? sim.Sleep(sim.Between(TimeSpan.Zero, log.Faults.Latency))
        : Task.CompletedTask;

    private async Task RequireAsync()
    {
        await TravelAsync();
        if (log.IsDown)
        {
            throw new PlaceException("the log is away");
        }
    }
}
