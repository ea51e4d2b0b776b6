using System.Diagnostics.Metrics;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Channels;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Keys;
using CardShop.Shop.Mail;
using CardShop.Shop.Orders;
using CardShop.Shop.Partners;
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
    /// <summary>Nobody watches a page for these: larger batches leave the database to those whom somebody waits for.</summary>
    private static readonly TimeSpan NotificationAge = TimeSpan.FromMilliseconds(100);

    private readonly FleetSettings _settings;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILoggerFactory _logs;
    private readonly NpgsqlDataSource _database;
    private readonly KafkaLog _log;
    private readonly LinkedLog _links;
    private readonly RabbitBus _bus;
    private readonly PostgresShopStore _store;
    private readonly RollbackFence _fence;
    private readonly Dispatcher _dispatcher;
    private readonly KafkaTopicCare _topicCare;
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly Meter _meter = new("CardShop.Fleet");
    private readonly FleetLoops _fleets;

    public FleetNode(
        FleetSettings settings, IReadOnlyList<OfferedChannel> channels, TimeProvider time, Random random, ILoggerFactory logs)
    {
        _settings = settings;
        _time = time;
        _random = random;
        _logs = logs;
        _database = Database.Open(settings.PostgresConnection, settings.Kafka.ClientId);
        _log = new(settings.Kafka, time, logs.CreateLogger<KafkaLog>());
        _bus = new(settings.Rabbit, time, random, logs.CreateLogger<RabbitBus>());
        _topicCare = new(settings.Kafka);
        _store = new(_database);
        _fence = new(_log, new PostgresFence(_database, settings.Kafka.TopicPrefix), FleetGroups.All, logs.CreateLogger<RollbackFence>());
        var outbox = new OutboxTable(_database, PostgresShopStore.ReviewAsync);
        _links = RegionLinks.Open(_log, settings.Links, time, logs.CreateLogger<KafkaLog>());
        _dispatcher = new(outbox, _links, _bus, DispatchOptions.Default, time, random, logs.CreateLogger<Dispatcher>());
        _fleets = new(new(_log, _bus, _store, outbox, _fence, _dispatcher), settings, channels, time, random, logs);
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
        await _links.DisposeAsync();
        await _log.DisposeAsync();
        await _database.DisposeAsync();
    }

    private void Compose()
    {
        AddGauges();
        AddPublisher(Published.Products);
        AddPublisher(Published.Partners);
        _loops.AddRange(_fleets.Loops);
        if (_settings.Fleets.HasFlag(Fleets.Notifications))
        {
            AddNotifications(ShopSecrets.Open(_settings.SecretsDirectory!));
        }
    }

    /// <summary>What this process can do now, and, in the one that holds the survey, how the whole shop is.</summary>
    private void AddGauges()
    {
        var surveyor = new Surveyor(
            _database, _log, new KafkaRanges(_settings.Kafka, _time, _logs.CreateLogger<KafkaRanges>()), _bus, [.. _settings.Shop.Channels?.Keys ?? []], _settings.SurveyEvery, _time,
            _logs.CreateLogger<Surveyor>());
        _loops.Add(surveyor.RunAsync);
        SurveyMetrics.Observe(_meter, surveyor, _time);
        FleetMetrics.Observe(_meter, _fence, _fleets.Guarded);
    }

    private void AddPublisher<T>(Published<T> kind) => _loops.Add(new DocumentPublisher<T>(
        kind, _database, _log, _fence, _time, _random, _logs.CreateLogger<DocumentPublisher<T>>()).RunAsync);

    /// <summary>What partners' webhooks and buyers are to get, and the sending of it.</summary>
    private void AddNotifications(ShopSecrets secrets)
    {
        const string Group = FleetGroups.Notifications;
        var input = new InputQueue(FleetLoops.Buffer, FleetLoops.BufferBytes);
        var webhooks = new WebhookStore(_database, _settings.Webhooks);
        var mails = _settings.Mail.IsOn ? new MailStore(_database, _settings.Mail) : null;
        var work = new NotificationWork(
            _database, webhooks, mails, _fence, _time, _logs.CreateLogger<NotificationWork>());
        var loop = new BatchLoop(
            work, _dispatcher, _bus, _settings.Batch with { MaxAge = NotificationAge }, _time, _random,
            _logs.CreateLogger<BatchLoop>());
        var caller = new WebhookCaller(_settings.Webhooks, _time);
        _loops.Add(stop => loop.RunAsync(input.Reader, stop));
        _loops.Add(_fleets.Watched(_log.Join(
            Group, FleetGroups.All.Single(g => g.Name == Group).Topics,
            (partitions, stop) => _store.ProgressAsync(Group, partitions, stop), input.Writer)).RunAsync);
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
}
