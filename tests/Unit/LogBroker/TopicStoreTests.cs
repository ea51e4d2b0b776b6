using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class TopicStoreTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("topics-");
    private readonly Journal _journal;
    private readonly Committer _committer;
    private TopicStore _store;

    public TopicStoreTests()
    {
        _journal = new Journal(_root.FullName, 0, new TestClock(), NullLogger.Instance);
        _committer = new Committer(_journal, 1);
        _store = Open();
    }

    [Fact]
    public void Topics_with_their_ids_and_settings_survive_a_kill()
    {
        var config = TopicConfig.Create(("retention.ms", "5"));
        var (_, topic) = _store.Create("a", 3, config);

        Reopen();

        var again = _store.Find("a");
        Assert.Equal((topic!.Id, 3, "5"), (again!.Id, again.Partitions.Count, again.Config.Explicit["retention.ms"]));
        Assert.Equal(ErrorCode.TopicAlreadyExists, _store.Create("a", 1, config).Error);
    }

    [Fact]
    public void A_deletion_that_a_crash_interrupted_is_finished_at_start()
    {
        _store.Create("kept", 1, TopicConfig.Create());
        _store.Create("gone", 2, TopicConfig.Create());
        _store.Dispose();
        var path = Path.Combine(_root.FullName, "topics.json");
        var catalog = TopicCatalog.Read(path);
        new TopicCatalog([.. catalog.Topics.Select(t => t with { Deleting = t.Name == "gone" })]).Write(path);

        _store = Open();

        Assert.Null(_store.Find("gone"));
        Assert.NotNull(_store.Find("kept"));
        Assert.Empty(_root.GetDirectories("gone-*"));
        Assert.DoesNotContain(TopicCatalog.Read(path).Topics, t => t.Name == "gone");
    }

    [Fact]
    public void A_new_topic_never_takes_over_what_lies_in_its_place()
    {
        _root.CreateSubdirectory("new-0");
        File.WriteAllText(Path.Combine(_root.FullName, "new-0", "00000000000000000000.log"), "left by a crash");

        var (error, topic) = _store.Create("new", 1, TopicConfig.Create());

        Assert.Equal((ErrorCode.None, 0L), (error, topic!.Partitions[0].HighWatermark));
        Assert.Single(_root.GetDirectories("new-0.*-stray"));
    }

    [Fact]
    public void A_deleted_topic_can_be_made_again_and_is_empty()
    {
        _store.Create("again", 2, TopicConfig.Create());
        Assert.Equal(ErrorCode.None, _store.Delete("again"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _store.Delete("again"));

        Assert.Equal(ErrorCode.None, _store.Create("again", 1, TopicConfig.Create()).Error);
        Reopen();

        Assert.Single(_store.Find("again")!.Partitions);
    }

    [Fact]
    public void A_damaged_catalog_is_said_to_be_damaged()
    {
        _store.Dispose();
        File.WriteAllText(Path.Combine(_root.FullName, "topics.json"), "{ nonsense");

        Assert.Throws<InvalidDataException>(Open);
    }

    [Fact]
    public void Producer_ids_never_repeat()
    {
        var given = new HashSet<long>();
        for (var start = 0; start < 3; start++)
        {
            var ids = new ProducerIds(_root.FullName);
            for (var i = 0; i < 1500; i++)
            {
                Assert.True(given.Add(ids.Next()), "an id was given twice");
            }
        }
    }

    public void Dispose()
    {
        _store.Dispose();
        _committer.Dispose();
        _journal.Dispose();
        _root.Delete(recursive: true);
    }

    private void Reopen()
    {
        _store.Dispose();
        _store = Open();
    }

    private TopicStore Open() => new(
        _root.FullName,
        new LogContext(new TestClock(), _committer, NullLogger.Instance, new Dictionary<string, string>()),
        _journal.Replay);
}
