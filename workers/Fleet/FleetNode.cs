using System.Diagnostics.Metrics;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Delivery;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Keys;
using CardShop.Shop.Mail;
using CardShop.Shop.Orders;
using CardShop.Shop.Partners;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Shop.Telemetry;
using Npgsql;

namespace CardShop.Fleet;

/// <summary>
/// One fleet process: the map from topics and queues to loops. Everything in it is made here, once, and runs until
/// cancelled; whatever ends early takes the process down, and its supervisor starts it again.
/// </summary>
public sealed class FleetNode : IAsyncDisposable
{
    private const int Buffer = 2_000;
    private const long BufferBytes = 8 * 1024 * 1024;

    /// <summary>Nobody watches a page for these: larger batches leave the database to those whom somebody waits for.</summary>
    private static readonly TimeSpan NotificationAge = TimeSpan.FromMilliseconds(100);

    private readonly FleetSettings _settings;
    private readonly IReadOnlyList<OfferedChannel> _channels;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILoggerFactory _logs;
    private readonly NpgsqlDataSource _database;
    private readonly KafkaLog _log;
    private readonly RabbitBus _bus;
    private readonly PostgresShopStore _store;
    private readonly RollbackFence _fence;
    private readonly Dispatcher _dispatcher;
    private readonly OutboxTable _outbox;
    private readonly ChannelFollower? _states;
    private readonly KafkaTopicCare _topicCare;
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly Meter _meter = new("CardShop.Fleet");
    private readonly Dictionary<string, ResilientChannel> _guarded = [];

    public FleetNode(
        FleetSettings settings, IReadOnlyList<OfferedChannel> channels, TimeProvider time, Random random, ILoggerFactory logs)
    {
        _settings = settings;
        _channels = channels;
        _time = time;
        _random = random;
        _logs = logs;
        _database = Database.Open(settings.PostgresConnection, settings.Kafka.ClientId);
        _log = new(settings.Kafka, time, logs.CreateLogger<KafkaLog>());
        _bus = new(settings.Rabbit, time, random, logs.CreateLogger<RabbitBus>());
        _topicCare = new(settings.Kafka);
        _store = new(_database);
        _fence = new(_log, _database, FleetGroups.All, logs.CreateLogger<RollbackFence>());
        _outbox = new(_database, PostgresShopStore.ReviewAsync);
        _dispatcher = new(_outbox, _log, _bus, DispatchOptions.Default, time, random, logs.CreateLogger<Dispatcher>());
        if (settings.Shop.Channels is { } offered && (settings.Fleets & (Fleets.Orders | Fleets.Payments)) != 0)
        {
            _states = new(
                [.. offered.Keys], _log, time, random, logs.CreateLogger<ChannelFollower>());
            _loops.Add(_states.RunAsync);
        }

        Compose();
    }

    /// <summary>Why this process does no work now; null when it does.</summary>
    public string? Waiting => _fence.Reason is not { } reason ? null : _fence.IsFenced ? "fenced: " + reason : reason;

    /// <summary>Runs until cancelled. Throws what ended a loop that should not have ended.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = _loops.ConvertAll(loop => loop(all.Token));
        var ended = await Task.WhenAny(running);
        await all.CancelAsync();
        try
        {
            await Task.WhenAll(running);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to stop.
        }

