using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Delivery;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Shop.Telemetry;

namespace CardShop.Fleet;

/// <summary>The servers as the fleets use them, and who keeps watch over them in this process.</summary>
public sealed record FleetPorts(
    ILog Log, IBus Bus, IShopStore Store, IOutboxStore Outbox, RollbackFence Fence, Dispatcher Dispatcher);

/// <summary>
/// The loops of the orders, payments and delivery fleets: the map from topics and queues to work. It knows the servers by
/// their seams alone.
/// </summary>
public sealed class FleetLoops
{
    public const int Buffer = 2_000;
    public const long BufferBytes = 8 * 1024 * 1024;

    private readonly FleetPorts _ports;
    private readonly FleetSettings _settings;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILoggerFactory _logs;
    private readonly ChannelFollower? _states;
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly List<GuardedChannel> _guarded = [];
    private readonly List<ILogReader> _readers = [];

    public FleetLoops(
        FleetPorts ports, FleetSettings settings, IReadOnlyList<OfferedChannel> channels, TimeProvider time, Random random,
        ILoggerFactory logs)
    {
        (_ports, _settings, _time, _random, _logs) = (ports, settings, time, random, logs);
        if (settings.Shop.Channels is { } offered && (settings.Fleets & (Fleets.Orders | Fleets.Payments)) != 0)
        {
            _states = new([.. offered.Keys], ports.Log, time, random, logs.CreateLogger<ChannelFollower>());
            _loops.Add(_states.RunAsync);
        }

        _loops.Add(new FenceWatch(ports.Fence, Reposition, time, random, logs.CreateLogger<FenceWatch>()).RunAsync);
        _loops.Add(new Sweeper(
            ports.Outbox, ports.Dispatcher, ports.Fence.ProbeAsync, time, random, logs.CreateLogger<Sweeper>()).RunAsync);
        if (settings.Fleets.HasFlag(Fleets.Orders))
        {
            AddFleet("orders", Topics.Orders, deliveries: false, isAdmitted: true);
        }

        if (settings.Fleets.HasFlag(Fleets.Payments))
        {
            AddPayments(channels);
        }

        if (settings.Fleets.HasFlag(Fleets.Delivery))
        {
            AddDelivery();
        }
    }

    /// <summary>Each runs until cancelled.</summary>
    public IReadOnlyList<Func<CancellationToken, Task>> Loops => _loops;

    /// <summary>The channels that this process calls.</summary>
    public IReadOnlyCollection<GuardedChannel> Guarded => _guarded;

    /// <summary>Has a reader begin anew at the database's positions whenever the rollback fence has opened.</summary>
    public ILogReader Watched(ILogReader reader)
    {
        _readers.Add(reader);
        return reader;
    }

    private void Reposition() => _readers.ForEach(r => r.Reposition());

    private void AddPayments(IReadOnlyList<OfferedChannel> channels)
    {
        var input = AddFleet("payments", Topics.PaymentNotifications, deliveries: true);
        AddWatchdog(
            "payments", DueLane.PerChannel(_settings.PaymentChecksPerSecond, _time), _ports.Store.OverduePaymentsAsync,
            id => new PaymentMessage.Due(id), input);
        foreach (var channel in channels)
        {
            var guarded = new GuardedChannel(
                new(channel, _settings.Resilience, _time, _random), new(_settings.MaxPaymentCalls));
            _guarded.Add(guarded);
            AddChannel(guarded, input);
        }
    }

    private void AddDelivery()
    {
        var input = AddFleet("delivery", Topics.KeyBatches, deliveries: true);
        AddWatchdog(
            "delivery", [DueLane.Unlimited(_time)],
            (_, now, after, limit, stop) => _ports.Store.OverdueDeliveriesAsync(now, after, limit, stop),
            id => new DeliveryMessage.Due(id), input);
        _loops.Add(stop => _ports.Bus.ConsumeAsync(Queues.Delivery, _settings.DeliveryPrefetch, input, stop));
    }

    /// <summary>A group's reader, its batches, and what it tells the API.</summary>
    /// <param name="isAdmitted">Whether its batches wait until the payments fleet has room for them.</param>
    private ChannelWriter<Incoming> AddFleet(string group, Topic topic, bool deliveries, bool isAdmitted = false)
    {
        var (log, store, fence) = (_ports.Log, _ports.Store, _ports.Fence);
        var input = new InputQueue(Buffer, BufferBytes);
        var advisory = new AdvisoryPublisher(
            group, store, log, fence, _time, _random, _logs.CreateLogger<AdvisoryPublisher>());
        var admission = isAdmitted && _settings.Shop.Channels is { } offered
            ? new OrderAdmission(
                _ports.Bus, [.. offered.Keys], _settings.MaxQueuedPayments, advisory, _time, _random,
                _logs.CreateLogger<OrderAdmission>())
            : null;
        var work = new ShopWork(
            group, deliveries, store, fence, _settings.Shop, new OrderMetrics((IBatchObserver?)admission ?? advisory), _time, _logs.CreateLogger<ShopWork>(),
            _states is null ? null : _states.Down);
        var loop = new BatchLoop(
            work, _ports.Dispatcher, _ports.Bus, _settings.Batch, _time, _random, _logs.CreateLogger<BatchLoop>(),
            admission is null ? null : admission.WaitAsync);
        _loops.Add(advisory.RunAsync);
        _loops.Add(stop => loop.RunAsync(input.Reader, stop));
        _loops.Add(Watched(log.Join(group, [topic], PositionsAsync, input.Writer)).RunAsync);
        return input.Writer;

        async Task<IReadOnlyDictionary<PartitionKey, long>> PositionsAsync(
            IReadOnlyCollection<PartitionKey> partitions, CancellationToken stop)
        {
            var progress = await store.ProgressAsync(group, partitions, stop);
            // After that: what another member still committed before is told too.
            advisory.Begin(partitions);
            return progress;
        }
    }

    private void AddWatchdog(
        string name, IReadOnlyList<DueLane> lanes, ScanDue scan, Func<string, object> message, ChannelWriter<Incoming> input) =>
        _loops.Add(new Watchdog(
            name, lanes, scan, message, _ports.Fence, input, _time, _random, _logs.CreateLogger<Watchdog>()).RunAsync);

    /// <summary>One loop, queue and bulkhead per channel, so that a slow provider holds up nobody else's payments.</summary>
    private void AddChannel(GuardedChannel guarded, ChannelWriter<Incoming> input)
    {
        var (channel, places) = guarded;
        var fence = _ports.Fence;
        var watch = new ChannelWatch(
            channel, _settings.Resilience, _ports.Log, fence, _time, _random, _logs.CreateLogger<ChannelWatch>());
        _loops.Add(watch.ProbeAsync);
        _loops.Add(watch.PublishAsync);
        var commands = Channel.CreateBounded<Incoming>(
            new BoundedChannelOptions(_settings.PaymentPrefetch) { SingleReader = true });
        var actor = new PaymentActor(
            channel, _ports.Store, fence, input, places, _time, _random, _logs.CreateLogger<PaymentActor>());
        _loops.Add(stop => actor.RunAsync(commands.Reader, stop));
        _loops.Add(stop => _ports.Bus.ConsumeAsync(
            Queues.Payments(channel.Name), _settings.PaymentPrefetch, commands.Writer, stop));
    }
}
