using CardShop.Shop.Partners;

namespace CardShop.Api.Partners;

/// <summary>
/// The newest events of each partition, in memory, shared by everybody who reads the feed. Bounded; what is older is not
/// here. Offsets that hold nothing partners can read count as read.
/// </summary>
public sealed class EventWindow(int partitions, int perPartition)
{
    private readonly Lock _lock = new();
    private readonly Part[] _parts = [.. Enumerable.Range(0, partitions).Select(_ => new Part(perPartition))];
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Completed when something is added after this was asked for.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>Says where a partition's reading starts: nothing before it is here.</summary>
    public void Start(int partition, long offset)
    {
        lock (_lock)
        {
            var part = _parts[partition];
            part.First = part.Next = offset;
        }
    }

    /// <summary>Adds what stands at an offset; null = nothing that partners could read.</summary>
    public void Add(int partition, long offset, PartnerEvent? e)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _parts[partition].Add(offset, e);
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.TrySetResult();
    }

    /// <summary>The next offset of every partition.</summary>
    public long[] Ends()
    {
        lock (_lock)
        {
            return [.. _parts.Select(p => p.Next)];
        }
    }

    /// <summary>From where on a partition's events are here.</summary>
    public long First(int partition)
    {
        lock (_lock)
        {
            return _parts[partition].First;
        }
    }

    /// <summary>True where everything from this offset on is here.</summary>
    public bool Covers(int partition, long offset) => offset >= First(partition);

    /// <summary>
    /// Events from an offset on, in order, and where they end: of at most <paramref name="most"/> that
    /// <paramref name="wanted"/> lets through. None, and no step on, where the first of them are not here any more.
    /// </summary>
    public (List<PartnerEvent> Events, long Next) Read(int partition, long from, int most, Func<PartnerEvent, bool> wanted)
    {
        lock (_lock)
        {
            var part = _parts[partition];
            var found = new List<PartnerEvent>();
            if (from < part.First)
            {
                return (found, from);
            }

            for (var offset = from; offset < part.Next; offset++)
            {
                if (part[offset] is { } e && wanted(e))
                {
                    if (found.Count == most)
                    {
                        return (found, offset);
                    }

                    found.Add(e);
                }
            }

            return (found, Math.Max(from, part.Next));
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A ring: what stands at an offset is found without a search.</summary>
    private sealed class Part(int capacity)
    {
        private readonly PartnerEvent?[] _ring = new PartnerEvent?[capacity];

        /// <summary>Everything from here to <see cref="Next"/> is in the ring.</summary>
        public long First { get; set; } = long.MaxValue;

        public long Next { get; set; }

        public PartnerEvent? this[long offset] => _ring[offset % capacity];

        public void Add(long offset, PartnerEvent? e)
        {
            // A log that was cleaned has holes.
            for (var hole = Math.Max(Next, offset - capacity); hole < offset; hole++)
            {
                _ring[hole % capacity] = null;
            }

            _ring[offset % capacity] = e;
            Next = offset + 1;
            First = Math.Max(First, Next - capacity);
        }
    }
}
