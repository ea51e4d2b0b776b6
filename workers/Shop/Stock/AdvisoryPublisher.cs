using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Stock;

/// <summary>
/// Tells the API what buyers like to know: stock levels of products that this fleet changed, and how far it has come.
/// At most twice a second per product or partition; nothing depends on it.
/// </summary>
public sealed class AdvisoryPublisher(
    string fleet, IShopStore store, ILog log, RollbackFence fence, TimeProvider time, Random random,
    ILogger<AdvisoryPublisher> logger) : IBatchObserver
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<StockKey, byte> _changed = new();
    private readonly PulseBook _pulses = new(fleet);

    /// <summary>These partitions were given to this process: what an earlier one said last of them may be old.</summary>
    public void Begin(IEnumerable<PartitionKey> partitions)
    {
        foreach (var partition in partitions)
        {
            _pulses.Note(partition);
        }
    }

    public void Committed(IReadOnlyList<Incoming> batch)
    {
        foreach (var message in batch)
        {
            if (message is LogIncoming { Unprocessed: false } record)
            {
                _pulses.Note(record.Partition);
            }
        }
    }

    public void Stock(IEnumerable<StockKey> changed)
    {
        foreach (var key in changed)
        {
            _changed[key] = 0;
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        var first = true;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (fence.Reason is null)
                {
                    await PublishAsync(first, cancellation);
                    first = false;
                }

                backoff.Reset();
                await Task.Delay(Every, time, cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.PublishFailed(logger, "advisory", e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    /// <param name="all">At the start all products once: what an earlier process changed last may not have gone out.</param>
    private async Task PublishAsync(bool all, CancellationToken cancellation)
    {
        StockKey[] changed = [.. _changed.Keys];
        foreach (var key in changed)
        {
            _changed.TryRemove(key, out _);
        }

        var moved = _pulses.Take(time.GetUtcNow());
        try
        {
            await PublishAsync(all, changed, moved, cancellation);
        }
        catch
        {
            // What did not go out is said again.
            Stock(changed);
            Begin(moved);
            throw;
        }
    }

    private async Task PublishAsync(
        bool all, StockKey[] changed, IReadOnlyList<PartitionKey> moved, CancellationToken cancellation)
    {
        var records = new List<LogRecord>();
        if (all || changed.Length > 0)
        {
            var now = time.GetUtcNow();
            foreach (var (key, available) in await store.AvailableAsync(all ? null : changed, cancellation))
            {
                records.Add(Record(
                    Topics.Stock, key.Sku, new StockLevel(key.Sku, key.Region, available, now),
                    ContractsJson.Default.StockLevel));
            }
        }

        IReadOnlyList<Pulse> pulses = [];
        if (moved.Count > 0)
        {
            pulses = _pulses.PulsesOf(await store.ProgressAsync(fleet, moved, cancellation), time.GetUtcNow());
            records.AddRange(pulses.Select(ToRecord));
        }

        var failures = await log.ProduceAllAsync(records, cancellation);
        if (failures.Count > 0)
        {
            throw new PlaceException(failures[0].Reason);
        }

        _pulses.Said(pulses);
    }

    private static LogRecord ToRecord(Pulse pulse) => Record(
        Topics.Pulse, string.Create(CultureInfo.InvariantCulture, $"{pulse.Fleet}/{pulse.Topic}/{pulse.Partition}"), pulse,
        ContractsJson.Default.Pulse);

    private static LogRecord Record<T>(
        Topic topic, string key, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json) =>
        new(topic.Name, 0, Encoding.UTF8.GetBytes(key), JsonSerializer.SerializeToUtf8Bytes(value, json), []);
}
