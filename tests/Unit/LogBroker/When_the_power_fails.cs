using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class When_the_power_fails
{
    [Theory]
    [InlineData(Unsynced.Missing)]
    [InlineData(Unsynced.Zero)]
    [InlineData(Unsynced.Kept)]
    public async Task Every_acknowledged_record_is_there_once_and_in_order(Unsynced unsynced)
    {
        using var store = new StoreFixture();
        await store.CreateJournaled(partitions: 4);
        var segmentSyncs = store.Disk.SegmentSyncs;
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(ErrorCode.None, await store.Append($"{i}", i % 4));
        }

        Assert.InRange(store.Disk.SegmentSyncs - segmentSyncs, 0, 8); // the journal served nearly all of them
        var before = Enumerable.Range(0, 4).Select(store.Keys).ToList();

        store.CutPower(unsynced);

        Assert.True(store.Replayed >= 96, "the journal was read");
        Assert.Equal(before, Enumerable.Range(0, 4).Select(store.Keys));
        store.CutPower(unsynced);
        Assert.Equal(before, Enumerable.Range(0, 4).Select(store.Keys));
        Assert.Equal(ErrorCode.None, await store.Append("after"));
        Assert.Equal([.. before[0], "after"], store.Keys());
    }

    [Fact]
    public async Task Without_the_journal_the_records_would_be_gone() // or the other tests would show nothing
    {
        using var store = new StoreFixture();
        await store.CreateJournaled();
        var durable = store.Keys().Count;
        await store.Append("journaled");

        store.CutPower(Unsynced.Missing, () => store.JournalFiles.ToList().ForEach(File.Delete));

        Assert.InRange(store.Keys().Count, 0, durable);
    }

    [Fact]
    public async Task Idempotent_producers_are_known_by_what_was_restored()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled();
        for (var i = 0; i < 20; i++)
        {
            await store.Append(Batch.Sequenced(7, 0, i));
        }

        var end = store.Log().HighWatermark;
        store.CutPower(Unsynced.Missing);

        Assert.Equal(end - 3, store.Put(Batch.Sequenced(7, 0, 17)).BaseOffset);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, store.Put(Batch.Sequenced(7, 0, 25)).Error);
        Assert.Equal(end, store.Put(Batch.Sequenced(7, 0, 20)).BaseOffset);
    }

    [Fact]
    public async Task The_journal_goes_round_under_load_and_nothing_is_lost()
    {
        const int Partitions = 4, Each = 600;
        using var store = new StoreFixture();
        await store.CreateJournaled(Partitions);
        var begun = store.Epochs.Max();
        var value = new string('x', 200);
        await Task.WhenAll(Enumerable.Range(0, Partitions).Select(p => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                Assert.Equal(ErrorCode.None, await store.Append(Batch.Of(1, ($"{p}-{i}", value)), p));
            }
        })));
        Assert.True(store.Epochs.Max() > begun + 2, "the files were used again and again");

        store.CutPower(Unsynced.Zero);

        for (var p = 0; p < Partitions; p++)
        {
            Assert.Equal(
                Enumerable.Range(0, Each).Select(i => $"{p}-{i}"), store.Keys(p).Where(k => k != "first"));
        }
    }

    [Fact]
    public async Task A_topic_that_was_made_again_gets_nothing_of_the_old_one()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled();
        for (var i = 0; i < 10; i++)
        {
            await store.Append($"old {i}");
        }

        store.Store.Delete("t");
        store.Store.Create("t", 1, TopicConfig.Create());
        await store.Append("new");
        store.CutPower(Unsynced.Missing);

        Assert.Equal(["new"], store.Keys());
    }

    [Fact]
    public async Task Deleted_records_stay_deleted()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled();
        await store.Append("gone");
        var start = store.Log().HighWatermark;
        await store.Append("kept");
        Assert.Equal(ErrorCode.None, store.Log().DeleteRecordsBefore(start));

        store.CutPower(Unsynced.Missing);

        Assert.Equal((start, start + 1), (store.Log().LogStart, store.Log().HighWatermark));
        Assert.Equal(["kept"], store.Keys());
    }

    [Fact]
    public async Task Compacted_records_do_not_come_back()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled(
            1, ("cleanup.policy", "compact"), ("segment.bytes", "4096"), ("min.cleanable.dirty.ratio", "0"));
        for (var i = 0; i < 300; i++)
        {
            await store.Append($"key{i % 10}");
        }

        var size = store.Log().SizeBytes;
        await StoreFixture.Until(
            () => store.Log().SizeBytes < size,
            async () =>
            {
                store.Log().Compact(TestContext.Current.CancellationToken);
                await Task.Yield();
            },
            "compaction did not change the log");

        var compacted = LogFixture.ReadAll(store.Log());
        store.CutPower(Unsynced.Kept);

        Assert.True(store.Replayed > 0, "the journal still had older entries");
        Assert.Equal(compacted, LogFixture.ReadAll(store.Log()));
    }

    [Fact]
    public async Task A_later_segment_that_survived_does_not_hide_a_lost_tail()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled(1, ("segment.bytes", "16384"));
        var acknowledged = store.Keys();
        var first = Directory.GetFiles(store.Path, "*.log", SearchOption.AllDirectories).Order().Last();
        await StoreFixture.Until(
            () => Directory.GetFiles(store.Path, "*.log", SearchOption.AllDirectories).Order().Last() != first,
            async () =>
            {
                // The batch that begins a new segment is not acknowledged: its segments cannot be synced.
                var fails = new FileInfo(first).Length > 12_000;
                store.Disk.SegmentFails = _ => fails;
                if (await store.Append(Batch.Of(1, ("k", new string('x', 1000)))) == ErrorCode.None)
                {
                    acknowledged.Add("k");
                }
            },
            "no new segment was begun");

        store.Disk.SegmentFails = _ => false;
        Assert.True(store.Log().Offline);
        var durable = store.Disk.Durable(first);
        store.CutPower(Unsynced.Kept, () =>
        {
            using var file = File.OpenHandle(first, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.SetLength(file, durable);
        });

        Assert.Equal(acknowledged, store.Keys());
        Assert.Equal(acknowledged.Count, store.Log().HighWatermark);
    }
}
