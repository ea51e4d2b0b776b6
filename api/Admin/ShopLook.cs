using CardShop.Api.Payments;
using CardShop.Api.Tables;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using CardShop.Shop.Telemetry;

namespace CardShop.Api.Admin;

/// <summary>
/// What the shop looks like now, once per second at most for all who ask; a server that is away takes only its own part
/// with it.
/// </summary>
public sealed class ShopLook
{
    private const int MostWarnings = 100;
    private const string Kafka = "kafka";
    private const string Postgres = "postgresql";
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly IReadOnlyList<Topic> Watched =
        [.. FleetGroups.All.SelectMany(g => g.Topics).Append(Topics.DeadLetters).DistinctBy(t => t.Name)];

    private readonly AdminShop _shop;
    private readonly ILog _log;
    private readonly ShopTables _tables;
    private readonly ChannelChoice _channels;
    private readonly ErrorQueueDepth _errors;
    private readonly OpenLetters _letters;
    private readonly DeliveryLatency _latency;
    private readonly FleetMembers _members;
    private readonly TimeProvider _time;
    private readonly SharedLook<AdminOverview> _look;
    private readonly QueueAges _ages;

    public ShopLook(
        AdminShop shop, ILog log, ShopTables tables, ChannelChoice channels, ErrorQueueDepth errors, OpenLetters letters,
        DeliveryLatency latency, FleetMembers members, ILogRanges ranges, TimeProvider time)
    {
        _shop = shop;
        _log = log;
        _tables = tables;
        _channels = channels;
        _errors = errors;
        _letters = letters;
        _latency = latency;
        _members = members;
        _ages = new(ranges);
        _time = time;
        _look = new(time, Fresh, LookAsync);
    }

    public Task<AdminOverview> GetAsync(CancellationToken cancellation) => _look.GetAsync().WaitAsync(cancellation);

    private async Task<AdminOverview> LookAsync()
    {
        // Who asks first does not do it on his own turn: others ask meanwhile.
        await Task.Yield();
        var database = TryAsync(async stop => Box.Of(await AdminQueries.OverviewAsync(_shop.Database, stop)));
        var ends = TryAsync(stop => _log.EndsAsync(Watched, stop));
        var fence = TryAsync(_shop.LookAtFenceAsync);
        var latency = TryAsync(async stop => Box.Of(await _latency.LookAsync(stop)));
        var errors = _errors.GetAsync();
        var members = _members.GetAsync();
        await Task.WhenAll(ends, database, fence, latency, errors, members);
        var (logEnds, stored, fenced) = (await ends, await database, await fence);
        var letters = logEnds is null ? null : await TryAsync(async stop => Box.Of(await _letters.CountAsync(logEnds, stop)));
        var progress = stored?.Value.Progress;
        return new(
            _time.GetUtcNow(), [.. AwayOf(logEnds is null, stored is null)],
            new(
                fenced is null ? "unknown" : fenced.Reason is null ? "open" : fenced.IsFenced ? "fenced" : "unknown",
                fenced is null ? "the servers did not answer in time" : fenced.Reason),
            [.. Lag(logEnds, progress)], stored?.Value.Work,
            [.. _channels.Names.Select(c => new AdminChannel(c, _tables.IsUp(c), _tables.DownProfiles(c)))], Warnings(),
            logEnds is null ? null : new(SumOf(logEnds, Topics.Orders), SumOf(logEnds, Topics.Deliveries)), (await latency)?.Value,
            logEnds is null || progress is null ? null : await AgeAsync(logEnds, progress), letters?.Value, await errors, await members);
    }

    private async Task<T?> TryAsync<T>(Func<CancellationToken, Task<T>> read)
        where T : class
    {
        try
        {
            using var limit = new CancellationTokenSource(Limit, _time);
            return await read(limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception e) when (Failures.IsPlace(e) || e is OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<double?> AgeAsync(
        IReadOnlyDictionary<PartitionKey, long> ends, IReadOnlyDictionary<(string Group, PartitionKey Partition), long> progress)
    {
        var ages = await TryAsync(stop => _ages.LookAsync(_time.GetUtcNow(), ends, FleetGroups.Partitions, progress, stop));
        return ages is null ? null : Math.Round(ages.Values.Max(), 1);
    }

    private static long SumOf(IReadOnlyDictionary<PartitionKey, long> ends, Topic topic) =>
        ends.Where(e => e.Key.Topic == topic.Name).Sum(e => e.Value);

    private static IEnumerable<string> AwayOf(bool kafka, bool postgres)
    {
        if (kafka)
        {
            yield return Kafka;
        }

        if (postgres)
        {
            yield return Postgres;
        }
    }

    private IEnumerable<AdminLag> Lag(
        IReadOnlyDictionary<PartitionKey, long>? ends, IReadOnlyDictionary<(string Group, PartitionKey Partition), long>? progress) =>
        from watched in FleetGroups.Partitions
        let partition = watched.Partition
        let end = ends is not null && ends.TryGetValue(partition, out var e) ? e : (long?)null
        let next = progress is null
            ? _tables.ProcessedUpTo(partition.Topic, partition.Partition)
            : progress.GetValueOrDefault(watched)
        select new AdminLag(
            watched.Group, partition.Topic, partition.Partition, end, next,
            end is null || next is null ? null : Math.Max(0, end.Value - next.Value), progress is null ? "pulse" : "progress");

    /// <summary>From memory: it costs the database nothing, however many products there are.</summary>
    private AdminStockWarnings Warnings()
    {
        var low = _tables.Products.Where(p => p.OnSale && p.Kind != ProductKind.Manual)
            .Select(p => (p.Sku, Available: _tables.Available(p.Sku) ?? 0, Low: p.LowStock))
            .Where(p => p.Available <= 0 || p.Available < p.Low).ToList();
        return new(
            low.Count(p => p.Available <= 0), low.Count(p => p.Available > 0),
            [.. low.OrderBy(p => p.Available).ThenBy(p => p.Sku, StringComparer.Ordinal).Take(MostWarnings)
                .Select(p => new AdminStockWarning(p.Sku, p.Available))]);
    }

    private static class Box
    {
        public static Box<T> Of<T>(T value) => new(value);
    }

    /// <summary>What may be absent as a whole.</summary>
    private sealed record Box<T>(T Value);
}
