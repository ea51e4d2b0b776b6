using CardShop.LogBroker.Groups;
using CardShop.LogBroker.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class OffsetStoreTests
{
    [Fact]
    public async Task Committed_offsets_are_there_after_a_kill()
    {
        using var log = new LogFixture(("cleanup.policy", "compact"));
        var store = Open(log);
        await Commit(store, "g", 0, 10);
        await Commit(store, "g", 1, 20);
        await Commit(store, "g", 0, 11);
        await Commit(store, "h", 0, 5);

        log.ReopenAfterKill();
        var again = Open(log);

        Assert.Equal(11, again.Find("g", "t", 0)?.Offset);
        Assert.Equal(20, again.Find("g", "t", 1)?.Offset);
        Assert.Equal("note", again.Find("h", "t", 0)?.Metadata);
        Assert.Null(again.Find("g", "other", 0));
        Assert.Equal(["g", "h"], again.Groups.Order());
    }

    [Fact]
    public async Task A_forgotten_topic_is_forgotten_for_good()
    {
        using var log = new LogFixture(("cleanup.policy", "compact"));
        var store = Open(log);
        await Commit(store, "g", 0, 10);

        await store.ForgetTopic("t");
        log.ReopenAfterKill();

        Assert.False(Open(log).Contains("g"));
        Assert.Null(Open(log).Find("g", "t", 0));
    }

    [Fact]
    public async Task A_commit_to_a_closed_log_is_not_acknowledged_and_does_not_show()
    {
        using var log = new LogFixture(("cleanup.policy", "compact"));
        var store = Open(log);
        log.Log.Dispose();

        Assert.Equal(ErrorCode.KafkaStorageError, await Commit(store, "g", 0, 10));
        Assert.Null(store.Find("g", "t", 0));
    }

    private static OffsetStore Open(LogFixture log) => new(log.Log, log.Clock, NullLogger.Instance);

    private static Task<ErrorCode> Commit(OffsetStore store, string group, int partition, long offset) =>
        store.Commit(group, [("t", partition, new CommittedOffset(offset, 0, "note", 1))]);
}
