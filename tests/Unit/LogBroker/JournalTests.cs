using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class JournalTests
{
    private static readonly PartitionId Partition = new(Guid.Parse("5e7a4ac6-4a5b-4d0c-8f0e-2b6f3a9c1d11"), 3);

    [Fact]
    public void Entries_are_read_in_order_and_by_partition()
    {
        var other = Partition with { Partition = 4 };
        var replay = Replay([.. Entry(5, Partition, 0), .. Entry(5, other, 9), .. Entry(5, Partition, 1)]);

        Assert.Equal([0L, 1], replay.For(Partition).Select(b => b.Header.BaseOffset));
        Assert.Equal([9L], replay.For(other).Select(b => b.Header.BaseOffset));
        Assert.Empty(replay.For(Partition with { Topic = Guid.Empty }));
    }

    [Fact]
    public void What_an_earlier_use_of_the_file_left_is_not_read()
    {
        var replay = Replay([.. Entry(6, Partition, 10), .. Entry(5, Partition, 1), .. Entry(6, Partition, 11)]);

        Assert.Equal([10L], replay.For(Partition).Select(b => b.Header.BaseOffset));
    }

    [Fact]
    public void Behind_the_mark_of_an_emptied_file_nothing_is_read()
    {
        var mark = new byte[JournalEntry.HeaderSize];
        JournalEntry.Seal(mark, 5, default);
        byte[] file = [.. mark, .. Entry(5, Partition, 1)];

        Assert.Equal(0, Replay(file).Count);
        Assert.Equal(5, JournalReplay.EpochOf(file));
    }

    [Fact]
    public void A_torn_entry_and_what_follows_is_not_read()
    {
        var torn = Entry(5, Partition, 1);
        for (var at = 0; at < torn.Length; at++)
        {
            var damaged = torn.ToArray();
            damaged[at] ^= 0x10;
            var replay = Replay([.. Entry(5, Partition, 0), .. damaged, .. Entry(5, Partition, 2)]);
            Assert.Equal([0L], replay.For(Partition).Select(b => b.Header.BaseOffset));
        }

        Assert.Equal(1, Replay([.. Entry(5, Partition, 0), .. torn.AsSpan(0, torn.Length - 1)]).Count);
        Assert.Equal(0, Replay(new byte[100]).Count);
    }

    [Fact]
    public async Task A_clean_stop_leaves_nothing_to_replay()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled();
        await store.Append("kept");
        var before = store.Keys();

        store.StopAndStart();

        Assert.Equal(0, store.Replayed);
        Assert.Equal(before, store.Keys());
    }

    [Fact]
    public async Task The_torn_end_of_a_commit_that_nobody_heard_of_is_ignored()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled();
        await store.Append("last");
        var before = store.Keys();

        store.CutPower(Unsynced.Missing, () =>
        {
            // The start of a further entry, as a power loss in the middle of its write leaves it.
            var file = File.ReadAllBytes(store.JournalFiles[0]);
            var (end, last) = (0, 0);
            while (JournalEntry.TryRead(file.AsSpan(end), out _, out _, out var length))
            {
                (last, end) = (end, end + JournalEntry.HeaderSize + length);
            }

            file.AsSpan(last, end - last - 10).CopyTo(file.AsSpan(end));
            File.WriteAllBytes(store.JournalFiles[0], file);
        });

        Assert.Equal(before, store.Keys());
        Assert.False(store.Log().Offline);
    }

    [Fact]
    public async Task When_its_sync_fails_nothing_waiting_is_acknowledged_and_others_go_on_without_it()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled(partitions: 2);
        await store.Append("kept");
        var before = store.Keys();

        store.Disk.JournalFails = true;
        Assert.Equal(ErrorCode.KafkaStorageError, await store.Append("lost"));

        Assert.Equal((true, false), (store.Log().Offline, store.Log(1).Offline));
        Assert.Equal(before, store.Keys());
        Assert.Equal(ErrorCode.KafkaStorageError, store.Put(Batch.Of(1, ("later", "x"))).Error);
        Assert.Equal(ErrorCode.None, await store.Append("by its segment", 1));
        store.Disk.JournalFails = false;
        store.CutPower(Unsynced.Missing);
        Assert.Equal(before, store.Keys().Take(before.Count));
        Assert.Equal("by its segment", store.Keys(1)[^1]);
        Assert.Equal(ErrorCode.None, await store.Append("again"));
    }

    [Fact]
    public async Task A_file_whose_segments_cannot_be_synced_is_kept_for_the_next_start()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled(partitions: 2);
        await FailWithEntriesInTheJournal(store, partition: 0, filler: 1);
        var before = store.Keys();
        var last = store.Epochs.Max() + 3;
        await store.Fill(1, () => store.Epochs.Max() >= last, "the other file does not go round");

        store.Disk.SegmentFails = _ => false;
        store.CutPower(Unsynced.Missing);

        Assert.Equal(before, store.Keys());
    }

    [Fact]
    public async Task While_every_file_is_kept_segments_are_synced_and_nothing_is_lost()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled(partitions: 3);
        await FailWithEntriesInTheJournal(store, partition: 0, filler: 2);
        await FailWithEntriesInTheJournal(store, partition: 1, filler: 2);
        await Append(100); // more than a file takes
        var (journalSyncs, epochs) = (store.Disk.JournalSyncs, store.Epochs);
        await Append(200);

        Assert.Equal(journalSyncs, store.Disk.JournalSyncs);
        Assert.Equal(epochs, store.Epochs);
        var before = Enumerable.Range(0, 3).Select(store.Keys).ToList();
        store.Disk.SegmentFails = _ => false;
        store.CutPower(Unsynced.Missing);

        Assert.Equal(before, Enumerable.Range(0, 3).Select(store.Keys));
        await store.AppendJournaled("after");

        async Task Append(int records)
        {
            for (var i = 0; i < records; i++)
            {
                Assert.Equal(ErrorCode.None, await store.Append(Batch.Of(1, ($"{i}", new string('x', 1000))), 2));
            }
        }
    }

    [Fact]
    public async Task A_log_that_is_deleted_while_it_is_synced_keeps_no_file()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled();
        var log = store.Log();
        store.Disk.SegmentFails = _ =>
        {
            log.Dispose();
            return true;
        };

        Assert.True(log.Settle());
    }

    [Fact]
    public async Task Entries_that_fit_nowhere_take_the_partition_offline_until_somebody_has_looked()
    {
        using var store = new StoreFixture();
        await store.CreateJournaled(partitions: 2);
        await store.Append("synced");
        store.Log().Settle();
        await store.Fill(
            1, () => store.Epochs is [{ } first, { } second] && second > first, "the other file is not begun");
        await store.AppendJournaled("lost with the ones before it");
        store.CutPower(Unsynced.Missing, () =>
        {
            var segment = Directory.GetFiles(Path.Combine(store.Path, "t-0"), "*.log").Single();
            File.WriteAllBytes(segment, []);
            File.Delete(store.JournalFiles[0]);
            foreach (var checkpoint in Directory.GetFiles(Path.Combine(store.Path, "t-0"), "*.checkpoint"))
            {
                File.Delete(checkpoint);
            }
        });

        var unplaced = Path.Combine(store.Path, "t-0", "journal.unplaced");
        Assert.Equal((true, false), (store.Log().Offline, store.Log(1).Offline));
        Assert.True(new FileInfo(unplaced).Length > 0);
        store.StopAndStart();
        Assert.True(store.Log().Offline);
        File.Delete(unplaced);
        store.StopAndStart();
        Assert.Equal(ErrorCode.None, await store.Append("accepted"));
    }

    /// <summary>
    /// Lets the syncs of a partition fail while the only durable copy of something is in the journal, and waits until that
    /// was found out, which is when the file is left.
    /// </summary>
    private static async Task FailWithEntriesInTheJournal(StoreFixture store, int partition, int filler)
    {
        await store.AppendJournaled("only in the journal", partition);
        var (others, own) = (store.Disk.SegmentFails, store.Log(partition).Directory);
        store.Disk.SegmentFails = path => others(path) || Path.GetDirectoryName(path) == own;
        await store.Fill(filler, () => store.Log(partition).Offline, "the file was not left");
    }

    private static JournalReplay Replay(byte[] file)
    {
        var replay = new JournalReplay();
        replay.Add(file);
        return replay;
    }

    private static byte[] Entry(long epoch, PartitionId partition, long offset)
    {
        var batch = Batch.Of(1000, ("key", "value"));
        RecordBatch.Place(batch, offset, 0);
        var entry = new byte[JournalEntry.HeaderSize + batch.Length];
        batch.CopyTo(entry, JournalEntry.HeaderSize);
        JournalEntry.Seal(entry, epoch, partition);
        return entry;
    }
}
