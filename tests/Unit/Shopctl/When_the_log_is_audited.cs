using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shopctl.Audit;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_the_log_is_audited
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Key = new("00000000-0000-0000-0000-000000000001");
    private static readonly PartitionKey Orders = new(Topics.Orders.Name, 0);

    private readonly AuditMemory _memory = new();
    private readonly AuditReport _report = new();
    private readonly FixedLog _log = new();

    [Fact]
    public async Task An_order_below_progress_without_a_saga_is_a_violation_and_one_above_is_queued()
    {
        _memory.Remember(new("known", PaymentStatus.Reserved, null, false, [], [], [], Now), null);
        Place("known", "lost", "queued");
        Progress("orders", Orders, 2);

        await RunAsync();

        Assert.Equal(2, _report.Orders.Rows);
        Assert.StartsWith("lost:", Assert.Single(_report.Orders.Examples), StringComparison.Ordinal);
        Assert.StartsWith("1 queued", Assert.Single(_report.Orders.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MessageTypes.OrderPlaced, "{")]
    [InlineData(MessageTypes.OrderCancelRequested, "{")]
    [InlineData(MessageTypes.ChannelSwitchRequested, "{")]
    [InlineData(MessageTypes.OrderPlaced, null)]
    [InlineData(MessageTypes.OrderCancelRequested, null)]
    public async Task Every_input_is_read_and_what_makes_an_order_has_its_saga(string type, string? unreadable)
    {
        _memory.Remember(new("known", PaymentStatus.Reserved, null, false, [], [], [], Now), null);
        Say(type, "known");
        _log.Add(Orders, type, Encoding.UTF8.GetBytes(unreadable ?? """{"orderId":"lost","sku":"S"}"""));
        Progress("orders", Orders, 2);

        await RunAsync();

        Assert.Contains("offset 1", Assert.Single(_report.Orders.Examples), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_switch_of_channels_is_an_input_like_others_but_makes_no_order()
    {
        _memory.Remember(new("known", PaymentStatus.Reserved, null, false, [], [], [], Now), null);
        Say(MessageTypes.ChannelSwitchRequested, "known", "never-accepted");
        Progress("orders", Orders, 2);

        await RunAsync();

        Assert.Equal((2, 0), (_report.Orders.Rows, _report.Orders.Violations));
    }

    [Fact]
    public async Task A_log_that_ends_below_progress_has_lost_records()
    {
        Place("known");
        _memory.Remember(new("known", PaymentStatus.Reserved, null, false, [], [], [], Now), null);
        Progress("orders", Orders, 5);

        await RunAsync();

        Assert.Contains("ends at 1, processed up to 5", Assert.Single(_report.Orders.Examples), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreadable_record_must_be_a_dead_letter()
    {
        _log.Add(Orders, MessageTypes.OrderPlaced, "{"u8.ToArray());
        _log.Add(Orders, "Nonsense", "{}"u8.ToArray());
        Progress("orders", Orders, 2);
        _log.Add(
            new(Topics.DeadLetters.Name, 0), MessageTypes.DeadLetter,
            Json(new DeadLetter(Orders.Topic, 0, 0, null, null, "x", null, Now, []), ContractsJson.Default.DeadLetter));

        await RunAsync();

        Assert.Contains("offset 1", Assert.Single(_report.Orders.Examples), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delivery_event_that_is_sent_twice_is_one_and_a_different_one_is_not()
    {
        Delivered("a");
        Delivered("b");
        Event("a", Key);
        Event("a", Key);
        Event("b", new Guid("00000000-0000-0000-0000-000000000002"));

        await RunAsync();

        Assert.True(_memory.Orders[Digest.Of("a")].Is(OrderTraits.EventSeen));
        Assert.False(_memory.Orders[Digest.Of("a")].Is(OrderTraits.EventsDiffer));
        Assert.StartsWith(
            "b: its OrderDelivered names other keys", Assert.Single(_report.Events.Examples), StringComparison.Ordinal);
        Event("b", Key);
        await RunAsync();
        Assert.True(_memory.Orders[Digest.Of("b")].Is(OrderTraits.EventsDiffer));
    }

    [Fact]
    public async Task A_replaced_key_counts_by_its_replacement_once_and_without_its_event_is_a_violation()
    {
        var old = new Guid("00000000-0000-0000-0000-000000000002");
        _memory.CommitNo = 10;
        Delivered("a");
        Delivered("b");
        Event("a", old);
        Replaced("a", old, Key);
        Replaced("a", old, Key);
        Event("b", old);
        Replaced("b", old, Key, commit: 11);
        await RunAsync();
        Assert.StartsWith(
            "b: its OrderDelivered names other keys", Assert.Single(_report.Events.Examples), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_newer_than_the_snapshot_is_no_violation_and_an_older_one_without_a_delivery_is()
    {
        _memory.CommitNo = 10;
        Event("newer", Key, commit: 11);
        await RunAsync();
        Assert.Equal(0, _report.Events.Violations);

        Event("older", Key, commit: 10);
        await RunAsync();

        Assert.StartsWith("older:", Assert.Single(_report.Events.Examples), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Money_given_back_before_the_delivery_is_found()
    {
        Delivered("a");
        Refund("a", Now.AddSeconds(1));
        await RunAsync();
        Assert.Equal(0, _report.Payments.Violations);

        Refund("a", Now.AddSeconds(-1));
        await RunAsync();

        Assert.StartsWith("a: delivered, though", _report.Payments.Examples[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_kept_for_another_region_needs_no_saga_here()
    {
        const string Other = "bbcdefghijklmnopqrstuvwxyz";
        Place(Other);
        Progress("orders", Orders, 1);

        await RunAsync("a");
        Assert.Equal(0, _report.Orders.Violations);
        Assert.StartsWith("1 for other regions", Assert.Single(_report.Orders.Notes), StringComparison.Ordinal);

        await RunAsync("b");
        Assert.Equal(1, _report.Orders.Violations);
    }

    private Task RunAsync(string? region = null) => new LogChecks(_memory, _report, region).RunAsync(
        new(_log, TimeProvider.System), TestContext.Current.CancellationToken);

    private void Place(params string[] ids) => Say(MessageTypes.OrderPlaced, ids);

    private void Say(string type, params string[] ids)
    {
        foreach (var id in ids)
        {
            _log.Add(Orders, type, Encoding.UTF8.GetBytes($$"""{"orderId":"{{id}}","sku":"S"}"""));
        }
    }

    private void Delivered(string id) => _memory.Remember(
        null, new(id, DeliveryStatus.Delivered, "S", 1, "a", false, Now, [Key], Now, null, null));

    private void Event(string id, Guid key, long commit = 1) => _log.Add(
        new(Topics.Deliveries.Name, 0), MessageTypes.OrderDelivered,
        Json(new OrderDelivered(id, "S", 1, 100, "CNY", Now, [key], 3), ContractsJson.Default.OrderDelivered), commit);

    private void Replaced(string id, Guid old, Guid key, long commit = 1) => _log.Add(
        new(Topics.Deliveries.Name, 0), MessageTypes.KeyReplaced,
        Json(new KeyReplaced(id, "S", old, key, Now, 5), ContractsJson.Default.KeyReplaced), commit);

    private void Refund(string id, DateTimeOffset at) => _log.Add(
        new(Topics.Deliveries.Name, 0), MessageTypes.OrderRefunded,
        Json(new OrderRefunded(id, "S", 1, 100, "CNY", at, 4), ContractsJson.Default.OrderRefunded));

    private void Progress(string group, PartitionKey partition, long next) =>
        _memory.Progress = new Dictionary<(string Group, PartitionKey Partition), long> { [(group, partition)] = next };

    private static byte[] Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json) =>
        JsonSerializer.SerializeToUtf8Bytes(value, json);

    /// <summary>A log with what a test put into it; an audit only reads.</summary>
    private sealed class FixedLog : ILog
    {
        private readonly List<LogIncoming> _records = [];

        public void Add(PartitionKey partition, string type, byte[] value, long commit = 0) => _records.Add(new(
            partition, _records.Count(r => r.Partition == partition), "key", value, type, commit, Now, null));

        public Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(
            IReadOnlyList<Topic> topics, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyDictionary<PartitionKey, long>>(topics
                .SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new PartitionKey(t.Name, p)))
                .ToDictionary(p => p, p => (long)_records.Count(r => r.Partition == p)));

        public async Task FollowAsync(
            IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp, CancellationToken cancellation)
        {
            foreach (var record in _records.Where(r => topics.Any(t => t.Name == r.Partition.Topic)))
            {
                onRecord(record);
            }

            caughtUp();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        public Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
            IReadOnlyList<LogRecord> records, CancellationToken cancellation) => throw new NotSupportedException();

        public ILogReader Join(
            string group, IReadOnlyList<Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output) =>
            throw new NotSupportedException();

        public Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
            string group, IReadOnlyList<Topic> topics, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<LogIncoming>> TailAsync(Topic topic, int count, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task CreateTopicsAsync(IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
