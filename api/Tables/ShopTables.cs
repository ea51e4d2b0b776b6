using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels.Resilience;

namespace CardShop.Api.Tables;

/// <summary>
/// What an instance knows without asking anybody: catalog, stock, channels and the fleets' positions, each the memory of
/// a compacted topic. Orders are accepted from these and Kafka alone.
/// </summary>
public sealed class ShopTables(ILog log, ApiSettings settings, TimeProvider time, ILogger<ShopTables> logger) : BackgroundService
{
    private static readonly IReadOnlyList<Topic> Followed =
        [Topics.Catalog, Topics.Stock, Topics.Channels, Topics.Pulse];

    /// <summary>A fleet that works says every ten seconds how far it is. After so long without a word none does.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(25);

    private readonly ConcurrentDictionary<string, Product> _products = new();
    private readonly ConcurrentDictionary<string, StockLevel> _stock = new();
    private readonly ChannelStates _channels = new(time);
    private readonly ConcurrentDictionary<(string Topic, int Partition), Position> _positions = new();
    private volatile bool _ready;
    private volatile bool _live;

    /// <summary>True once everything that the topics held at the start has been read.</summary>
    public bool Ready => _ready;

    public IEnumerable<Product> Products => _products.Values;

    public Product? Find(string sku) => _products.GetValueOrDefault(sku);

    /// <summary>Advisory; null where nothing is known.</summary>
    public long? Available(string sku) => _stock.TryGetValue(sku, out var level) ? level.Available : null;

    /// <summary>A channel is up until a record says otherwise, and again when the fleets stop saying so.</summary>
    public bool IsUp(string channel) => _channels.IsUp(channel);

    /// <summary>The merchant profiles of a channel that are down.</summary>
    public IReadOnlyList<string> DownProfiles(string channel) => _channels.Down(channel);

    /// <summary>How far the fleets said they are, as of their last pulse.</summary>
    /// <returns>Null where none was heard of.</returns>
    public long? ProcessedUpTo(string topic, int partition) =>
        _positions.TryGetValue((topic, partition), out var position) ? position.NextOffset : null;

    /// <summary>
    /// The place of an order in the queue: its offset minus the partition's processed offset, an upper bound.
    /// Null when it has been processed.
    /// </summary>
    public QueuePlace? PlaceOf(int partition, long offset)
    {
        var position = _positions.GetValueOrDefault((Topics.Orders.Name, partition));
        var place = offset - position.NextOffset + 1;
        return place <= 0 ? null : new(
            place, (long)Math.Ceiling((place / Math.Max(position.Rate, 1)) + SilenceOf(position).TotalSeconds));
    }

    /// <summary>How long no fleet has said a word; zero while one does, and where none ever did.</summary>
    private TimeSpan SilenceOf(Position position)
    {
        var silence = time.GetUtcNow() - position.HeardAt;
        return position.HeardAt == default || silence < Silence ? TimeSpan.Zero : silence;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The topics must be there: before the first migrate they are not.
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                _live = false;
                await log.FollowAsync(
                    Followed,
                    Take,
                    () =>
                    {
                        _ready = true;
                        _live = true;
                        ApiLog.TablesRead(logger, _products.Count);
                    },
                    stoppingToken);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !stoppingToken.IsCancellationRequested)
            {
                ApiLog.TablesFailed(logger, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
            }
        }
    }

    private void Take(LogIncoming record)
    {
        try
        {
            switch (record.Partition.Topic)
            {
                case var t when t == Topics.Catalog.Name && Read(record, ContractsJson.Default.Product) is { } product:
                    _products.AddOrUpdate(
                        product.Sku, product, (_, held) => product.Version >= held.Version ? product : held);
                    break;
                case var t when t == Topics.Stock.Name && Read(record, ContractsJson.Default.StockLevel) is { } level:
                    if (level.Region == settings.Region.ToString())
                    {
                        _stock[level.Sku] = level;
                    }

                    break;
                case var t when t == Topics.Channels.Name && Read(record, ContractsJson.Default.ChannelState) is { } state:
                    _channels.Take(state, _live ? time.GetUtcNow() : record.Timestamp);
                    break;
                case var t when t == Topics.Pulse.Name && Read(record, ContractsJson.Default.Pulse) is { } pulse:
                    // An idle fleet pulses no rate: the last one measured under load is the better guess.
                    _positions.AddOrUpdate(
                        (pulse.Topic, pulse.Partition),
                        new Position(pulse.NextOffset, pulse.PerSecond, record.Timestamp),
                        (_, held) => new(
                            pulse.NextOffset, pulse.PerSecond >= 1 ? pulse.PerSecond : held.Rate, record.Timestamp));
                    break;
                default:
                    break;
            }
        }
        catch (JsonException)
        {
            ApiLog.TableRecordUnreadable(logger, record.Partition.Topic, record.Offset);
        }
    }

    private static T? Read<T>(LogIncoming record, JsonTypeInfo<T> json)
        where T : class =>
        record.Value is null ? null : JsonSerializer.Deserialize(record.Value, json);

    private readonly record struct Position(long NextOffset, double Rate, DateTimeOffset HeardAt);
}

/// <param name="Position">1 = next; an upper bound.</param>
/// <param name="EstimatedSeconds">
/// From the partition's rate lately. While no fleet works, as long again as none has: it grows until one is back.
/// </param>
public sealed record QueuePlace(long Position, long EstimatedSeconds);
