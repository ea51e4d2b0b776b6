using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Tests.Simulation.Engine;

namespace CardShop.Tests.Simulation.Servers;

/// <summary>
/// A consumer group. Every member learns at a time of its own what it was given: one may read on what another has begun
/// to read.
/// </summary>
internal sealed class LogGroup(Sim sim, SimLog log, string name, IReadOnlyList<Topic> topics)
{
    private readonly List<SimReader> _members = [];
    private int _generation;

    public string Name => name;

    public IReadOnlyList<Topic> Topics => topics;

    public Dictionary<PartitionKey, long> Committed { get; } = [];

    public void Join(SimReader member, SimProcess process)
    {
        _members.Add(member);
        process.OnDeath.Add(() => sim.After(sim.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(3)), () =>
        {
            _members.Remove(member);
            Rebalance();
        }));
        Rebalance();
    }

    public void Rebalance()
    {
        if (_members.Count == 0)
        {
            return;
        }

        var generation = ++_generation;
        var partitions = topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new PartitionKey(t.Name, p))).ToList();
        var first = _members.Count > 1 ? sim.Random.Next(_members.Count) : 0;
        for (var i = 0; i < _members.Count; i++)
        {
            var member = _members[i];
            var place = (i + first) % _members.Count;
            var given = partitions.Where((_, n) => n * _members.Count / partitions.Count == place).ToHashSet();
            sim.After(sim.Faults ? sim.Between(TimeSpan.Zero, log.Faults.Overlap) : TimeSpan.Zero, () => member.Give(given, generation));
        }
    }

    public void Wake(PartitionKey partition)
    {
        foreach (var member in _members)
        {
            member.Wake(partition);
        }
    }

    public void Commit(IReadOnlyDictionary<PartitionKey, long> offsets)
    {
        foreach (var (partition, next) in offsets)
        {
            Committed[partition] = next;
        }
    }
}

/// <summary>One membership: reads what it believes to be its own, from the positions that the database says.</summary>
internal sealed class SimReader(
    Sim sim, SimLog log, LogGroup group, SimProcess process, ReadPositions positions, ChannelWriter<Incoming> output)
    : ILogReader
{
    private const int PageRecords = 50;

    private readonly SortedDictionary<PartitionKey, Place> _places = [];
    private readonly Dictionary<PartitionKey, long> _stored = [];
    private TaskCompletionSource? _idle;
    private int _generation;
    private bool _isFlushing;

    public async Task RunAsync(CancellationToken cancellation)
    {
        group.Join(this, process);
        while (true)
        {
            var hasRead = false;
            foreach (var (partition, place) in _places.ToArray())
            {
                hasRead |= await ReadAsync(partition, place, cancellation);
            }

            if (!hasRead)
            {
                _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
                await _idle.Task;
            }
        }
    }

    public void Store(PartitionKey partition, long nextOffset)
    {
        log.OnStore?.Invoke(group.Name, partition, nextOffset);
        if (!_places.ContainsKey(partition))
        {
            // It is another's now: the broker refuses it.
            return;
        }

        _stored[partition] = nextOffset;
        if (!_isFlushing)
        {
            _isFlushing = true;
            sim.After(TimeSpan.FromMilliseconds(500), Flush);
        }
    }

    public void Reposition(PartitionKey partition)
    {
        if (_places.ContainsKey(partition))
        {
            _places[partition] = new();
            Wake();
        }
    }

    public void Reposition()
    {
        foreach (var partition in _places.Keys.ToArray())
        {
            _places[partition] = new();
        }

        Wake();
    }

    internal void Give(HashSet<PartitionKey> given, int generation)
    {
        if (generation < _generation || process.IsDead)
        {
            return;
        }

        _generation = generation;
        _places.Clear();
        _stored.Clear();
        foreach (var partition in given)
        {
            _places[partition] = new();
        }

        Wake();
    }

    internal void Wake(PartitionKey partition)
    {
        if (_places.ContainsKey(partition))
        {
            Wake();
        }
    }

    private void Wake()
    {
        _idle?.TrySetResult();
        _idle = null;
    }

    private async Task<bool> ReadAsync(PartitionKey partition, Place place, CancellationToken cancellation)
    {
        if (log[partition].Count == 0)
        {
            return false;
        }

        if (log.IsDown)
        {
            await sim.Sleep(TimeSpan.FromMilliseconds(500));
            return true;
        }

        if (!place.IsReady)
        {
            await SeekAsync(partition, place, cancellation);
            return true;
        }

        var entries = log[partition];
        if (place.Next >= entries.Count)
        {
            return false;
        }

        if (log.Faults.Latency > TimeSpan.Zero)
        {
            await sim.Sleep(sim.Between(TimeSpan.Zero, log.Faults.Latency));
        }

        for (var i = 0; i < PageRecords && place.Next < entries.Count && IsOwn(partition, place); i++)
        {
            var at = (int)place.Next++;
            await output.WriteAsync(SimLog.ToIncoming(partition, at, entries[at], this), cancellation);
        }

        return true;
    }

    private async Task SeekAsync(PartitionKey partition, Place place, CancellationToken cancellation)
    {
        try
        {
            place.Next = (await positions([partition], cancellation)).GetValueOrDefault(partition);
            place.IsReady = true;
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            await sim.Sleep(TimeSpan.FromMilliseconds(500));
        }
    }

    private bool IsOwn(PartitionKey partition, Place place) =>
        _places.TryGetValue(partition, out var now) && ReferenceEquals(now, place);

    private void Flush()
    {
        _isFlushing = false;
        if (process.IsDead)
        {
            return;
        }

        if (log.IsDown)
        {
            _isFlushing = true;
            sim.After(TimeSpan.FromMilliseconds(500), Flush);
            return;
        }

        group.Commit(_stored);
        _stored.Clear();
    }

    private sealed class Place
    {
        public long Next { get; set; }

        public bool IsReady { get; set; }
    }
}
