using CardShop.LogBroker.Protocol;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class PartitionLogTests
{
    [Fact]
    public async Task Batches_are_read_back_as_they_came_with_their_offsets()
    {
        using var log = new LogFixture();
        var first = await log.Append(Batch.Of(1000, ("a", "1"), ("b", "2")));
        var second = await log.Append(Batch.Gzipped(Batch.Of(2000, ("c", "3"))));

        Assert.Equal((0, 2), (first.BaseOffset, second.BaseOffset));
        Assert.Equal(
            [new(0, "a", "1", 1000), new(1, "b", "2", 1000), new StoredRecord(2, "c", "3", 2000)],
            log.ReadAll());
    }

    [Fact]
    public async Task A_log_survives_a_clean_stop_and_a_kill()
    {
        using var log = new LogFixture(("segment.bytes", "4096"));
        await Fill(log, 200);
        var before = log.ReadAll();

        log.Reopen();
        Assert.Equal(before, log.ReadAll());
        await log.AppendRecord("after", "stop");
        log.ReopenAfterKill();

        Assert.Equal(201, log.ReadAll().Count);
        Assert.True(log.Segments.Count > 2, "several segments were written");
        Assert.Equal(201, (await log.AppendRecord("next", "x")).BaseOffset);
    }

    [Fact]
    public async Task Indexes_and_checkpoints_are_rebuilt_when_they_are_gone_or_wrong()
    {
        using var log = new LogFixture(("segment.bytes", "65536"));
        await Fill(log, 3000);
        log.Log.ApplyRetention();
        log.Reopen();
        var before = log.ReadAll();

        log.ReopenAfterKill(() =>
        {
            foreach (var file in Directory.GetFiles(log.Directory).Where(f =>
                !f.EndsWith(".log", StringComparison.Ordinal)))
            {
                File.WriteAllText(file, "nonsense");
            }
        });

        Assert.Equal(before, log.ReadAll());
        Assert.Equal(1500, log.Log.Read(1500, 1, atLeastOneBatch: true).Region is { } r ? FirstOffset(r) : -1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(70)]
    public async Task A_torn_tail_is_cut_and_everything_before_it_kept(int torn)
    {
        using var log = new LogFixture();
        await Fill(log, 10);
        log.ReopenAfterKill(() =>
        {
            using var file = File.OpenHandle(log.Segments[^1], FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.SetLength(file, RandomAccess.GetLength(file) - torn);
        });

        Assert.Equal(9, log.ReadAll().Count);
        Assert.Equal(9, (await log.AppendRecord("new", "tail")).BaseOffset);
        Assert.Equal("new", log.ReadAll()[^1].Key);
    }

    [Fact]
    public async Task A_tail_whose_checksum_is_wrong_is_cut()
    {
        using var log = new LogFixture();
        await Fill(log, 10);
        log.ReopenAfterKill(() =>
        {
            using var file = File.OpenHandle(log.Segments[^1], FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.Write(file, [0xff], RandomAccess.GetLength(file) - 1);
        });

        Assert.Equal(9, log.ReadAll().Count);
    }

    [Fact]
    public async Task Zeros_behind_the_last_batch_are_cut()
    {
        using var log = new LogFixture();
        await Fill(log, 10);
        log.ReopenAfterKill(() => File.AppendAllText(log.Segments[^1], new string('\0', 5000)));

        Assert.Equal(10, log.ReadAll().Count);
        Assert.Equal(10, (await log.AppendRecord("k", "v")).BaseOffset);
    }

    [Fact]
    public async Task A_fetch_takes_whole_batches_within_its_limit_and_one_at_least()
    {
        using var log = new LogFixture();
        await Fill(log, 100);
        var size = Batch.Of(0, ("key00", "value00")).Length;

        using var three = log.Log.Read(10, (3 * size) + 5, atLeastOneBatch: true).Region;
        using var one = log.Log.Read(10, 1, atLeastOneBatch: true).Region;
        var none = log.Log.Read(10, 1, atLeastOneBatch: false);

        Assert.Equal((3 * size, size, 0), (three!.Length, one!.Length, none.Length));
        Assert.Equal(ErrorCode.None, none.Error);
    }

    [Fact]
    public async Task An_offset_outside_the_log_is_refused_and_its_end_is_empty()
    {
        using var log = new LogFixture();
        await Fill(log, 3);

        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Log.Read(4, 100, true).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Log.Read(-1, 100, true).Error);
        Assert.Equal((ErrorCode.None, 0), (log.Log.Read(3, 100, true).Error, log.Log.Read(3, 100, true).Length));
    }

    [Fact]
    public async Task Records_are_found_by_time()
    {
        using var log = new LogFixture(("segment.bytes", "4096"));
        for (var i = 0; i < 300; i++)
        {
            await log.Append(Batch.Of(1000 + (i * 10), ("k", "v"), ("l", "w")));
        }

        Assert.Equal(0, log.Log.FindByTimestamp(0)!.Value.Offset);
        Assert.Equal(300, log.Log.FindByTimestamp(1000 + 1495)!.Value.Offset);
        Assert.Equal(2500, log.Log.FindByTimestamp(2500)!.Value.Timestamp);
        Assert.Null(log.Log.FindByTimestamp(999_999));
        Assert.Equal((598, 3990),
            (log.Log.FindMaxTimestamp()!.Value.Offset, log.Log.FindMaxTimestamp()!.Value.Timestamp));
    }

    [Fact]
    public async Task The_brokers_clock_stamps_topics_that_ask_for_it()
    {
        using var log = new LogFixture(("message.timestamp.type", "LogAppendTime"));
        var result = await log.Append(Batch.Of(5, ("k", "v")));

        Assert.Equal(log.Clock.Milliseconds, result.AppendTime);
        log.ReopenAfterKill(); // the checksum was renewed, or the batch would be cut
        Assert.Equal(log.Clock.Milliseconds, log.Log.FindByTimestamp(6)!.Value.Timestamp);
    }

    [Fact]
    public async Task After_a_failed_sync_nothing_is_acknowledged_until_a_restart()
    {
        using var log = new LogFixture();
        await log.AppendRecord("kept", "1");
        log.DiskFails = true;
        var failed = await log.AppendRecord("lost", "2");
        log.DiskFails = false;

        Assert.Equal(ErrorCode.KafkaStorageError, await failed.Flushed);
        Assert.True(log.Log.Offline);
        Assert.Equal(ErrorCode.KafkaStorageError, (await log.AppendRecord("later", "3")).Error);
        Assert.Equal(["kept"], log.ReadAll().Select(r => r.Key));
        log.ReopenAfterKill();
        Assert.Equal(ErrorCode.None, await (await log.AppendRecord("again", "4")).Flushed);
    }

    private static async Task Fill(LogFixture log, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await log.AppendRecord($"key{i % 100:D2}", $"value{i % 100:D2}");
        }
    }

    private static long FirstOffset(CardShop.LogBroker.Storage.FileRegion region)
    {
        var bytes = new byte[region.Length];
        region.Read(0, bytes);
        region.Dispose();
        return RecordBatch.TryRead(bytes, out var batch) ? batch.BaseOffset : -1;
    }
}