        if (!cancellation.IsCancellationRequested)
        {
            await ended;
            throw new InvalidOperationException("A loop of this fleet ended by itself.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        try
        {
            await _dispatcher.DrainAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What is unsent is in the outbox.
        }

        _meter.Dispose();
        await _bus.DisposeAsync();
        _topicCare.Dispose();
        await _log.DisposeAsync();
        await _database.DisposeAsync();
    }

    private void Compose()
    {
        _loops.Add(WatchFenceAsync);
        AddGauges();
        _loops.Add(new Sweeper(
            _outbox, _dispatcher, _fence.ProbeAsync, _time, _random, _logs.CreateLogger<Sweeper>()).RunAsync);
        AddPublisher(Published.Products);
        AddPublisher(Published.Partners);
        if (_settings.Fleets.HasFlag(Fleets.Orders))
        {
            AddFleet("orders", Topics.Orders, deliveries: false);
        }

        if (_settings.Fleets.HasFlag(Fleets.Payments))
        {
            var input = AddFleet("payments", Topics.PaymentNotifications, deliveries: true);
            AddWatchdog(
                "payments", DueLane.PerChannel(_settings.PaymentChecksPerSecond, _time), _store.OverduePaymentsAsync,
                id => new PaymentMessage.Due(id), input);
            foreach (var channel in _channels)
            {
                var guarded = new ResilientChannel(channel, _settings.Resilience, _time, _random);
                _guarded[guarded.Name] = guarded;
                AddChannel(guarded, input);
            }
        }

        if (_settings.Fleets.HasFlag(Fleets.Delivery))
        {
            var input = AddFleet("delivery", Topics.KeyBatches, deliveries: true);
            AddWatchdog(
                "delivery", [DueLane.Unlimited(_time)], (_, now, after, limit, stop) => _store.OverdueDeliveriesAsync(now, after, limit, stop),
                id => new DeliveryMessage.Due(id), input);
            _loops.Add(stop => _bus.ConsumeAsync(Queues.Delivery, _settings.DeliveryPrefetch, input, stop));
        }

        if (_settings.Fleets.HasFlag(Fleets.Notifications))
        {
            AddNotifications(ShopSecrets.Open(_settings.SecretsDirectory!));
        }
    }

    /// <summary>What this process can do now, and, in the one that holds the survey, how the whole shop is.</summary>
    private void AddGauges()
    {
        var surveyor = new Surveyor(
            _database, _log, _bus, [.. _settings.Shop.Channels?.Keys ?? []], _settings.SurveyEvery, _time,
            _logs.CreateLogger<Surveyor>());
        _loops.Add(surveyor.RunAsync);
        SurveyMetrics.Observe(_meter, surveyor, _time);
        FleetMetrics.Observe(_meter, _fence, _guarded.Values);
    }

    private void AddPublisher<T>(Published<T> kind) => _loops.Add(new DocumentPublisher<T>(
        kind, _database, _log, _fence, _time, _random, _logs.CreateLogger<DocumentPublisher<T>>()).RunAsync);

    /// <summary>What partners' webhooks and buyers are to get, and the sending of it.</summary>
    private void AddNotifications(ShopSecrets secrets)
    {
        const string Group = FleetGroups.Notifications;
        var input = new InputQueue(Buffer, BufferBytes);
        var webhooks = new WebhookStore(_database, _settings.Webhooks);
        var mails = _settings.Mail.IsOn ? new MailStore(_database, _settings.Mail) : null;
        var work = new NotificationWork(
            _database, webhooks, mails, _fence, _time, _logs.CreateLogger<NotificationWork>());
        var loop = new BatchLoop(
            work, _dispatcher, _bus, _settings.Batch with { MaxAge = NotificationAge }, _time, _random,
            _logs.CreateLogger<BatchLoop>());
        var caller = new WebhookCaller(_settings.Webhooks, _time);
        _loops.Add(stop => loop.RunAsync(input.Reader, stop));
        _loops.Add(_log.Join(
            Group, FleetGroups.All.Single(g => g.Name == Group).Topics,
            (partitions, stop) => _store.ProgressAsync(Group, partitions, stop), input.Writer).RunAsync);
        _loops.Add(new WebhookSender(
            webhooks, new(secrets.KeyEncryption), caller, _settings.Webhooks, _fence, _time,
            _random, _logs.CreateLogger<WebhookSender>()).RunAsync);
        _loops.Add(new WebhookReplays(
            _database, new KafkaRanges(_settings.Kafka, _time, _logs.CreateLogger<KafkaRanges>()), webhooks, _fence, _time,
            _random, _logs.CreateLogger<WebhookReplays>()).RunAsync);
        AddHousekeeping();
        if (mails is not null)
        {
            var reader = new OrderReader(
                _database, new KeyVault(secrets.Fingerprint, secrets.KeyEncryption),
                _settings.Housekeeping.ArchiveDirectory is { } archive ? new(archive) : null);
            _loops.Add(new MailSender(
                mails, reader, secrets, new(_settings.Mail, _time), _settings.Mail, _fence, _time, _random,
                _logs.CreateLogger<MailSender>()).RunAsync);
        }
    }

    /// <summary>The log is trimmed, finished orders are archived, old rows deleted: slowly, by one process.</summary>
    private void AddHousekeeping()
    {
        var ranges = new KafkaRanges(_settings.Kafka, _time, _logs.CreateLogger<KafkaRanges>());
        _loops.Add(new HousekeepingLoop(
            new(_database, ranges, _topicCare, _fence, _settings.Housekeeping, new(_database, _settings.Days, _time), _time), _database, _fence, _settings.Housekeeping, _time,
            _random, _logs.CreateLogger<HousekeepingLoop>()).RunAsync);
    }

    /// <summary>A group's reader, its batches, and what it tells the API.</summary>
    private ChannelWriter<Incoming> AddFleet(string group, Topic topic, bool deliveries)
    {
        var input = new InputQueue(Buffer, BufferBytes);
        var advisory = new AdvisoryPublisher(
            group, _store, _log, _fence, _time, _random, _logs.CreateLogger<AdvisoryPublisher>());
        var work = new ShopWork(
            group, deliveries, _store, _fence, _settings.Shop, new OrderMetrics(advisory), _time, _logs.CreateLogger<ShopWork>(),
            _states is null ? null : _states.Down);
        var loop = new BatchLoop(
            work, _dispatcher, _bus, _settings.Batch, _time, _random, _logs.CreateLogger<BatchLoop>());
        _loops.Add(advisory.RunAsync);
        _loops.Add(stop => loop.RunAsync(input.Reader, stop));
        _loops.Add(_log.Join(
            group, [topic], (partitions, stop) => _store.ProgressAsync(group, partitions, stop), input.Writer).RunAsync);
        return input.Writer;
    }

    private void AddWatchdog(
        string name, IReadOnlyList<DueLane> lanes, ScanDue scan, Func<string, object> message, ChannelWriter<Incoming> input) =>
        _loops.Add(new Watchdog(
            name, lanes, scan, message, _fence, input, _time, _random, _logs.CreateLogger<Watchdog>()).RunAsync);

    /// <summary>One loop, queue and bulkhead per channel, so that a slow provider holds up nobody else's payments.</summary>
    private void AddChannel(ResilientChannel channel, ChannelWriter<Incoming> input)
    {
        var watch = new ChannelWatch(
            channel, _settings.Resilience, _log, _fence, _time, _random, _logs.CreateLogger<ChannelWatch>());
        _loops.Add(watch.ProbeAsync);
        _loops.Add(watch.PublishAsync);
        var commands = Channel.CreateBounded<Incoming>(
            new BoundedChannelOptions(_settings.PaymentPrefetch) { SingleReader = true });
        var actor = new PaymentActor(channel, _store, _fence, input, _time, _random, _logs.CreateLogger<PaymentActor>());
        _loops.Add(stop => actor.RunAsync(commands.Reader, stop));
        _loops.Add(stop => _bus.ConsumeAsync(
            Queues.Payments(channel.Name), _settings.PaymentPrefetch, commands.Writer, stop));
    }

    private async Task WatchFenceAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(_time, _random, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await _fence.ProbeAsync(cancellation))
                {
                    backoff.Reset();
                    await WaitAsync(cancellation);
                    continue;
                }

                await _fence.CheckAsync(cancellation);
                if (_fence.Reason is null)
                {
                    continue;
                }
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                // A fence that was open stays so while the database is away: nobody can work on it anyhow.
                FleetLog.FenceUnchecked(_logs.CreateLogger<FleetNode>(), e.Message);
            }

            await backoff.WaitAsync(cancellation);
        }
    }

    /// <summary>A second between probes; at once when a transaction has met another server.</summary>
    private async Task WaitAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < 10 && _fence.Reason is null; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellation);
        }
    }
}
