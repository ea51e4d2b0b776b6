using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Contracts;

/// <summary>When a database that may be older than the log is worked on, and when not; held against PostgreSQL.</summary>
public sealed class FenceContract(TestServers servers) : IAsyncLifetime
{
    private static readonly PartitionKey Partition = new(Topics.Orders.Name, 0);

    private readonly WitnessLog _log = new();
    private NpgsqlDataSource _database = null!;
    private RollbackFence _fence = null!;
    private DateTimeOffset _started;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = Database.Open(await servers.NewDatabaseAsync(), "contract");
        await Migrations.ApplyAsync(_database, typeof(ShopWork).Assembly, TestLogs.Factory.CreateLogger("migrate"), Stop);
        await ExecuteAsync("UPDATE shop.commit_no SET n = 10");
        await ExecuteAsync($"INSERT INTO shop.progress VALUES ('orders', '{Partition.Topic}', 0, 5)");
        _started = (await new PostgresShopStore(_database).ReadPaymentsAsync([], Stop)).Opening.ServerStartedAt;
        _fence = new(
            _log, new PostgresFence(_database), [new("orders", [Topics.Orders])], TestLogs.Factory.CreateLogger<RollbackFence>());
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Nothing_is_worked_on_before_the_first_check()
    {
        Refuses(10, 5, 0);
        await _fence.CheckAsync(Stop);
        Assert.Null(_fence.Reason);
        _fence.Require("orders", Opening(10, 5), 10);
    }

    [Theory]
    [InlineData(10L, 5L, true)]
    [InlineData(11L, 5L, false)]
    [InlineData(10L, 6L, false)]
    [InlineData(0L, 0L, true)]
    public async Task The_logs_witnesses_must_not_be_ahead(long commit, long committed, bool open)
    {
        (_log.Commit, _log.Committed) = (commit, committed);
        await _fence.CheckAsync(Stop);
        Assert.Equal(open, _fence.Reason is null);
        Assert.Equal(!open, _fence.IsFenced);
    }

    [Fact]
    public async Task A_command_from_the_future_closes_it_and_the_next_check_does_not_forget()
    {
        await _fence.CheckAsync(Stop);
        Refuses(10, 5, seen: 11);
        await _fence.CheckAsync(Stop);
        Assert.True(_fence.IsFenced);
        Refuses(10, 5, seen: 0);
        await ExecuteAsync("UPDATE shop.commit_no SET n = 11");
        await _fence.CheckAsync(Stop);
        Assert.Null(_fence.Reason);
    }

    [Fact]
    public async Task A_database_that_forgot_what_this_process_committed_closes_it()
    {
        await _fence.CheckAsync(Stop);
        _fence.Committed("orders", [new(Partition, 5, 8)], 11);
        Refuses(10, 7, 0);
        Assert.True(_fence.IsFenced);
        await _fence.CheckAsync(Stop);
        Assert.True(_fence.IsFenced);
    }

    [Fact]
    public async Task What_this_process_committed_counts_no_more_when_the_database_was_brought_past_it()
    {
        await _fence.CheckAsync(Stop);
        _fence.Committed("orders", [new(Partition, 5, 8)], 11);
        Refuses(10, 7, 0);
        await ExecuteAsync("UPDATE shop.commit_no SET n = 1000011");
        await _fence.CheckAsync(Stop);
        Assert.Null(_fence.Reason);
        _fence.Require("orders", Opening(1_000_011, 5), 0);
    }

    [Fact]
    public async Task A_server_that_was_started_again_is_checked_first()
    {
        await _fence.CheckAsync(Stop);
        _started += TimeSpan.FromSeconds(1);
        Refuses(10, 5, 0);
        Assert.False(_fence.IsFenced);
    }

    private Opening Opening(long commit, long next) =>
        new(_started, commit, 1, new Dictionary<PartitionKey, long> { [Partition] = next });

    private void Refuses(long commit, long next, long seen) =>
        Assert.Throws<FencedException>(() => _fence.Require("orders", Opening(commit, next), seen));

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }

    private sealed class WitnessLog : ILog
    {
        public long Commit { get; set; }

        public long Committed { get; set; }

        public Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
            string group, IReadOnlyList<Topic> topics, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyDictionary<PartitionKey, long>>(
                new Dictionary<PartitionKey, long> { [Partition] = Committed });

        public Task<IReadOnlyList<LogIncoming>> TailAsync(Topic topic, int count, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<LogIncoming>>(
                [new(new(topic.Name, 0), 0, "k", [], "t", Commit, DateTimeOffset.UnixEpoch, null)]);

        public Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
            IReadOnlyList<LogRecord> records, CancellationToken cancellation) => throw new NotSupportedException();

        public ILogReader Join(
            string group, IReadOnlyList<Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output) =>
            throw new NotSupportedException();

        public Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(
            IReadOnlyList<Topic> topics, CancellationToken cancellation) => throw new NotSupportedException();

        public Task FollowAsync(
            IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task CreateTopicsAsync(IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
