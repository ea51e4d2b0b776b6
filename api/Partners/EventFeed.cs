using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shop.Partners;

namespace CardShop.Api.Partners;

/// <summary>One page of events.</summary>
/// <param name="Positions">Where the next page starts.</param>
/// <param name="AtEnd">Nothing more was there when it was read.</param>
public sealed record FeedPage(IReadOnlyList<PartnerEvent> Events, long[] Positions, bool AtEnd);

/// <summary>
/// The events of shop.deliveries.v1 for those who read by HTTP. One follower feeds a window in memory that all share;
/// what is older is read from Kafka on demand, by few at once. Nothing else is needed: no database, no group.
/// </summary>
public sealed class EventFeed : BackgroundService
{
    /// <summary>Records that one page looks through, wanted or not.</summary>
    private const int MaxScan = 5_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ILogRanges _log;
    private readonly TimeProvider _time;
    private readonly ILogger<EventFeed> _logger;
    private readonly int _windowPerPartition;
    private readonly SemaphoreSlim _older;
    private volatile EventWindow? _window;
    private long[] _first = [];
    private long[] _next = [];
    private long _firstRead;

    public EventFeed(ILogRanges log, ApiSettings settings, TimeProvider time, ILogger<EventFeed> logger)
    {
        _log = log;
        _time = time;
        _logger = logger;
        _windowPerPartition = settings.Partners.WindowPerPartition;
        _older = new(settings.Partners.OlderReads);
    }

    /// <summary>Null until the ends of the topic are known.</summary>
    public EventWindow? Window => _window;

    /// <summary>Where the oldest events that are kept start, as of this minute.</summary>
    public async Task<long[]> OldestAsync(CancellationToken cancellation)
    {
        if (_first.Length == 0 || _time.GetElapsedTime(_firstRead) > TimeSpan.FromMinutes(1))
        {
            SetOldest(await _log.BoundsAsync(Topics.Deliveries, cancellation));
        }

        return [.. _first];
    }

    /// <summary>Behind the newest event: also while those of before this instance's start are still being read.</summary>
    public long[] Latest(EventWindow window) => [.. window.Ends().Zip(_next, Math.Max)];

    /// <summary>Reads one page. Throws <see cref="TrimmedException"/> where positions are no longer kept.</summary>
    public async Task<FeedPage> ReadAsync(
        EventWindow window, long[] positions, int limit, Func<PartnerEvent, bool> wanted, CancellationToken cancellation)
    {
        var next = (long[])positions.Clone();
        var events = new List<PartnerEvent>();
        var old = Enumerable.Range(0, next.Length).Where(p => !window.Covers(p, next[p])).ToList();
        if (old.Count > 0)
        {
            await ReadOlderAsync(next, old, events, limit, wanted, cancellation);
        }

        // Each partition gets a fair part of the page, and what others leave; old ones first.
        var rest = Enumerable.Range(0, next.Length).Where(p => window.Covers(p, next[p])).ToList();
        foreach (var (partition, index) in rest.Select((p, i) => (p, i)))
        {
            var share = (limit - events.Count + rest.Count - index - 1) / (rest.Count - index);
            var (found, end) = window.Read(partition, next[partition], share, wanted);
            events.AddRange(found);
            next[partition] = end;
        }

        var ends = window.Ends();
        return new(events, next, Enumerable.Range(0, next.Length).All(p => next[p] >= ends[p]));
    }

    public override void Dispose()
    {
        _older.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception e) when (
                (Failures.IsPlace(e) || e is TrimmedException) && !stoppingToken.IsCancellationRequested)
            {
                ApiLog.FeedFailed(_logger, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, stoppingToken);
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        var bounds = await _log.BoundsAsync(Topics.Deliveries, cancellation);
        var window = new EventWindow(Topics.Deliveries.Partitions, _windowPerPartition);
        var starts = bounds.ToDictionary(b => b.Key, b => Math.Max(b.Value.First, b.Value.Next - _windowPerPartition));
        foreach (var (partition, start) in starts)
        {
            window.Start(partition.Partition, start);
        }

        SetOldest(bounds);
        _next = [.. bounds.OrderBy(b => b.Key).Select(b => b.Value.Next)];
        _window = window;
        await _log.FollowFromAsync(
            starts, r => window.Add(r.Partition.Partition, r.Offset, PartnerEvent.Read(r)), cancellation);
    }

    private void SetOldest(IReadOnlyDictionary<PartitionKey, (long First, long Next)> bounds)
    {
        _firstRead = _time.GetTimestamp();
        _first = [.. bounds.OrderBy(b => b.Key).Select(b => b.Value.First)];
    }

    private async Task ReadOlderAsync(
        long[] next, List<int> partitions, List<PartnerEvent> events, int limit, Func<PartnerEvent, bool> wanted,
        CancellationToken cancellation)
    {
        await _older.WaitAsync(cancellation);
        try
        {
            var scan = wanted == Everything ? limit : MaxScan;
            var from = partitions.ToDictionary(p => new PartitionKey(Topics.Deliveries.Name, p), p => next[p]);
            foreach (var record in await _log.ReadAsync(from, scan, Patience, cancellation))
            {
                if (events.Count == limit)
                {
                    return;
                }

                next[record.Partition.Partition] = record.Offset + 1;
                if (PartnerEvent.Read(record) is { } e && wanted(e))
                {
                    events.Add(e);
                }
            }
        }
        finally
        {
            _older.Release();
        }
    }

    /// <summary>For a partner without a limit of its sight.</summary>
    public static bool Everything(PartnerEvent e) => e is not null;
}
