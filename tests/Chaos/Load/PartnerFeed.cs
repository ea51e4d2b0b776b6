using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using Confluent.Kafka;

namespace CardShop.Tests.Chaos.Load;

/// <summary>What the partner read about one order.</summary>
public sealed class PartnerOrder
{
    /// <summary>Distinct ids of OrderDelivered; one is right.</summary>
    public HashSet<string> Delivered { get; } = [];

    public IReadOnlyList<Guid> Keys { get; set; } = [];

    public bool IsRefunded { get; set; }

    public bool IsExpired { get; set; }

    public bool IsFailed { get; set; }
}

/// <summary>
/// A partner: reads shop.deliveries.v1 from its beginning with a Kafka client of its own, across everything that happens
/// to the log broker.
/// </summary>
public sealed class PartnerFeed : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ulong> _events = [];
    private readonly Dictionary<string, PartnerOrder> _orders = [];
    private readonly List<string> _wrong = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly LoadMeter _meter;
    private readonly Task _run;
    private DateTimeOffset _lastDelivery;

    public PartnerFeed(string bootstrap, LoadMeter meter)
    {
        _meter = meter;
        _run = Task.Factory.StartNew(() => Read(bootstrap), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Events that came again with other contents.</summary>
    public IReadOnlyList<string> Wrong
    {
        get
        {
            lock (_lock)
            {
                return [.. _wrong];
            }
        }
    }

    /// <summary>The latest moment at which something was delivered, by the shop's clock.</summary>
    public DateTimeOffset LastDelivery
    {
        get
        {
            lock (_lock)
            {
                return _lastDelivery;
            }
        }
    }

    /// <summary>By order id. To be looked at when nothing more comes.</summary>
    public IReadOnlyDictionary<string, PartnerOrder> Orders => _orders;

    /// <summary>Distinct events so far.</summary>
    public int Events
    {
        get
        {
            lock (_lock)
            {
                return _events.Count;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
    }

    private void Read(string bootstrap)
    {
        using var consumer = new ConsumerBuilder<string, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "chaos-partner",
            EnableAutoCommit = false,
            ClientId = "chaos-partner",
            ReconnectBackoffMaxMs = 1_000,
            LogConnectionClose = false,
        }).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, Topics.Deliveries.Partitions)
            .Select(p => new TopicPartitionOffset(Topics.Deliveries.Name, p, Offset.Beginning)));
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { Message: { } message })
                {
                    Take(message);
                }
            }
            catch (ConsumeException)
            {
                // The broker is away: the client finds it again by itself.
            }
        }

        consumer.Close();
    }

    private void Take(Message<string, byte[]> message)
    {
        var id = Text(message, "ce_id");
        var type = Text(message, "ce_type");
        var order = Text(message, "ce_subject");
        var hash = BitConverter.ToUInt64(SHA256.HashData([.. Encoding.UTF8.GetBytes($"{type}\n{order}\n"), .. message.Value]));
        lock (_lock)
        {
            if (_events.TryGetValue(id, out var before))
            {
                if (before != hash)
                {
                    _wrong.Add($"7: the event {id} of order {order} came twice with different contents");
                }

                return;
            }

            _events[id] = hash;
            if (!_orders.TryGetValue(order, out var known))
            {
                _orders[order] = known = new();
            }

            Note(known, id, type, message.Value);
        }
    }

    private void Note(PartnerOrder order, string id, string type, byte[] body)
    {
        switch (type)
        {
            case MessageTypes.OrderDelivered:
                var delivered = JsonSerializer.Deserialize(body, ContractsJson.Default.OrderDelivered)!;
                order.Delivered.Add(id);
                order.Keys = delivered.KeyIds;
                _lastDelivery = delivered.DeliveredAt > _lastDelivery ? delivered.DeliveredAt : _lastDelivery;
                _meter.Deliver();
                break;
            case MessageTypes.OrderRefunded:
                order.IsRefunded = true;
                break;
            case MessageTypes.OrderExpired:
                order.IsExpired = true;
                break;
            case MessageTypes.DeliveryFailed:
                order.IsFailed = true;
                break;
            default:
                _wrong.Add($"7: an event {id} of the unknown type {type}");
                break;
        }
    }

    private static string Text(Message<string, byte[]> message, string name) =>
        message.Headers.TryGetLastBytes(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : "";
}
